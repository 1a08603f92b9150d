import { CordonError } from "../../shared/errors.ts";
import { quoteText } from "../../shared/quote-text.ts";
import { JSON_ABI_EXPORTS, JSON_ABI_IMPORTS, JSON_ABI_MODULE } from "./json-abi.ts";
import type { CoreExtern, CoreOutline } from "./outline.ts";

/** How a core module is made into something that can run. */
export type CoreForm =
  /** Made into a component, with WASI preview 1 as a program that is run once, or as a library that is called. */
  | { readonly kind: "component"; readonly adapter: "command" | "reactor" }
  /** Run as it is, through its JSON interface. */
  | { readonly kind: "json-abi" };

const PREVIEW1 = "wasi_snapshot_preview1";
const PREVIEW0 = "wasi_unstable";

const MAX_NAMED = 5;
const MAX_NAME_LENGTH = 80;

/**
 * Tells what a core module is from what it imports and exports:
 *
 * - One that carries WIT in `component-type` sections, or imports `wasi_snapshot_preview1`, or exports `_start` or
 *   `_initialize`, is made into a component. It is a command if it exports `_start`, and a reactor otherwise.
 * - One that exports `memory`, `alloc` and `execute` and imports nothing but `vak` has the JSON interface of
 *   docs/core-modules.md.
 *
 * @throws CordonError `unsupported` for one that imports what is not provided, or has an export of the wrong type;
 * `invalid-component` for one that is neither.
 */
export function coreForm(outline: CoreOutline): CoreForm {
  const { imports, exports, hasWit } = outline;
  const modules = new Set(imports.map(({ module }) => module));
  const adapter = exports.has("_start") ? "command" : "reactor";
  if (modules.has(PREVIEW0)) {
    throw refused(
      `it imports ${PREVIEW0}, which preceded WASI preview 1; build it for preview 1 (wasm32-wasip1) or later`,
    );
  }
  if (hasWit) return { kind: "component", adapter };
  if (!modules.has(PREVIEW1) && hasJsonAbi(outline)) {
    checkJsonAbi(outline);
    return { kind: "json-abi" };
  }
  if (!modules.has(PREVIEW1) && !exports.has("_start") && !exports.has("_initialize")) {
    throw new CordonError(
      "invalid-component",
      "Cannot load the module: it is a core WebAssembly module, not a component, and tells no interface that Cordon knows: " +
        `it neither imports ${PREVIEW1}, nor carries WIT, nor exports memory, alloc and execute; ` +
        "build it for wasm32-wasip1 or wasm32-wasip2, or see docs/core-modules.md",
    );
  }
  checkPreview1(outline, modules);
  return { kind: "component", adapter };
}

/** A module that imports `vak`, or exports the two functions, means this interface, even where a type is wrong. */
function hasJsonAbi({ imports, exports }: CoreOutline): boolean {
  return (exports.has("alloc") && exports.has("execute")) || imports.some(({ module }) => module === JSON_ABI_MODULE);
}

function checkJsonAbi({ imports, exports }: CoreOutline): void {
  const problems: string[] = [];
  const memory = exports.get("memory");
  if (memory?.kind !== "memory") problems.push('it does not export a memory named "memory"');
  else problems.push(...problemsOf(memory));
  for (const [name, type] of Object.entries(JSON_ABI_EXPORTS)) {
    const found = printed(exports.get(name));
    if (found !== type) problems.push(`its export ${name} is ${found}, not ${type}`);
  }
  if (exports.has("_initialize") && printed(exports.get("_initialize")) !== "() -> ()") {
    problems.push(`its export _initialize is ${printed(exports.get("_initialize"))}, not () -> ()`);
  }
  for (const { module, name, extern } of imports) {
    const type =
      module === JSON_ABI_MODULE && Object.hasOwn(JSON_ABI_IMPORTS, name) ? JSON_ABI_IMPORTS[name] : undefined;
    if (type === undefined) problems.push(`it imports ${shown(`${module}.${name}`)}, which is not provided`);
    else if (printed(extern) !== type) problems.push(`it imports ${name} as ${printed(extern)}, not ${type}`);
  }
  if (problems.length > 0) throw refused(`${listed(problems)}; docs/core-modules.md has the interface`);
}

/** What of a memory the host cannot read or write as it has to. */
function problemsOf({ address64, shared }: Extract<CoreExtern, { readonly kind: "memory" }>): readonly string[] {
  const problems = [
    address64 && "its memory has 64-bit addresses",
    shared && "its memory is shared memory, which is for threads",
  ];
  return problems.filter((one) => one !== false);
}

function checkPreview1({ imports, exports }: CoreOutline, modules: ReadonlySet<string>): void {
  const problems: string[] = [];
  const others = [...modules].filter((module) => module !== PREVIEW1);
  if (others.length > 0) {
    const named = listed(others.map(shown));
    problems.push(`besides ${PREVIEW1}, it imports from ${named}, which is not provided to WASI programs`);
  }
  const memory = exports.get("memory");
  if (memory?.kind === "memory") problems.push(...problemsOf(memory));
  else if (imports.length > 0 || exports.has("_start")) {
    problems.push('it does not export its memory as "memory", which WASI programs do');
  }
  for (const name of ["_start", "_initialize"]) {
    const found = exports.get(name);
    if (found !== undefined && printed(found) !== "() -> ()") {
      problems.push(`its export ${name} is ${printed(found)}, not () -> ()`);
    }
  }
  if (problems.length > 0) throw refused(listed(problems));
}

function printed(extern: CoreExtern | undefined): string {
  if (extern === undefined) return "missing";
  return extern.kind === "function" ? extern.type.slice(0, MAX_NAME_LENGTH) : `a ${extern.kind}`;
}

function shown(name: string): string {
  return quoteText(name, MAX_NAME_LENGTH);
}

function listed(items: readonly string[]): string {
  const rest = items.length > MAX_NAMED ? ` and ${items.length - MAX_NAMED} more` : "";
  return items.slice(0, MAX_NAMED).join(", ") + rest;
}

function refused(reason: string): CordonError {
  return new CordonError("unsupported", `Cannot load the core module: ${reason}`);
}
