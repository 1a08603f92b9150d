import { chargeCrossing, decodedText } from "../../host/core/copied-bytes.ts";
import { bytesAt, placed } from "../../host/vak/core-functions.ts";
import { COMMAND_INTERFACE, type CoreModuleForm } from "../../shared/plan/core-module.ts";
import type { RunningCoreModule } from "./core-guest.ts";
import { isJson } from "./is-json.ts";

/** What a character of one byte may be to the host, in bytes. */
const CHARACTER_BYTES = 2;

type CoreExport = (...parameters: readonly unknown[]) => Promise<unknown>;

/** What an instance of a core module exports, as if it were of a component: by the names from the root, joined with `#`. */
export function coreExports(form: CoreModuleForm, guest: RunningCoreModule): ReadonlyMap<string, CoreExport> {
  switch (form) {
    case "command":
      return new Map([[`${COMMAND_INTERFACE}#run`, () => guest.call("_start")]]);
    case "json":
      return new Map([["execute", (input) => execute(guest, String(input))]]);
    case "reactor":
      return new Map();
  }
}

/** Calls a module with the JSON interface: a JSON text in, and one out. */
async function execute(guest: RunningCoreModule, input: string): Promise<unknown> {
  const given = Buffer.from(input);
  if (!isJson(given)) return returned("the input is not JSON");
  const at = placed(guest, given);
  const result = Number(await guest.call("execute", at, given.length)) >>> 0;
  const room = await guest.crossings.waitForRoom(
    "results",
    (bytes) => result === 0 || CHARACTER_BYTES * lengthAt(guest, result) <= bytes,
  );
  try {
    return guest.crossings.keep(resultAt(guest, result), false);
  } finally {
    room?.release();
  }
}

/** A result: its length in four bytes, wherever they lie, and its text. */
function resultAt(guest: RunningCoreModule, at: number): string {
  if (at === 0) return returned("the module gave no result");
  const length = lengthAt(guest, at);
  const body = bytesAt(guest, at + 4, length, "a result");
  chargeCrossing(guest, length);
  guest.crossings.resultLifted(length);
  const text = decodedText(body, "a result");
  return isJson(body, () => guest.context.refuseIfOver()) ? text : returned("the module's result is not JSON");
}

function lengthAt(guest: RunningCoreModule, at: number): number {
  const head = bytesAt(guest, at, 4, "a result");
  return new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true);
}

/** Ends the call with an `err`. */
function returned(message: string): never {
  throw Object.assign(new Error("the module failed"), { payload: message });
}
