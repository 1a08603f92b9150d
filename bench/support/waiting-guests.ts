/**
 * Holds N guests that wait on a host call, in a process of its own, and says what the process's memory is. Parameters: how
 * (`cordon`, `bare` or `requests`), the component, the URL that does not answer yet, the cache folder, N. Sends its
 * resident memory in bytes when it is told to `measure`, and ends when every guest has its answer.
 */
import { artifactOf } from "./artifact.ts";
import { BareProgram } from "./bare.ts";
import { reply } from "./child.ts";
import { library } from "./cordon.ts";
import { bareNetwork, get } from "./http-client.ts";

const [how = "", component = "", url = "", cache = "", count = "0"] = process.argv.slice(2);

process.on("message", () => reply(process.memoryUsage.rss()));

/** Starts one guest and returns its end. */
async function starter(): Promise<{ readonly start: () => Promise<unknown>; readonly close: () => Promise<void> }> {
  switch (how) {
    case "cordon": {
      const { Sandbox } = await library();
      const grants = { network: { hosts: [new URL(url).host] } };
      const limits = { httpTimeoutMs: 60_000, timeoutMs: 60_000 };
      const sandbox = await Sandbox.open(component, { cache: { directory: cache }, grants, limits });
      await sandbox.call("add", [5, 3]);
      return { start: () => sandbox.call("fetch-text", [url]), close: () => sandbox.close() };
    }
    case "bare": {
      const program = new BareProgram(await artifactOf(component, cache));
      const imports = bareNetwork();
      await program.call("add", [5, 3], imports);
      return { start: () => program.call("fetchText", [url], imports), close: async () => undefined };
    }
    default:
      return { start: () => get(url), close: async () => undefined };
  }
}

const { start, close } = await starter();
reply("ready");
await Promise.all(Array.from({ length: Number(count) }, start));
if (count === "0") await new Promise((resolve) => process.once("disconnect", resolve));
await close();
process.disconnect?.();
