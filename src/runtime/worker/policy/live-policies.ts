import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { Grants } from "../../../policy/grants.ts";
import type { PolicyChange, PolicyInForce } from "../../policy/policy-in-force.ts";

/** Where a thread is sent policies: the word that counts them, and the port that they come by. */
export interface PolicySource {
  /** How many were sent, modulo 2^32. */
  readonly count: () => number;
  readonly port: MessagePort;
}

/** The policies of the guests of one thread. They change while the guests run. */
export class LivePolicies {
  readonly #source: PolicySource;
  readonly #held = new Map<string, Set<HeldPolicy>>();
  /** Those that came ahead of the message about them, behind which no invocation is sent with an earlier one. */
  readonly #ahead = new Map<string, PolicyInForce>();
  readonly #changed = new Set<HeldPolicy>();
  #seen = 0;

  constructor(source: PolicySource) {
    this.#source = source;
  }

  /** The policy of a guest of this program, which follows the changes until it is released. */
  hold(programId: string, sent: PolicyInForce): HeldPolicy {
    const held = new HeldPolicy(this, programId, this.#latest(programId, sent));
    const all = this.#held.get(programId);
    if (all === undefined) this.#held.set(programId, new Set([held]));
    else all.add(held);
    return held;
  }

  release(held: HeldPolicy): void {
    const all = this.#held.get(held.programId);
    all?.delete(held);
    if (all?.size === 0) this.#held.delete(held.programId);
    this.#changed.delete(held);
  }

  /**
   * Before anything is done for a guest: whatever was opened under a policy that has changed, for any guest, is checked against the new one.
   *
   * @throws Error when a change was announced and has not come: nothing is done under a policy that may be an old one.
   */
  enter(): void {
    if (this.#source.count() !== this.#seen) this.#take();
    if (this.#changed.size > 0) this.settle();
  }

  /** Takes what has come, in the middle of something: what was opened is checked right after it. */
  refresh(): void {
    if (this.#source.count() === this.#seen) return;
    this.#take();
    queueMicrotask(() => this.settle());
  }

  /** Checks what was opened under policies that have changed. */
  settle(): void {
    for (const held of this.#changed) {
      this.#changed.delete(held);
      held.settle();
    }
  }

  /** The message about a policy has come: whatever was sent before it is here. */
  announced(programId: string, generation: number): void {
    this.enter();
    if (this.#ahead.get(programId)?.generation === generation) this.#ahead.delete(programId);
  }

  #latest(programId: string, sent: PolicyInForce): PolicyInForce {
    const ahead = this.#ahead.get(programId);
    return ahead !== undefined && ahead.generation > sent.generation ? ahead : sent;
  }

  #take(): void {
    // Counted first: what comes after that is taken the next time, if not now.
    const sent = this.#source.count();
    for (let received = this.#next(); received !== undefined; received = this.#next()) {
      this.#seen = (this.#seen + 1) | 0;
      const { programId, generation, grants } = received;
      this.#ahead.set(programId, { generation, grants });
      for (const held of this.#held.get(programId) ?? [])
        if (held.take({ generation, grants })) this.#changed.add(held);
    }
    if (((sent - this.#seen) | 0) > 0) throw new Error("the policy has changed, and the new one is not here");
  }

  #next(): PolicyChange | undefined {
    const received: { readonly message: PolicyChange } | undefined = receiveMessageOnPort(this.#source.port);
    return received?.message;
  }
}

/** What one guest is granted now. */
export class HeldPolicy {
  readonly programId: string;
  readonly #policies: LivePolicies;
  readonly #listeners: (() => void)[] = [];
  #current: PolicyInForce;

  constructor(policies: LivePolicies, programId: string, current: PolicyInForce) {
    this.#policies = policies;
    this.programId = programId;
    this.#current = current;
  }

  get grants(): Grants {
    this.#policies.refresh();
    return this.#current.grants;
  }

  /** Has `changed` called whenever it has changed; it is not to throw. */
  onChange(changed: () => void): void {
    this.#listeners.push(changed);
  }

  /** A later policy holds; false when it is none. */
  take(policy: PolicyInForce): boolean {
    if (policy.generation <= this.#current.generation) return false;
    this.#current = policy;
    return true;
  }

  settle(): void {
    for (const changed of this.#listeners) changed();
  }

  release(): void {
    this.#policies.release(this);
  }
}
