import type { Waitable } from "../io/streams.ts";
import { Wakeups } from "../io/wakeups.ts";
import { underPolicy } from "../under-policy.ts";
import { canonicalAddress } from "../net/addresses.ts";
import { checkLookup } from "../net/check.ts";
import { parseGuestHost } from "../net/host.ts";
import { allowsResolved, coversName } from "../net/rule-match.ts";
import { perInvocation } from "../per-invocation.ts";
import { quote } from "../text.ts";
import { nodeDns } from "../../shared/node-modules.ts";
import { type IpAddress, toIpAddress } from "./socket-address.ts";
import { type ErrorCode, fail, resolverErrorOf, type SocketResult, succeed } from "./socket-errors.ts";
import type { SocketSession } from "./socket-session.ts";

const ACTION = "ip-name-lookup.resolve-addresses";

/** More addresses than this of one name are left out. */
const MAX_ADDRESSES = 16;

/** Turns a DNS name into addresses; rejects when there are none. */
export type LookupAll = (name: string) => Promise<readonly string[]>;

/** The operating system's resolver: its hosts file, then DNS. */
export const systemLookup: LookupAll = async (name) =>
  (await nodeDns().lookup(name, { all: true, order: "verbatim" })).map(({ address }) => address);

/** A `wasi:sockets/ip-name-lookup.resolve-address-stream`. */
export class ResolveAddressStream implements Waitable {
  readonly #wakeups = new Wakeups();
  #outcome: { readonly left: IpAddress[] } | { readonly error: ErrorCode } | undefined;
  #disposed = false;
  #isRevoked = false;
  #dropped: (() => void) | undefined;

  resolveNextAddress(): SocketResult<IpAddress | undefined> {
    if (this.#outcome === undefined) return fail("would-block");
    return "error" in this.#outcome ? fail(this.#outcome.error) : succeed(this.#outcome.left.shift());
  }

  ready(): boolean {
    return this.#disposed || this.#outcome !== undefined;
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.#wakeups.wait(signal);
  }

  /** Whether the policy does not allow the lookup any more. */
  get isRevoked(): boolean {
    return this.#isRevoked;
  }

  /** Whether the guest has dropped it, so that nobody wants the answer. */
  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** Gives it the addresses. */
  settle(addresses: readonly string[]): void {
    if (this.#isRevoked) return;
    this.#outcome = { left: addresses.map(toIpAddress) };
    this.#wakeups.wake();
  }

  /** Gives it the reason that there are none. */
  failWith(error: ErrorCode): void {
    if (this.#isRevoked) return;
    this.#outcome = { error };
    this.#wakeups.wake();
  }

  /** It gives no address any more, also none that it has. */
  revoke(): void {
    this.failWith("access-denied");
    this.#isRevoked = true;
  }

  /** Has a function called when the guest drops it. */
  whenDropped(dropped: () => void): void {
    this.#dropped = dropped;
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#dropped?.();
    this.#wakeups.wake();
  }
}

/**
 * The lookups of one invocation, one after the other: each takes a thread of the process until the resolver answers, and others
 * need them too.
 */
class LookupQueue {
  #last: Promise<void> = Promise.resolve();

  add(lookup: () => Promise<void>): void {
    this.#last = this.#last.then(lookup);
  }
}

const lookups = perInvocation(() => new LookupQueue());

/**
 * Starts to look up a name. An address is its own answer and needs no grant; `localhost` is answered without a lookup. Of what
 * a name leads to, the guest learns what the rule that grants the lookup covers: public addresses, for `any` every address.
 */
export function resolveAddresses(
  session: SocketSession,
  written: string,
  lookup: LookupAll = systemLookup,
): SocketResult<ResolveAddressStream> {
  const host = parseGuestHost(written);
  if (host === undefined) return fail("invalid-argument");
  const stream = new ResolveAddressStream();
  if (host.kind === "address") {
    if (isMapped(host.address)) return fail("invalid-argument");
    stream.settle([host.address]);
    return succeed(stream);
  }
  const { name } = host;
  const { context } = session;
  if (session.denies(ACTION, name, checkLookup(context.grants.lookup, name))) return fail("access-denied");
  session.uses(ACTION, name, { kind: "lookup", name });
  const forget = underPolicy(context, {
    eventType: "NetworkAccess",
    action: ACTION,
    resource: name,
    recheck: () => {
      const decision = checkLookup(context.grants.lookup, name);
      return decision.allowed ? undefined : decision.reason;
    },
    revoke: () => stream.revoke(),
  });
  stream.whenDropped(forget);
  const answer = (found: readonly string[]): void => {
    if (stream.isRevoked) return;
    const { lookup: rules } = context.grants;
    const addresses = new Set<string>();
    for (const one of found) {
      const address = canonicalAddress(one);
      if (address === undefined || isMapped(address) || addresses.size >= MAX_ADDRESSES) continue;
      if (rules.some(({ target }) => coversName(target, name) && allowsResolved(target, host, address))) {
        addresses.add(address);
      }
    }
    if (addresses.size === 0) {
      session.observe(
        ACTION,
        name,
        "Denied",
        `${quote(name)} leads to no public address; only a rule for any name covers others`,
      );
      return stream.failWith("name-unresolvable");
    }
    // One address that is allowed is enough.
    const [first] = addresses;
    session.uses(ACTION, name, { kind: "lookup", name, ...(first === undefined ? {} : { address: first }) });
    for (const address of addresses) session.remember(name, address);
    session.observe(ACTION, name, "Allowed");
    stream.settle([...addresses]);
  };
  if (name === "localhost") {
    answer(["127.0.0.1", "::1"]);
    return succeed(stream);
  }
  lookups(session.context).add(async () => {
    if (stream.isDisposed || stream.isRevoked || session.context.signal.aborted) return;
    try {
      const found = await lookup(name);
      if (!session.context.signal.aborted) answer(found);
    } catch (error) {
      if (session.context.signal.aborted) return;
      session.observe(ACTION, name, "Error", resolverErrorOf(error));
      stream.failWith(resolverErrorOf(error));
    }
  });
  return succeed(stream);
}

function isMapped(address: string): boolean {
  return address.startsWith("::ffff:");
}
