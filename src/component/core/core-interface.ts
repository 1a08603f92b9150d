import {
  COMMAND_INTERFACE,
  type CoreImport,
  type CoreModuleShape,
  coreTypesOf,
  JSON_ABI_MODULE,
} from "../../shared/plan/core-module.ts";
import type { ComponentInterface, WitField, WitFunction, WitInterface, WitType } from "../../shared/wit/wit.ts";

/** The interface that stands for the functions of `vak`; `wit/vak.wit`. */
const JSON_ABI_INTERFACE = "cordon:vak/host";

const STRING: WitType = { kind: "string" };
const BYTES: WitType = { kind: "list", element: { kind: "u8" } };

const VAK_FUNCTIONS: ReadonlyMap<string, WitFunction> = new Map([
  ["fs_read", fn("fs-read", [{ name: "path", type: STRING }], { kind: "result", ok: BYTES, err: STRING })],
  [
    "fs_write",
    fn(
      "fs-write",
      [
        { name: "path", type: STRING },
        { name: "content", type: BYTES },
      ],
      { kind: "result", err: STRING },
    ),
  ],
  ["env_get", fn("env-get", [{ name: "name", type: STRING }], { kind: "option", element: STRING })],
  [
    "log",
    fn("log", [
      { name: "level", type: { kind: "u32" } },
      { name: "text", type: STRING },
    ]),
  ],
]);

const CORE_TYPES: ReadonlyMap<string, WitType> = new Map<string, WitType>([
  ["i32", { kind: "s32" }],
  ["i64", { kind: "s64" }],
  ["f32", { kind: "f32" }],
  ["f64", { kind: "f64" }],
]);

/**
 * What a core module imports and exports, in the words of components: one interface for each module that it imports functions of,
 * with numbers for core types. A program exports what a component of the `wasi:cli/command` world does.
 */
export function coreInterface({ form, imports }: CoreModuleShape): ComponentInterface {
  const functions = imports.filter(({ kind }) => kind === "function");
  const interfaces = [...Map.groupBy(functions, ({ module }) => module)].map(([module, members]) =>
    module === JSON_ABI_MODULE ? vakInterface(members) : interfaceOf(module, members),
  );
  return {
    imports: { interfaces: interfaces.filter((one) => one.functions.length > 0), functions: [], other: [] },
    exports: exportsOf(form),
  };
}

function exportsOf(form: CoreModuleShape["form"]): ComponentInterface["exports"] {
  switch (form) {
    case "command":
      return {
        interfaces: [
          { name: COMMAND_INTERFACE, functions: [fn("run", [], { kind: "result" })], resources: [], types: [] },
        ],
        functions: [],
        other: [],
      };
    case "json": {
      const execute = fn("execute", [{ name: "input", type: STRING }], { kind: "result", ok: STRING, err: STRING });
      return { interfaces: [], functions: [execute], other: [] };
    }
    case "reactor":
      return { interfaces: [], functions: [], other: [] };
  }
}

function vakInterface(imports: readonly CoreImport[]): WitInterface {
  const used = new Set(imports.map(({ name }) => name));
  const functions = [...VAK_FUNCTIONS].flatMap(([name, one]) => (used.has(name) ? [one] : []));
  return { name: JSON_ABI_INTERFACE, functions, resources: [], types: [] };
}

/** Functions whose types are not of numbers alone have no parameters here; they are named, which is what matters. */
function interfaceOf(name: string, imports: readonly CoreImport[]): WitInterface {
  const functions = new Map(imports.map((one) => [one.name, coreFunction(one)]));
  return { name, functions: [...functions.values()], resources: [], types: [] };
}

function coreFunction({ name, type = "" }: CoreImport): WitFunction {
  const types = coreTypesOf(type);
  const parameters = types?.parameters.map((one) => CORE_TYPES.get(one)) ?? [];
  const [result] = types?.results ?? [];
  const known = parameters.flatMap((one, index) => (one === undefined ? [] : [{ name: `p${index}`, type: one }]));
  return fn(name, known.length === parameters.length ? known : [], CORE_TYPES.get(result ?? ""));
}

function fn(name: string, parameters: readonly WitField[], result?: WitType): WitFunction {
  return { name, parameters, ...(result === undefined ? {} : { result }), async: false };
}
