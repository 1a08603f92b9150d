import type { AuditRecorder } from "../../audit/recorder.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Limits } from "../../shared/limits.ts";
import type { Engine } from "../engine.ts";
import type { ComponentSource } from "../loading/source.ts";
import type { PolicyInput, ReadSandboxOptions } from "../options/sandbox-options.ts";
import type { GrantsInForce } from "./grants-in-force.ts";
import type { OpenedOptions, PolicyInUse } from "./policy-in-use.ts";

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
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(parts: PolicySwitchParts) {
    this.#parts = parts;
    this.#opened = parts.opened;
  }

  get policy(): PolicyInUse | undefined {
    return this.#opened.policy;
  }

  /** The limits of calls that set none of their own. */
  get limits(): Limits {
    return this.#opened.limits;
  }

  /** What no limit of a call may pass. */
  get mostLimits(): Partial<Limits> {
    return this.#opened.mostLimits ?? {};
  }

  /**
   * Puts other documents in force. Resolves when no host call goes by those before any more.
   *
   * @throws CordonError when it cannot be done; then those before stay in force.
   */
  replace(input: PolicyInput, by: ChangedBy): Promise<PolicyInUse | undefined> {
    const replaced = this.#last.then(() => this.#replace(input, by));
    this.#last = replaced.catch(() => undefined);
    return replaced;
  }

  /** No policy is put in force any more. */
  close(): void {
    this.#isClosed = true;
  }

  async #replace(input: PolicyInput, by: ChangedBy): Promise<PolicyInUse | undefined> {
    const { recorder } = this.#parts;
    try {
      const { nextPolicy } = await import("./next-policy.ts");
      const next = await nextPolicy(this.#parts, this.#opened, input);
      if (this.#isClosed) return this.#opened.policy;
      const before = this.#opened.policy?.version;
      const held = this.#put(next.opened, next.grants);
      const { policy } = next.opened;
      recorder.policyChanged(
        {
          action: `policy.${by}`,
          resource: (policy?.documents ?? []).join(" "),
          result: "Allowed",
          reason: `${before ?? "no document"} -> ${policy?.version ?? "no document"}`,
        },
        { version: policy?.version },
      );
      await held;
      return policy;
    } catch (thrown) {
      recorder.policyChanged({
        action: `policy.${by}`,
        resource: (this.#opened.policy?.documents ?? []).join(" "),
        result: "Error",
        reason: `the policy before stays in force: ${messageOf(thrown).replaceAll(/[\r\n]+/gu, " ")}`,
      });
      throw thrown;
    }
  }

  /** In one step: nothing comes between. */
  async #put(opened: OpenedOptions, grants: GrantsInForce["grants"]): Promise<void> {
    this.#opened = opened;
    await this.#parts.engine.setPolicy(this.#parts.inForce.set(grants));
  }
}
