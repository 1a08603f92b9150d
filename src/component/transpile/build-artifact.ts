import type { HardenedModule } from "../../hardening/harden-module.ts";
import { assertSafeName } from "../../hardening/bound/safe-names.ts";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { withoutVersion } from "../../shared/interface-name.ts";
import { escapeInvisible } from "../../shared/quote-text.ts";
import type { ComponentInterface, WitFunction } from "../../shared/wit.ts";
import type { Artifact } from "../artifact.ts";
import { boundInstances } from "../bound-instances.ts";
import { boundedTypeKeys, boundTypes } from "../bound-types.ts";
import { tooComplex } from "../too-complex.ts";
import { withChargedLists } from "./charged-lists.ts";
import { withDirectCalls } from "./direct-calls.ts";
import { decodeComponent } from "../decode/decode-component.ts";
import { hardenCore } from "./harden-core.ts";
import type { HardeningThread } from "./hardening-thread.ts";
import { hollowed } from "./hollow-modules.ts";
import { refusedAsynchronous } from "../refused-asynchronous.ts";
import { withPouredBytes } from "./pour-bytes.ts";

/** The largest glue, in bytes; every worker holds it. That of a JavaScript engine of 12 MB has 0.3 MB. */
const MAX_GLUE_BYTES = 16 * 1024 * 1024;

/** The bundled transpiler, as far as it is used. */
export interface Transpiler {
  readonly generate: (
    component: Uint8Array,
    options: Record<string, unknown>,
  ) => { readonly files: readonly (readonly [string, Uint8Array])[] };
  readonly takeDiagnostics: () => string;
}

/** What an artifact is made from. */
export interface ArtifactRequest {
  readonly component: Uint8Array;
  readonly digest: string;
  /** The host functions that may suspend a guest, as `interface#function` without a version. */
  readonly blocking: readonly string[];
  /** Whether shared memory and atomic instructions are not refused. */
  readonly sharedMemory: boolean;
}

/**
 * Component bytes to artifact: decode the interface, transpile, harden the core modules.
 *
 * @param hardening Where the core modules are hardened meanwhile; by default this thread does it, after transpiling.
 * @throws CordonError `invalid-component`, `unsupported` or `limit`.
 */
export async function buildArtifact(
  request: ArtifactRequest,
  transpiler: Transpiler,
  hardening?: HardeningThread,
): Promise<Artifact> {
  const { interface: decoded, asynchronous, coreModules } = decodeComponent(request.component);
  if (asynchronous) throw refusedAsynchronous();
  for (const side of [decoded.imports, decoded.exports]) {
    for (const { name } of [...side.interfaces, ...side.functions, ...side.other]) assertSafeName(name);
  }
  boundTypes(coreModules.map(({ offset, size }) => request.component.subarray(offset, offset + size)));
  const allow = { threads: request.sharedMemory };
  hardening?.begin({ component: request.component, ranges: coreModules, allow });
  const { component, filled } = hollowed(request.component, coreModules);
  const files = transpile({ ...request, component }, decoded, transpiler);
  // Hardening refuses names that could be code, so it comes before anything is read into the glue's text.
  const modules: (HardenedModule & { readonly name: string })[] = [];
  for (const [name, bytes] of files) {
    if (!name.endsWith(".wasm")) continue;
    const { whole, index } = filled(bytes);
    const begun = index === undefined ? undefined : hardening?.module(index);
    modules.push({ name, ...((await begun) ?? hardenCore(whole, allow)) });
  }
  const [script, ...others] = files.filter(([name]) => name.endsWith(".js"));
  if (script === undefined || others.length > 0) throw new CordonError("host", "The transpiler gave no single glue");
  if (script[1].length > MAX_GLUE_BYTES) throw tooComplex("bytes of glue", script[1].length, MAX_GLUE_BYTES);
  const glue = Buffer.from(script[1]).toString("utf8");
  const instantiations = plannedInstantiations(glue);
  const typeKeys = boundedTypeKeys(modules);
  const { tables, heapBytes } = boundInstances(modules, instantiations);
  return {
    digest: request.digest,
    interface: decoded,
    glue: asFunctionBody(glue),
    modules: modules.map(({ name, bytes, memories }) => ({ name, bytes, memories })),
    instantiations,
    preview1: false,
    tables,
    heapBytes,
    typeKeys,
  };
}

function transpile(
  { component, blocking }: ArtifactRequest,
  decoded: ComponentInterface,
  transpiler: Transpiler,
): readonly (readonly [string, Uint8Array])[] {
  const imports = importedNames(decoded).filter((name) => blocking.includes(unversioned(name)));
  // Without an import that can wait, nothing suspends, and plain calls cost a third.
  const exports = imports.length === 0 ? [] : exportedNames(decoded);
  try {
    return transpiler.generate(component, {
      name: "component",
      instantiation: { tag: "async" },
      asyncMode: { tag: "jspi", val: { imports, exports } },
      map: [],
      noTypescript: true,
      noNodejsCompat: true,
      noComponentErrorWrapping: false,
      base64Cutoff: 0,
      multiMemory: true,
    }).files;
  } catch (thrown) {
    const diagnostics = transpiler.takeDiagnostics();
    const reason = payloadText(thrown) ?? (diagnostics === "" ? messageOf(thrown) : diagnostics);
    const bound = / exceeds? (?:the )?limit of (\d+)/.exec(reason)?.[1];
    if (reason.includes("exceptions proposal not enabled")) throw sharedTags(thrown);
    if (bound !== undefined) throw overBoundOfTool(oneLine(reason), Number(bound), thrown);
    throw new CordonError("invalid-component", `Cannot load the component: ${oneLine(reason)}`, { cause: thrown });
  }
}

