/**
 * What a guest process would be like if hostile code ran in it: started by the same launcher with the same flags, in place of its
 * own entry. With `where` `worker`, the real entry is loaded after the worker threads' own code was swapped for the attack, so that
 * it runs in a thread that was started as the shipped code starts them.
 */
import { syncBuiltinESMExports } from "node:module";
import { Socket } from "node:net";
import threads from "node:worker_threads";
import { attack, type Given, tell } from "./attack.ts";

const given = JSON.parse(process.argv[2] ?? "{}") as Given & { readonly where: "main" | "worker" };

if (given.where === "main") {
  tell(await attack(given));
  // It lives on for as long as its parent wants it to, as its own entry would.
  new Socket({ fd: 3 }).resume();
} else {
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(_url: URL, options: threads.WorkerOptions) {
      const workerData = { ...(options.workerData as object), given };
      super(new URL("worker.ts", import.meta.url), { ...options, workerData });
    }
  };
  syncBuiltinESMExports();
  await import("../../../src/runtime/process/child/main.ts");
}
