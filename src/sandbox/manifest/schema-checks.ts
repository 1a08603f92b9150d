import { toJson } from "../../component/values/to-json.ts";
import type { SchemaSide } from "../../manifest/thread/messages.ts";
import { CordonError } from "../../shared/errors.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import { escapeInvisible, quoteText } from "../../shared/text/quote-text.ts";
import type { Usage } from "../../shared/limits/usage.ts";
import { functionHoldsHandle, holdsStream } from "../../shared/wit/wit-handles.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import type { Engine } from "../engine.ts";
import { isCommand } from "../loading/entries.ts";
import { type CallableExport, findExport } from "../loading/exports.ts";
import type { OpenedManifest } from "./opened-manifest.ts";

/** The checks of one call. */
export interface CallChecks {
  /** What the call itself is to have: what the check of its input has left of its time. */
  readonly limits: Limits;
  /**
   * Checks the arguments, before the guest runs.
   *
   * @throws CordonError `usage` when they do not match, `limit` when that cannot be found out in the call's time, or `cancelled`.
   */
  readonly input: (parameters: readonly unknown[]) => Promise<void>;
  /**
   * Checks what the guest returned, before anyone sees it.
   *
   * @throws CordonError `guest-error` when it does not match, `limit` or `cancelled`; each with what the call used.
   */
  readonly output: (value: unknown, usage: Usage) => Promise<void>;
}

/** The checks of a component's exports. */
export interface SchemaChecks {
  /** Those of one call; `undefined` where its export has no schema. */
  readonly begin: (called: CallableExport, limits: Limits, signal: AbortSignal | undefined) => CallChecks | undefined;
}

interface Checked {
  readonly index: number;
  readonly input: boolean;
  readonly output: boolean;
}

/**
 * The checks that a manifest asks for, of the component that it is with; `undefined` where there is nothing to check.
 *
 * @throws CordonError `policy` when it names an export that there is none of, or one whose values cannot be checked.
 */
export function schemaChecks(manifest: OpenedManifest, engine: Engine): SchemaChecks | undefined {
  const byName = new Map<string, Checked>();
  const { interface: component } = engine.info;
  for (const [index, { name, hasInputSchema, hasOutputSchema }] of manifest.exports.entries()) {
    const found = exportOf(component, name, manifest.inUse.file);
    const problem = hasInputSchema || hasOutputSchema ? whyUnchecked(found, component) : undefined;
    if (problem !== undefined) throw wrong(manifest.inUse.file, name, problem);
    if (byName.has(found.name)) throw wrong(manifest.inUse.file, name, "it is there under another name, too");
    byName.set(found.name, { index, input: hasInputSchema, output: hasOutputSchema });
  }
  if (![...byName.values()].some(({ input, output }) => input || output)) return undefined;
  // Its one function takes and returns JSON as text.
  const isJson = engine.plan === undefined;
  return {
    begin: (called, limits, signal) => {
      const checked = byName.get(called.name);
      return checked === undefined || !(checked.input || checked.output)
        ? undefined
        : new ChecksOfCall(manifest, checked, { called, limits, signal, isJson });
    },
  };
}

function exportOf(component: Engine["info"]["interface"], name: string, file: string): CallableExport {
  try {
    return findExport(component, name);
  } catch {
    throw wrong(file, name, "the component exports no function of this name, or several");
  }
}

/** Why the values of an export cannot be held against a schema. */
function whyUnchecked(
  { name, function: fn }: CallableExport,
  component: Engine["info"]["interface"],
): string | undefined {
  if (isCommand(component) && name.startsWith("wasi:cli/run"))
    return "a program takes and returns no values; leave its schemas out";
  const streams = [...fn.parameters.map(({ type }) => type), fn.result].some((type) => holdsStream(type));
  return streams || functionHoldsHandle(fn)
    ? "handles and streams cannot be written as JSON; leave its schemas out"
    : undefined;
}

function wrong(file: string, name: string, why: string): CordonError {
  return new CordonError(
    "policy",
    `Cannot use the manifest ${quoteText(file)}: its export ${quoteText(name, 200)}: ${why}`,
  );
}

interface Call {
  readonly called: CallableExport;
  readonly limits: Limits;
  readonly signal: AbortSignal | undefined;
  readonly isJson: boolean;
}

class ChecksOfCall implements CallChecks {
  readonly #manifest: OpenedManifest;
  readonly #checked: Checked;
  readonly #call: Call;
  /** What is left of the call's time, in milliseconds. */
  #leftMs: number;

  constructor(manifest: OpenedManifest, checked: Checked, call: Call) {
    this.#manifest = manifest;
    this.#checked = checked;
    this.#call = call;
    this.#leftMs = call.limits.timeoutMs;
  }

  get limits(): Limits {
    const { limits } = this.#call;
    const timeoutMs = Math.max(1, Math.ceil(this.#leftMs));
    return timeoutMs === limits.timeoutMs ? limits : Object.freeze({ ...limits, timeoutMs });
  }

  async input(parameters: readonly unknown[]): Promise<void> {
    if (!this.#checked.input) return;
    const { called, isJson } = this.#call;
    const types = called.function.parameters;
    const named = types.map(({ name, type }, index) => [name, toJson(parameters[index], type)] as const);
    const json = isJson ? String(parameters[0]) : JSON.stringify(Object.fromEntries(named));
    const problem = await this.#check("input", json);
    if (problem === undefined) return;
    throw new CordonError(
      "usage",
      `Cannot call ${this.#name}: what it is given is not what its manifest says: ${problem}`,
    );
  }

  async output(value: unknown, usage: Usage): Promise<void> {
    if (!this.#checked.output) return;
    const { called, isJson } = this.#call;
    this.#leftMs -= usage.wallMs;
    const type = valueType(called.function.result);
    const json = isJson ? String(value) : type === undefined ? "null" : JSON.stringify(toJson(value, type));
    try {
      const problem = await this.#check("output", json);
      if (problem === undefined) return;
      throw new CordonError(
        "guest-error",
        `Calling ${this.#name}: what the guest returned is not what its manifest says: ${problem}`,
      );
    } catch (thrown) {
      if (!(thrown instanceof CordonError)) throw thrown;
      const { code, message, cause, limit } = thrown;
      throw new CordonError(code, message, { cause, usage, ...(limit === undefined ? {} : { limit }) });
    }
  }

  get #name(): string {
    return escapeInvisible(this.#call.called.name.slice(0, 200));
  }

  async #check(side: SchemaSide, json: string): Promise<string | undefined> {
    const { limits, signal } = this.#call;
    const began = performance.now();
    try {
      return await this.#manifest.check({
        what: `check what ${this.#name} ${side === "input" ? "is given" : "returned"} by its manifest`,
        export: this.#checked.index,
        side,
        json,
        timeoutMs: Math.max(1, this.#leftMs),
        capMs: limits.timeoutMs,
        signal,
      });
    } finally {
      this.#leftMs -= performance.now() - began;
    }
  }
}

/** The type of what a call gives: of `ok` where the function returns a `result`. */
function valueType(result: WitType | undefined): WitType | undefined {
  return result?.kind === "result" ? result.ok : result;
}
