/** What a core module is run as. */
export type CoreModuleForm =
  /** A program of WASI preview 1. */
  | "command"
  /** A library of WASI preview 1. */
  | "reactor"
  /** A module with the JSON interface of docs/core-modules.md. */
  | "json";

/** Something that a core module imports. */
export interface CoreImport {
  readonly module: string;
  readonly name: string;
  readonly kind: "function" | "table" | "memory" | "global" | "tag";
  /** The type of a function, such as `(i32, i32) -> i32`. */
  readonly type?: string;
}

/** A core module that is run as it is, with what it says of itself. */
export interface CoreModuleShape {
  readonly form: CoreModuleForm;
  readonly imports: readonly CoreImport[];
  /** The position of the memory that it exports as `memory` among its memories. */
  readonly memory?: number;
  /** Whether its export `_initialize` is called before anything else. */
  readonly initializes: boolean;
}

/** The module that holds the functions of WASI preview 1. */
export const PREVIEW1_MODULE = "wasi_snapshot_preview1";

/** The module that core modules with the JSON interface import their host functions from. */
export const JSON_ABI_MODULE = "vak";

/** The interface that a core program exports, as if it were a component of the `wasi:cli/command` world. */
export const COMMAND_INTERFACE = "wasi:cli/run@0.2.12";

/** The types of a function's parameters and its results, taken from its printed type; `undefined` for what is none. */
export function coreTypesOf(
  type: string,
): { readonly parameters: readonly string[]; readonly results: readonly string[] } | undefined {
  const [, parameters, results] = /^\(([^()]*)\) -> (?:\(([^()]*)\)|[a-z0-9 ]+)$/.exec(type) ?? [];
  if (parameters === undefined) return undefined;
  const listed = results ?? type.slice(type.indexOf("->") + 3);
  return { parameters: split(parameters), results: split(listed) };
}

function split(list: string): readonly string[] {
  return list.trim() === "" ? [] : list.split(",").map((one) => one.trim());
}
