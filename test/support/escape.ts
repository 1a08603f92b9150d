import "./built-workers.ts";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Confinement } from "../../src/runtime/process/confinement.ts";
import { encode } from "../../src/runtime/process/codec.ts";
import { findBubblewrap } from "../../src/runtime/process/find-bubblewrap.ts";
import { framed } from "../../src/runtime/process/frames.ts";
import { kill, launch, type LaunchPlan, planLaunch } from "../../src/runtime/process/launch.ts";
import { CHANNEL, type PortableProgram, type ToProcess } from "../../src/runtime/process/messages.ts";
import { startBuiltWorkers } from "../../src/shared/machine/bundled.ts";
import { type Attempts, type Given, told } from "./escape/attack.ts";

// Hostile code that runs in place of a guest process's own is made of the sources, so the process has to be given these.
startBuiltWorkers(false);

/** The folder of the modules that run in place of a guest process's own. */
const ESCAPE = fileURLToPath(new URL("escape/", import.meta.url));

/** Nothing granted. */
export const NOTHING: Confinement = { read: [], write: [], readOnlyWithin: [], network: false };

/** The plan for a guest process that runs another entry. */
export async function planEscape(entry: string, confinement: Confinement, wrapped: boolean): Promise<LaunchPlan> {
  const found = wrapped ? await findBubblewrap() : undefined;
  const bubblewrap = found?.kind === "working" ? found : undefined;
  return planLaunch({ confinement, bubblewrap, entry: `${ESCAPE}${entry}`, entryFiles: [ESCAPE.slice(0, -1)] });
}

/** Lets the attack loose in a guest process, in its main thread or in one of its worker threads, and returns what came of it. */
export async function escape(plan: LaunchPlan, where: "main" | "worker", given: Given): Promise<Attempts> {
  const child = launch({ ...plan, arguments: [...plan.arguments, JSON.stringify({ ...given, where })] });
  const down = child.stdio[CHANNEL.down] as Writable;
  const up = child.stdio[CHANNEL.up] as Readable;
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString("latin1")));
  down.on("error", () => undefined);
  const open: ToProcess = { type: "open", workerFlags: plan.workerFlags };
  for (const part of framed(encode(open))) down.write(part);
  try {
    let text = "";
    for await (const chunk of up) {
      text += (chunk as Buffer).toString("latin1");
      const attempts = told(text);
      if (attempts !== undefined) return attempts;
    }
    throw new Error(`the process ended without a report: ${stderr}`);
  } finally {
    kill(child);
  }
}

/** A program for a process that runs nothing but hostile code. */
export const LIAR: PortableProgram = {
  id: "liar",
  modules: [],
  instantiations: [],
  heapBytes: 0,
  freshMemory: false,
  custom: [],
};
