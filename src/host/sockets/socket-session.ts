import type { Limits } from "../../shared/limits/limits.ts";
import type { Remedy } from "../../shared/text/remedy.ts";
import type { AuditObservation } from "../../audit/event.ts";
import type { Use } from "../../shared/use.ts";
import type { Decision } from "../../policy/decision.ts";
import type { HostContext } from "../capability.ts";
import { perInvocation } from "../per-invocation.ts";
import { cutResource } from "../text.ts";
import { reportUses } from "../uses.ts";
import { PacedMeter } from "./paced-meter.ts";

/** How many looked-up addresses an invocation's names are remembered for. The oldest is forgotten for a new one. */
const MAX_KNOWN_ADDRESSES = 1_024;
/** How many names are remembered for one address. */
const MAX_NAMES = 16;

/** What the sockets of one invocation share. */
export class SocketSession {
  readonly context: HostContext;
  readonly read: PacedMeter;
  readonly write: PacedMeter;
  readonly #names = new Map<string, string[]>();
  #overQuota = false;

  constructor(context: HostContext) {
    this.context = context;
    this.read = new PacedMeter(context.meters.read, context.limits.readBytesPerSecond);
    this.write = new PacedMeter(context.meters.write, context.limits.writeBytesPerSecond);
  }

  /** The names that led to an address in this invocation. */
  namesOf(address: string): readonly string[] {
    return this.#names.get(address) ?? [];
  }

  /** Remembers that a name led to an address. Both are in canonical form. */
  remember(name: string, address: string): void {
    const names = this.#names.get(address) ?? [];
    if (names.includes(name)) return;
    this.#names.delete(address);
    const [oldest] = this.#names.keys();
    if (this.#names.size >= MAX_KNOWN_ADDRESSES && oldest !== undefined) this.#names.delete(oldest);
    this.#names.set(address, [...names, name].slice(-MAX_NAMES));
  }

  /** Records an access to the network. */
  observe(
    action: string,
    resource: string,
    result: AuditObservation["result"],
    reason?: string,
    remedies?: readonly Remedy[],
  ): void {
    this.context.observe({
      eventType: "NetworkAccess",
      action,
      resource: cutResource(resource),
      result,
      ...(reason === undefined ? {} : { reason }),
      ...(remedies === undefined ? {} : { remedies }),
    });
  }

  /** Records a decision when it is a denial, and says whether it is one. */
  denies(action: string, resource: string, decision: Decision): boolean {
    if (decision.allowed) return false;
    this.observe(action, resource, "Denied", decision.reason, decision.remedies);
    return true;
  }

  /** Tells what an access that was allowed took of the grants. */
  uses(action: string, resource: string, ...uses: readonly Use[]): void {
    reportUses(this.context, { eventType: "NetworkAccess", action, resource: cutResource(resource) }, uses);
  }

  /** Records that a limit stopped the guest. */
  observeLimit(action: string, resource: string, reason: string, limit: keyof Limits): void {
    this.context.observe({
      eventType: "PolicyViolation",
      action,
      resource: cutResource(resource),
      result: "Denied",
      reason,
      remedies: [{ setting: `limits.${limit}` }],
    });
  }

  /** Records, once for the invocation, that it has moved as many bytes as it may. */
  observeQuota(action: string, resource: string, limit: "maxReadBytes" | "maxWriteBytes"): void {
    if (this.#overQuota) return;
    this.#overQuota = true;
    this.observeLimit(action, resource, "the guest moved as many bytes as it may", limit);
  }
}

/** The sockets of an invocation. */
export const socketSession: (context: HostContext) => SocketSession = perInvocation(
  (context) => new SocketSession(context),
);
