/** `serveHttp` in a process of its own. Parameters: the component, the cache folder, and where its guests run. Sends its port. */
import type { SandboxOptions } from "../../src/sandbox/index.ts";
import { reply } from "./child.ts";
import { library } from "./cordon.ts";

const [component = "", directory = "", isolation = "thread", osSandbox = "auto"] = process.argv.slice(2);
const { serveHttp } = await library();
const sandbox = { cache: { directory }, isolation, ...(isolation === "thread" ? {} : { osSandbox }) } as SandboxOptions;
const server = await serveHttp(component, { sandbox });
process.on("disconnect", () => process.exit());
reply(server.port);
