import type { AccessEventType } from "../audit/event.ts";
import type { HostContext } from "./capability.ts";
import { type PerInvocation, perInvocation } from "./per-invocation.ts";
import { cutResource } from "./text.ts";

/** Something that was opened since a policy allowed it. */
export interface UnderPolicy {
  /** For the event of its end. */
  readonly eventType: AccessEventType;
  readonly action: string;
  readonly resource: string;
  /**
   * Why the policy that is in force now does not allow it any more, one line; `undefined` when it still does. Narrows it to what is
   * still allowed. What it throws is a reason, too.
   */
  readonly recheck: () => string | undefined;
  /** Closes it for good, and ends what waits for it. Whatever is tried with it from then on is refused. */
  readonly revoke: (reason: string) => void;
}

/** What is open for an invocation under its policy. */
class Opened {
  readonly #context: HostContext;
  readonly #opened = new Set<UnderPolicy>();

  constructor(context: HostContext) {
    this.#context = context;
    context.onPolicyChange(() => this.#recheck());
  }

  add(one: UnderPolicy): () => void {
    this.#opened.add(one);
    return () => void this.#opened.delete(one);
  }

  #recheck(): void {
    for (const one of this.#opened) {
      const reason = this.#opened.has(one) ? problemOf(one) : undefined;
      if (reason !== undefined) this.#revoke(one, reason);
    }
  }

  #revoke(one: UnderPolicy, reason: string): void {
    this.#opened.delete(one);
    const { eventType, action, resource } = one;
    this.#context.observe({
      eventType,
      action,
      resource: cutResource(resource),
      result: "Denied",
      reason: `it was closed, since the policy has changed: ${reason}`,
    });
    try {
      one.revoke(reason);
    } catch {
      // It is closed all the same, as what is closed at the end of its invocation.
    }
  }
}

function problemOf(one: UnderPolicy): string | undefined {
  try {
    return one.recheck();
  } catch {
    return "whether it is still allowed cannot be found out";
  }
}

const opened: PerInvocation<Opened> = perInvocation((context) => new Opened(context));

/**
 * Has something checked whenever the policy changes, and closed for good when it is not allowed any more: granting again revives nothing.
 * Whatever a guest opens, begins or waits for by a grant comes by here. What is returned takes that back, for what was closed before.
 */
export function underPolicy(context: HostContext, one: UnderPolicy): () => void {
  return opened(context).add(one);
}
