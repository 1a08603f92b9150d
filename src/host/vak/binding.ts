import type { HostContext, HostInterface, HostResult } from "../capability.ts";
import { realmBytes } from "../io/realm-bytes.ts";
import { ok } from "../text.ts";
import { getVariable } from "./environment.ts";
import { readGranted, writeGranted } from "./files.ts";
import { writeLog } from "./log.ts";

/**
 * `cordon:vak/host`: what core modules with the JSON interface import as `vak` (docs/core-modules.md, `wit/vak.wit`). The same
 * grants and bounds hold as for `sandbox:skill`, the environment and stderr.
 */
export const vakHost: HostInterface = Object.freeze({
  name: "cordon:vak/host",
  functions: Object.freeze([
    Object.freeze({
      name: "fs-read",
      type: "func(path: string) -> result<list<u8>, string>",
      blocking: true,
      call: (context: HostContext, path: string): Promise<HostResult<Uint8Array, string>> => readGranted(context, path),
    }),
    Object.freeze({
      name: "fs-write",
      type: "func(path: string, content: list<u8>) -> result<_, string>",
      blocking: true,
      takesMuch: true,
      call: (context: HostContext, path: string, content: Uint8Array): Promise<HostResult<undefined, string>> =>
        writeGranted(context, path, realmBytes(content)),
    }),
    Object.freeze({
      name: "env-get",
      type: "func(name: string) -> option<string>",
      blocking: false,
      call: (context: HostContext, name: string): HostResult<string | undefined> => ok(getVariable(context, name)),
    }),
    Object.freeze({
      name: "log",
      type: "func(level: u32, text: string)",
      blocking: true,
      call: (context: HostContext, level: number, text: string): HostResult | Promise<HostResult> =>
        writeLog(context, level, text),
    }),
  ]),
});
