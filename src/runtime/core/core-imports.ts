import type { HostContext } from "../../host/capability.ts";
import type { CoreFunction, CoreGuest, CoreValue } from "../../host/core/core-function.ts";
import { CORE_MODULES } from "../../host/core/core-modules.ts";
import { coreFunctionOf, type CustomFunction } from "../../host/custom/custom-function.ts";
import { callCustom } from "../../host/custom/custom-interfaces.ts";
import { type CoreImport, coreTypesOf } from "../../shared/plan/core-module.ts";
import type { Program } from "../messages.ts";

/** A function that a core module imports, with what provides it. */
export interface LinkedCoreFunction {
  readonly module: string;
  readonly name: string;
  /** What its calls are counted as. */
  readonly label: string;
  readonly provided: CoreFunction;
  /** Which of its parameters are of type i32. */
  readonly narrow: readonly boolean[];
}

const linked = new WeakMap<Program, readonly LinkedCoreFunction[]>();

const provided: ReadonlyMap<string, ReadonlyMap<string, CoreFunction>> = new Map(
  CORE_MODULES.map(({ name, functions }) => [name, new Map(functions.map((fn) => [fn.name, fn]))]),
);

/** The imports of a core module with what provides them, the same for each invocation. Throws when something does not. */
export function linkedCoreImports(program: Program): readonly LinkedCoreFunction[] {
  let functions = linked.get(program);
  if (functions === undefined) {
    functions = (program.core?.imports ?? []).map((one) => link(program, one));
    linked.set(program, functions);
  }
  return functions;
}

function link(program: Program, { module, name, type = "" }: CoreImport): LinkedCoreFunction {
  const label = `${module}#${name}`;
  const found =
    provided.get(module)?.get(name) ?? ofEmbedder(program, module, name) ?? ofNobody(program, module, name, type);
  const types = coreTypesOf(type);
  if (found === undefined || found.type !== type || types === undefined) throw new Error(`nothing provides ${label}`);
  return { module, name, label, provided: found, narrow: types.parameters.map((one) => one === "i32") };
}

function ofEmbedder({ custom }: Program, module: string, name: string): CoreFunction | undefined {
  const found = coreFunctionOf(custom, module, name);
  if (found === undefined) return undefined;
  const types = coreTypesOf(found.type)?.parameters ?? [];
  return {
    name,
    type: found.type,
    blocking: true,
    call: ({ context }: CoreGuest, ...parameters: readonly CoreValue[]) =>
      answered(
        found,
        context,
        // Their types are signed, as the functions' are.
        parameters.map((one, index) => (types[index] === "i32" ? Number(one) | 0 : one)),
      ),
  };
}

async function answered(fn: CustomFunction, context: HostContext, parameters: readonly unknown[]): Promise<CoreValue> {
  const { val } = await callCustom(fn, context, parameters);
  return val as CoreValue;
}

function ofNobody({ core }: Program, module: string, name: string, type: string): CoreFunction | undefined {
  if (core?.trapsMissing !== true) return undefined;
  return {
    name,
    type,
    blocking: false,
    call: (): never => {
      throw new Error(`it called ${JSON.stringify(name)} of ${JSON.stringify(module)}, which nothing provides`);
    },
  };
}
