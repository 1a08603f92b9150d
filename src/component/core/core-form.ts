import {
  type CoreModuleForm,
  type CoreModuleShape,
  JSON_ABI_MODULE,
  PREVIEW1_MODULE,
} from "../../shared/plan/core-module.ts";
import { CordonError } from "../../shared/errors.ts";
import type { CoreExtern, CoreImported, CoreOutline } from "./outline.ts";

const PREVIEW0 = "wasi_unstable";

const NOTHING_TO_NOTHING = "() -> ()";

/** What a module with the JSON interface exports besides its memory. */
const JSON_ABI_EXPORTS: Readonly<Record<string, string>> = {
  alloc: "(i32) -> i32",
  execute: "(i32, i32) -> i32",
};

/** Functions of preview 1 that need no memory. */
const WITHOUT_MEMORY: ReadonlySet<string> = new Set(["proc_exit", "proc_raise", "sched_yield"]);

const MAX_NAMED = 5;
const MAX_NAME_LENGTH = 80;

/**
 * Recognises what a core module is by what it imports and exports:
 *
 * - One that imports `vak`, or exports `memory`, `alloc` and `execute` of the right types and is no program, has the JSON interface
 *   of docs/core-modules.md.
 * - One that exports `_start` is a program.
 * - One that imports `wasi_snapshot_preview1` or exports `_initialize` is a library.
 *
 * What is imported besides is for who links it.
 *
 * @throws CordonError `unsupported` for an export of the wrong type; `invalid-component` for a module that is none of these.
 */
export function coreForm(outline: CoreOutline): CoreModuleShape {
  const { imports, exports, hasWit } = outline;
  const modules = new Set(imports.map(({ module }) => module));
  if (modules.has(PREVIEW0)) {
    throw refused(
      `it imports ${PREVIEW0}, which preceded WASI preview 1; build it for preview 1 (wasm32-wasip1) or later`,
    );
  }
  if (hasWit && !exports.has("_start")) {
    throw refused(
      "it is the core module of a component, which it carries the WIT of; make the component with `wasm-tools component new`",
    );
  }
  const form = formOf(outline, modules);
  if (form === undefined) {
    throw new CordonError(
      "invalid-component",
      "Cannot load the module: it is a core WebAssembly module, not a component, and tells no interface that Cordon knows: " +
        `it neither imports ${PREVIEW1_MODULE}, nor exports _start, nor exports memory, alloc and execute; ` +
        "build it for wasm32-wasip1 or wasm32-wasip2, or see docs/core-modules.md",
    );
  }
  const problems = form === "json" ? jsonProblems(exports) : programProblems(outline);
  if (problems.length > 0) {
    throw refused(`${listed(problems)}${form === "json" ? "; docs/core-modules.md has the interface" : ""}`);
  }
  const memory = exports.get("memory");
  return {
    form,
    imports: imports.map(imported),
    ...(memory?.kind === "memory" ? { memory: memory.index } : {}),
    initializes: form !== "command" && exports.has("_initialize"),
  };
}

function formOf({ exports }: CoreOutline, modules: ReadonlySet<string>): CoreModuleForm | undefined {
  if (modules.has(JSON_ABI_MODULE)) return "json";
  if (exports.has("_start")) return "command";
  const [alloc, execute] = [exports.has("alloc"), exports.has("execute")];
  const isPreview1 = modules.has(PREVIEW1_MODULE);
  // A library may have functions of these names and mean something else.
  if (alloc && execute && (!isPreview1 || jsonProblems(exports).length === 0)) return "json";
  return isPreview1 || exports.has("_initialize") ? "reactor" : undefined;
}

function imported({ module, name, extern }: CoreImported): CoreModuleShape["imports"][number] {
  return { module, name, kind: extern.kind, ...(extern.kind === "function" ? { type: extern.type } : {}) };
}

function jsonProblems(exports: CoreOutline["exports"]): readonly string[] {
  const memory = exports.get("memory");
  const problems = memory?.kind === "memory" ? [...problemsOf(memory)] : ['it does not export a memory named "memory"'];
  for (const [name, type] of Object.entries(JSON_ABI_EXPORTS)) {
    const found = printed(exports.get(name));
    if (found !== type) problems.push(`its export ${name} is ${found}, not ${type}`);
  }
  return [...problems, ...startProblems(exports, ["_initialize"])];
}

function programProblems({ imports, exports }: CoreOutline): readonly string[] {
  const memory = exports.get("memory");
  const problems = memory?.kind === "memory" ? [...problemsOf(memory)] : [];
  const needsMemory = imports.some(({ module, name }) => module === PREVIEW1_MODULE && !WITHOUT_MEMORY.has(name));
  if (memory === undefined ? needsMemory : memory.kind !== "memory") {
    problems.push('it does not export its memory as "memory", which WASI programs do');
  }
  return [...problems, ...startProblems(exports, ["_start", "_initialize"])];
}

function startProblems(exports: CoreOutline["exports"], names: readonly string[]): readonly string[] {
  return names.flatMap((name) => {
    const found = exports.get(name);
    if (found === undefined || printed(found) === NOTHING_TO_NOTHING) return [];
    return [`its export ${name} is ${printed(found)}, not ${NOTHING_TO_NOTHING}`];
  });
}

/** What of a memory the host cannot read or write as it has to. */
function problemsOf({ address64, shared }: Extract<CoreExtern, { readonly kind: "memory" }>): readonly string[] {
  const problems = [
    address64 && "its memory has 64-bit addresses",
    shared && "its memory is shared memory, which is for threads",
  ];
  return problems.filter((one) => one !== false);
}

function printed(extern: CoreExtern | undefined): string {
  if (extern === undefined) return "missing";
  return extern.kind === "function" ? extern.type.slice(0, MAX_NAME_LENGTH) : `a ${extern.kind}`;
}

function listed(items: readonly string[]): string {
  const rest = items.length > MAX_NAMED ? ` and ${items.length - MAX_NAMED} more` : "";
  return items.slice(0, MAX_NAMED).join(", ") + rest;
}

function refused(reason: string): CordonError {
  return new CordonError("unsupported", `Cannot load the core module: ${reason}`);
}
