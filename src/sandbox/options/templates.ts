import { CordonError } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { nearest } from "../../shared/text/suggest.ts";
import { Faults } from "./faults.ts";
import { readSandboxOptions, sandboxOptions, type SandboxOptions } from "./sandbox-options.ts";
import { isPlain, memberPath } from "./shape.ts";

/** How much of an unknown name is shown, in UTF-16 code units. */
const SHOWN = 80;

/** Options of sandboxes by name, as {@link defineTemplates} makes them. */
export interface Templates<Name extends string = string> {
  /** The names, as they were defined. */
  readonly names: readonly Name[];
  /**
   * The options of a template, with those of `own` in their place: each option that `own` has replaces the template's as a whole, `grants`
   * included, so that what is granted stands in one place. `limits` alone are replaced one by one; a `profile` in `own` replaces all of
   * the template's.
   *
   * @throws CordonError `usage` or `policy` for a name that there is none of, and as `Sandbox.open` does for `own`.
   */
  readonly options: (name: Name, own?: SandboxOptions) => SandboxOptions;
}

/**
 * Defines sets of options by name, once, for all sandboxes that are opened with them. They are checked as `Sandbox.open` checks them, now
 * and not when the first is opened; nothing changes them afterwards.
 *
 * ```ts
 * const templates = defineTemplates({ tool: { limits: { timeoutMs: 500 } } });
 * await using sandbox = await Sandbox.open("./tool.wasm", templates.options("tool", { limits: { fuel: 1_000_000 } }));
 * ```
 *
 * @throws CordonError `usage`, or `policy` when it is grants alone, with everything that is wrong in any of them.
 */
export function defineTemplates<Name extends string>(
  definitions: Readonly<Record<Name, SandboxOptions>>,
): Templates<Name> {
  const defined = read(definitions) as ReadonlyMap<Name, SandboxOptions>;
  const names = Object.freeze([...defined.keys()]);
  return Object.freeze({
    names,
    options: (name: Name, own: SandboxOptions = {}) => {
      const template = defined.get(name);
      if (template === undefined) throw unknown(name, names);
      const { options } = readSandboxOptions("Templates.options", own);
      return { ...template, ...options, ...limitsOf(template, options) };
    },
  });
}

function read(definitions: unknown): ReadonlyMap<string, SandboxOptions> {
  const faults = new Faults("defineTemplates");
  const defined = new Map<string, SandboxOptions>();
  if (!isPlain(definitions)) {
    throw new CordonError(
      "usage",
      "Cannot define templates: expected a plain object with the options of each by its name",
    );
  }
  for (const name of Object.keys(definitions)) {
    try {
      const given: unknown = Reflect.get(definitions, name);
      const options = sandboxOptions(given, memberPath("", name), faults);
      if (options !== undefined) defined.set(name, frozen(options));
    } catch (thrown) {
      faults.addThrown(memberPath("", name), thrown);
    }
  }
  faults.throwIfAny();
  return defined;
}

/** Options whose data nobody changes, where they are given out again and again. */
function frozen(options: SandboxOptions): SandboxOptions {
  for (const data of [options.grants, options.limits, options.cache, options.deterministic]) freezeAll(data);
  Object.freeze(options.hostFunctions);
  return Object.freeze(options);
}

function freezeAll(data: unknown): void {
  if (typeof data !== "object" || data === null) return;
  Object.values(Object.freeze(data)).forEach(freezeAll);
}

function limitsOf({ limits: base }: SandboxOptions, { limits: own }: SandboxOptions): Pick<SandboxOptions, "limits"> {
  if (base === undefined || own === undefined || own.profile !== undefined) return {};
  return { limits: { ...base, ...own } };
}

function unknown(name: unknown, names: readonly string[]): CordonError {
  const near = typeof name === "string" ? nearest(name, names) : undefined;
  const shown = typeof name === "string" ? quoteText(name, SHOWN) : "what is no name";
  const hint =
    near === undefined
      ? `there are ${names.map((one) => quoteText(one, SHOWN)).join(", ")}`
      : `did you mean ${quoteText(near, SHOWN)}?`;
  return new CordonError("usage", `Cannot use the template ${shown}: there is none of that name; ${hint}`);
}
