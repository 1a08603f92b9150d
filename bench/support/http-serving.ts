/** `serveHttp` in a process of its own. Parameters: the component, the cache folder. Sends its port. */
import { reply } from "./child.ts";
import { library } from "./cordon.ts";

const [component = "", directory = ""] = process.argv.slice(2);
const { Sandbox, serveHttp } = await library();
const sandbox = await Sandbox.open(component, { cache: { directory } });
const server = await serveHttp(sandbox);
process.on("disconnect", () => process.exit());
reply(server.port);
