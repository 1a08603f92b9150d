import type { ComponentInterface, WitField, WitFunction, WitType } from "../../shared/wit.ts";
import type { CoreOutline } from "./outline.ts";

/** The module that core modules with the JSON interface import their host functions from. */
export const JSON_ABI_MODULE = "vak";

/** The interface that stands for these functions on the host's side; `wit/vak.wit`. */
export const JSON_ABI_INTERFACE = "cordon:vak/host";

/** What a module exports besides its memory, with the types. */
export const JSON_ABI_EXPORTS: Readonly<Record<string, string>> = {
  alloc: "(i32) -> i32",
  execute: "(i32, i32) -> i32",
};

/** What a module may import, with the types. */
export const JSON_ABI_IMPORTS: Readonly<Record<string, string>> = {
  fs_read: "(i32, i32) -> i64",
  fs_write: "(i32, i32, i32, i32) -> i64",
  env_get: "(i32, i32) -> i64",
  log: "(i32, i32, i32) -> ()",
};

const STRING: WitType = { kind: "string" };
const BYTES: WitType = { kind: "list", element: { kind: "u8" } };

const HOST_FUNCTIONS: Readonly<Record<string, WitFunction>> = {
  fs_read: fn("fs-read", [{ name: "path", type: STRING }], { kind: "result", ok: BYTES, err: STRING }),
  fs_write: fn(
    "fs-write",
    [
      { name: "path", type: STRING },
      { name: "content", type: BYTES },
    ],
    { kind: "result", err: STRING },
  ),
  env_get: fn("env-get", [{ name: "name", type: STRING }], { kind: "option", element: STRING }),
  log: fn("log", [
    { name: "level", type: { kind: "u32" } },
    { name: "text", type: STRING },
  ]),
};

/** What such a module imports and exports, as if it were a component of the world `vak` in `wit/vak.wit`. */
export function jsonAbiInterface({ imports }: CoreOutline): ComponentInterface {
  const used = new Set(imports.map(({ name }) => name));
  const functions = Object.keys(HOST_FUNCTIONS).flatMap((name) => (used.has(name) ? [hostFunction(name)] : []));
  const execute = fn("execute", [{ name: "input", type: STRING }], { kind: "result", ok: STRING, err: STRING });
  const host = { name: JSON_ABI_INTERFACE, functions, resources: [], types: [] };
  return {
    imports: { interfaces: functions.length === 0 ? [] : [host], functions: [], other: [] },
    exports: { interfaces: [], functions: [execute], other: [] },
  };
}

function hostFunction(name: string): WitFunction {
  const found = HOST_FUNCTIONS[name];
  if (found === undefined) throw new Error(`there is no host function ${name}`);
  return found;
}

function fn(name: string, parameters: readonly WitField[], result?: WitType): WitFunction {
  return { name, parameters, ...(result === undefined ? {} : { result }), async: false };
}