/** The tags of one module are left out of what is transpiled, but not those that it exports or imports. */
function sharedTags(cause: unknown): CordonError {
  const message =
    "Cannot load the component: core modules in it share exception tags, which this version does not run; link them into one module";
  return new CordonError("unsupported", message, { cause });
}

/** The tools validate what they read, within bounds of their own; some are lower than the decoder's. */
function overBoundOfTool(reason: string, cap: number, cause: unknown): CordonError {
  const limit = { limit: "complexity", cap } as const;
  return new CordonError("limit", `Cannot load the component: ${reason}`, { cause, limit });
}

/** `wasi:io/poll@0.2.3#poll` as `wasi:io/poll#poll`, which is how blocking functions are named. */
function unversioned(name: string): string {
  const [interfaceName = "", ...rest] = name.split("#");
  return [withoutVersion(interfaceName), ...rest].join("#");
}

function payloadText(thrown: unknown): string | undefined {
  if (typeof thrown !== "object" || thrown === null || !("payload" in thrown)) return undefined;
  return typeof thrown.payload === "string" ? thrown.payload : undefined;
}

function oneLine(text: string): string {
  return escapeInvisible(text.slice(0, 2000).replaceAll(/\s+/g, " ").trim()).slice(0, 500);
}

function importedNames({ imports }: ComponentInterface): readonly string[] {
  return [...imports.interfaces.flatMap((one) => qualified(one.name, one.functions)), ...names(imports.functions)];
}

function exportedNames({ exports }: ComponentInterface): readonly string[] {
  return [...exports.interfaces.flatMap((one) => qualified(one.name, one.functions)), ...names(exports.functions)];
}

function qualified(interfaceName: string, functions: readonly WitFunction[]): readonly string[] {
  return functions.map((fn) => `${interfaceName}#${fn.name}`);
}

function names(functions: readonly WitFunction[]): readonly string[] {
  return functions.map((fn) => fn.name);
}

/** The glue is one ES module that exports `instantiate`; as a function body, each call of it has a scope of its own. */
function asFunctionBody(glue: string): string {
  // No name that is left holds a line feed, so these match whole lines of the generator's own.
  const body = glue
    .replace(/\nexport const _util = \{\s*\};?\s*$/, "\n")
    .replace(/(^|\n)export function instantiate\(/, "$1return function instantiate(");
  if (body === glue || /(?:^|\n)(?:export|import)\b/.test(body)) {
    throw new CordonError("host", "The transpiler gave glue of a form this version does not know");
  }
  // The fallback that would fetch modules by URL is no script's; the host always hands the modules in.
  const script = body.replace(/\n *if \(!getCoreModule\) getCoreModule = [^\n]*import\.meta\.url[^\n]*/, "\n");
  return withChargedLists(withPouredBytes(withDirectCalls(withSettledTraps(withCheckedDrops(withSilentLog(script))))));
}

/** The glue's log of its own steps, a dozen for a call, which looks each time whether the environment asks for it. */
const LOG = /(\n *const _debugLog = )\(\.\.\.args\) => \{\n[^\n]*JCO_DEBUG[^\n]*\n[^\n]*\n *\};/;

/** The realm has no environment to ask, so nothing is lost; a function that is empty costs nothing, nor do its arguments. */
function withSilentLog(glue: string): string {
  return glue.replace(LOG, "$1() => {};");
}

/** What the glue answers when a host function that may wait, and has no error to return, throws: it never settles. */
const UNSETTLED_TRAP = /(\n *task\.exit\(\);\n *)return task\.completionPromise\(\);/g;

/** A guest whose host function throws has to trap, and not to wait until its deadline. */
function withSettledTraps(glue: string): string {
  const settled = glue.replaceAll(UNSETTLED_TRAP, "$1throw err;");
  if (settled.includes("return task.completionPromise();")) {
    throw new CordonError("host", "The transpiler gave glue that ends calls in a way this version does not know");
  }
  return settled;
}

/** The glue's check of a handle that is dropped, which lets a number pass that was never a handle; it has to trap. */
const LAX_DROP = "if (val === 0 || (scope & T_FLAG) !== 0) {";

function withCheckedDrops(glue: string): string {
  const checked = glue.replace(LAX_DROP, "if (!val || (scope & T_FLAG) !== 0) {");
  if (checked === glue && glue.includes("function rscTableRemove(")) {
    throw new CordonError("host", "The transpiler gave glue that drops handles in a way this version does not know");
  }
  return checked;
}

/**
 * The order in which the glue instantiates its core modules. The runtime refuses an instance that is not in this order,
 * so what is read here decides how memory is shared out, not whether it is bounded.
 */
function plannedInstantiations(glue: string): readonly string[] {
  const modules = new Map<string, string>();
  for (const [, variable, name] of glue.matchAll(/\n *const (module\d+) = getCoreModule\('([^'\\]+)'\);(?=\n)/g)) {
    if (variable !== undefined && name !== undefined) modules.set(variable, name);
  }
  return [...glue.matchAll(/\n *\(\{ exports: exports\d+ \} = yield instantiateCore\(yield (module\d+)[,)]/g)].map(
    ([, variable]) => modules.get(variable ?? "") ?? "",
  );
}
