import { CordonError } from "../../shared/errors.ts";
import { escapeInvisible, quoteText } from "../../shared/text/quote-text.ts";
import { printFunctionType } from "../../shared/wit/print-wit.ts";
import { nearest } from "../../shared/text/suggest.ts";
import { fullName } from "../../shared/wit/interface-name.ts";
import type { ComponentInterface, WitFunction } from "../../shared/wit/wit.ts";

/** A function of a component that can be called. */
export interface CallableExport {
  /** Its full name: `function`, or `interface#function`. */
  readonly name: string;
  readonly function: WitFunction;
  readonly path: readonly string[];
  /** The full name of the interface that it is of, if it is of one. */
  readonly interface?: string;
}

/** How many exports one message names. */
const MAX_NAMED = 200;

/** How much of a name is shown, in UTF-16 code units. */
const MAX_NAME_LENGTH = 200;

/** What is called when no export is named. */
const DEFAULT_EXPORT = /^sandbox:skill\/skill(?:@[^#]*)?#run$/;

/**
 * What toolchains export for themselves: how they put a program into their engine when the component is built. By the whole type, so that
 * an export of the same name stays what it is.
 */
const OF_TOOLCHAINS: ReadonlySet<string> = new Set([
  "init: func(shim: string, script: string, entry-path: option<string>, disable-gc: bool) -> result<_, string>",
]);

/** The exports of a component by what they can be called by. */
interface ExportIndex {
  readonly callable: readonly CallableExport[];
  readonly byName: ReadonlyMap<string, CallableExport>;
  /** Made when a name is none in full. */
  readonly byShortName: () => ReadonlyMap<string, readonly CallableExport[]>;
}

/** Made once for each component: there can be many thousand exports, and each call asks for one. */
const indexes = new WeakMap<ComponentInterface, ExportIndex>();

/**
 * The exports of a component that can be called, without what is a toolchain's. Those with handles, such as constructors and methods of
 * resources, can be on an instance that stays.
 */
export function callableExports(component: ComponentInterface): readonly CallableExport[] {
  return indexOf(component).callable;
}

function indexOf(component: ComponentInterface): ExportIndex {
  const found = indexes.get(component);
  if (found !== undefined) return found;
  const callable = listedExports(component);
  const byName = new Map<string, CallableExport>();
  for (const one of callable) if (!byName.has(one.name)) byName.set(one.name, one);
  let shortened: ReadonlyMap<string, readonly CallableExport[]> | undefined;
  const index = { callable, byName, byShortName: () => (shortened ??= shortNamesOf(callable)) };
  indexes.set(component, index);
  return index;
}

function shortNamesOf(callable: readonly CallableExport[]): ReadonlyMap<string, readonly CallableExport[]> {
  const found = new Map<string, CallableExport[]>();
  for (const one of callable) {
    for (const short of new Set(shortNames(one.name))) {
      const alike = found.get(short);
      if (alike === undefined) found.set(short, [one]);
      else alike.push(one);
    }
  }
  return found;
}

function listedExports({ exports }: ComponentInterface): readonly CallableExport[] {
  const atRoot = exports.functions
    .filter((fn) => !isOfToolchain(fn))
    .map((fn) => ({
      name: fn.name,
      function: fn,
      path: [fn.name],
    }));
  const inInterfaces = exports.interfaces.flatMap((one) =>
    one.functions.map((fn) => ({
      name: `${one.name}#${fn.name}`,
      function: fn,
      path: [one.name, fn.name],
      interface: fullName(one),
    })),
  );
  return [...atRoot, ...inInterfaces];
}

/**
 * Finds the export a caller means: its full name, the name with the interface shortened (`skill#run`, `skill.run`,
 * without the version), or the bare function name where only one export has it. Methods and static functions may be written without
 * what is in brackets, as `counter.next`. Without a name, the `run` of a `sandbox:skill/skill`.
 *
 * @throws CordonError `usage` that lists the exports.
 */
export function findExport(component: ComponentInterface, wanted: string | undefined): CallableExport {
  const { callable, byName, byShortName } = indexOf(component);
  if (wanted === undefined) {
    const run = callable.find(({ name }) => DEFAULT_EXPORT.test(name));
    if (run !== undefined) return run;
    throw new CordonError("usage", `Cannot call the component: it is no skill, so name an export; ${listed(callable)}`);
  }
  if (typeof wanted !== "string") {
    throw new CordonError("usage", `Cannot call an export: its name is no string; ${listed(callable)}`);
  }
  const exact = byName.get(wanted);
  if (exact !== undefined) return exact;
  const matching = byShortName().get(wanted) ?? [];
  const [only] = matching;
  if (only !== undefined && matching.length === 1) return only;
  const quoted = quoteText(wanted, MAX_NAME_LENGTH);
  if (matching.length > 1) {
    const problem = `${matching.length} exports have that name; write one of them in full`;
    throw new CordonError("usage", `Cannot call ${quoted}: ${problem}: ${names(matching)}`);
  }
  const near = nearest(wanted, namesOf(callable));
  const hint = near === undefined ? "" : `did you mean ${quoteText(near, MAX_NAME_LENGTH)}? `;
  throw new CordonError("usage", `Cannot call ${quoted}: there is no such export; ${hint}${listed(callable)}`);
}

/** The shortest names that call one export each and no other of them, in their order. */
export function shortestNames(callable: readonly CallableExport[]): readonly string[] {
  const uses = new Map<string, number>();
  for (const { name } of callable) {
    for (const one of new Set([name, ...shortNames(name)])) uses.set(one, (uses.get(one) ?? 0) + 1);
  }
  return callable.map(({ name }) => {
    const bySize = [...shortNames(name)].sort((one, other) => one.length - other.length);
    return bySize.find((short) => uses.get(short) === 1) ?? name;
  });
}

function* namesOf(callable: readonly CallableExport[]): Generator<string> {
  for (const { name } of callable) {
    yield name;
    yield* shortNames(name);
  }
}

function isOfToolchain(fn: WitFunction): boolean {
  const isNamedSo = [...OF_TOOLCHAINS].some((one) => one.startsWith(`${fn.name}: `));
  return isNamedSo && OF_TOOLCHAINS.has(`${fn.name}: ${printFunctionType(fn, { names: true })}`);
}

function shortNames(full: string): readonly string[] {
  const at = full.indexOf("#");
  const member = memberName(full.slice(at + 1));
  if (at < 0) return member === undefined ? [] : [member];
  const within = shortNamesWithin(full, at, full.slice(at + 1));
  return member === undefined ? within : [...within, ...shortNamesWithin(full, at, member)];
}

/** `counter.next` of `[method]counter.next`. */
function memberName(fn: string): string | undefined {
  return /^\[(?:method|static)\](.+)$/.exec(fn)?.[1];
}

function shortNamesWithin(full: string, at: number, fn: string): readonly string[] {
  const unversioned = full.slice(0, at).replace(/@.*$/, "");
  const short = unversioned.slice(unversioned.lastIndexOf("/") + 1);
  return [`${unversioned}#${fn}`, `${short}#${fn}`, `${short}.${fn}`, fn];
}

function listed(callable: readonly CallableExport[]): string {
  if (callable.length === 0)
    return "it exports no function that can be called; of a core module, only programs and modules with the JSON interface are";
  return `its exports are ${names(callable)}`;
}

/** Names on one line, whoever chose them. */
function names(callable: readonly CallableExport[]): string {
  const shown = callable.slice(0, MAX_NAMED).map(({ name }) => escapeInvisible(name.slice(0, MAX_NAME_LENGTH)));
  const rest = callable.length > MAX_NAMED ? ` and ${callable.length - MAX_NAMED} more` : "";
  return shown.join(", ") + rest;
}
