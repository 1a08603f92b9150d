import { isDeepStrictEqual } from "node:util";
import type { AuditRecorder } from "../../audit/recorder.ts";
import type { PolicyDiff } from "./diff/diff-policies.ts";
import { CordonError, messageOf } from "../../shared/errors.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import type { Engine } from "../engine.ts";
import type { ComponentSource } from "../loading/source.ts";
import type { PolicyInput, ReadSandboxOptions } from "../options/sandbox-options.ts";
import type { GrantsInForce } from "./grants-in-force.ts";
import type { DocumentWatch } from "./live/document-watch.ts";
import type { OpenedOptions, PolicyInUse } from "./policy-in-use.ts";
import { RateGate } from "./rate-gate.ts";

/** What led to a change of the policy. */
export type ChangedBy = "setPolicy" | "reload" | "files";

/** What a policy is put in force for. */
export interface PolicySwitchParts {
  readonly engine: Engine;
  readonly inForce: GrantsInForce;
  readonly recorder: AuditRecorder;
  /** The options that the sandbox was opened with, before any document was read. */
  readonly read: ReadSandboxOptions & { readonly source: ComponentSource };
  readonly opened: OpenedOptions;
}

/** The policy of a sandbox, which is replaced as a whole. One change follows the other. */
export class PolicySwitch {
  readonly #parts: PolicySwitchParts;
  #opened: OpenedOptions;
  #rates: RateGate | undefined;
  /** Which documents are in force. */
  #input: PolicyInput | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #watch: DocumentWatch | undefined;
  #isClosed = false;

  constructor(parts: PolicySwitchParts) {
    this.#parts = parts;
    this.#opened = parts.opened;
    this.#rates = gateOf(parts.opened);
    this.#input = parts.read.options.policy;
  }

  get policy(): PolicyInUse | undefined {
    return this.#opened.policy;
  }

  /** The limits of calls that set none of their own. */
  get limits(): Limits {
    return this.#opened.limits;
  }

  /** Told what each access took of the grants, where somebody compares or learns. */
  get usesOf(): OpenedOptions["usesOf"] {
    return this.#opened.usesOf;
  }

  /** How often the component may be called and denied; without, there is no bound. */
  get rates(): RateGate | undefined {
    return this.#rates;
  }

  /** What no limit of a call may pass. */
  get mostLimits(): Partial<Limits> {
    return this.#opened.mostLimits ?? {};
  }

  /** Begins to watch the documents, and notes the version in force, where that is asked for. */
  async begin(): Promise<void> {
    const input = this.#input;
    if (typeof input !== "object" || "length" in input) return;
    if (input.history !== undefined && input.history !== false) await this.#note(input.history, "open", undefined);
    if (input.watch !== true) return;
    const { DocumentWatch } = await import("./live/document-watch.ts");
    this.#watch = new DocumentWatch(input, {
      changed: async (mayGain) => {
        await this.#enqueue(input, "files", mayGain);
      },
      failed: (thrown) => this.#refused("files", thrown),
    });
    if (this.#isClosed) this.#watch.close();
  }

  /**
   * Puts other documents in force. Resolves when no host call goes by those before any more.
   *
   * @throws CordonError when it cannot be done; then those before stay in force.
   */
  async replace(input: PolicyInput): Promise<PolicyInUse | undefined> {
    const policy = await this.#enqueue(input, "setPolicy", () => undefined);
    this.#watch?.close();
    this.#watch = undefined;
    this.#input = input;
    await this.begin();
    return policy;
  }

  /** Reads the documents in force anew, as {@link replace} does others. */
  async reload(): Promise<PolicyInUse | undefined> {
    if (this.#input === undefined) {
      throw new CordonError("usage", "Cannot reload the policy: the sandbox was opened without documents");
    }
    const policy = await this.#enqueue(this.#input, "reload", () => undefined);
    this.#watch?.accept();
    return policy;
  }

  /** No policy is put in force any more. */
  close(): void {
    this.#isClosed = true;
    this.#watch?.close();
  }

  #enqueue(input: PolicyInput, by: ChangedBy, mayGain: () => string | undefined): Promise<PolicyInUse | undefined> {
    const replaced = this.#last.then(() => this.#replace(input, by, mayGain));
    this.#last = replaced.catch(() => undefined);
    return replaced;
  }

  async #replace(
    input: PolicyInput,
    by: ChangedBy,
    mayGain: () => string | undefined,
  ): Promise<PolicyInUse | undefined> {
    const before = this.#opened.policy?.version;
    let held: Promise<void>;
    let diff: PolicyDiff;
    try {
      const { nextPolicy } = await import("./live/next-policy.ts");
      const next = await nextPolicy(this.#parts, this.#opened, input, mayGain);
      if (this.#isClosed) return this.#opened.policy;
      held = this.#put(next.opened, next.grants);
      ({ diff } = next);
    } catch (thrown) {
      this.#refused(by, thrown);
      throw thrown;
    }
    const { policy } = this.#opened;
    const version = policy?.version;
    this.#parts.recorder.policyChanged(
      {
        action: `policy.${by}`,
        resource: (policy?.documents ?? []).join(" "),
        result: "Allowed",
        reason: `${before ?? "no document"} -> ${version ?? "no document"}: ${diff.gained.length} gained, ${diff.lost.length} lost`,
      },
      { version },
    );
    await held;
    if (typeof input === "object" && "history" in input && input.history !== undefined && input.history !== false) {
      await this.#note(input.history, by, diff);
    }
    return policy;
  }

  #refused(by: ChangedBy, thrown: unknown): void {
    this.#parts.recorder.policyChanged({
      action: `policy.${by}`,
      resource: (this.#opened.policy?.documents ?? []).join(" "),
      result: "Error",
      reason: `the policy before stays in force: ${messageOf(thrown).replaceAll(/[\r\n]+/gu, " ")}`,
    });
  }

  /** In one step: nothing comes between. */
  async #put(opened: OpenedOptions, grants: GrantsInForce["grants"]): Promise<void> {
    // What was counted counts on where the rates are the same: nobody gets calls by a change of something else.
    if (!isDeepStrictEqual(boundsOf(opened), boundsOf(this.#opened))) this.#rates = gateOf(opened);
    this.#opened = opened;
    await this.#parts.engine.setPolicy(this.#parts.inForce.set(grants));
  }

  /** Notes the version that is in force. That it cannot be noted changes nothing of that. */
  async #note(history: true | string, by: ChangedBy | "open", diff: PolicyDiff | undefined): Promise<void> {
    const { documents = [], policy } = this.#opened;
    if (policy === undefined) return;
    try {
      const { PolicyHistory } = await import("./live/policy-history.ts");
      new PolicyHistory(history === true ? undefined : history).note({
        version: policy.version,
        component: this.#parts.engine.info.name,
        by,
        files: documents.map(({ file }) => file),
        diff,
      });
    } catch (thrown) {
      process.emitWarning(`the version of the policy could not be noted: ${messageOf(thrown)}`, "CordonWarning");
    }
  }
}

function gateOf({ rates = [] }: OpenedOptions): RateGate | undefined {
  return rates.length === 0 ? undefined : new RateGate(rates);
}

/** The rates without where they are written. */
function boundsOf({ rates = [] }: OpenedOptions): readonly unknown[] {
  return rates.map(({ of, most, per, isLogged }) => [of, most, per, isLogged]);
}
