import type { NetworkGrant } from "../../policy/grants.ts";
import { checkAddress, checkTarget, type Target } from "../net/check.ts";

/** The request that an exchange has come to, as far as the policy has to allow it as long as it goes on. */
export class HopUnderWay {
  readonly #revoked = new AbortController();
  #target: Target | undefined;
  /** Those that a connection may be made to, or was. */
  addresses: readonly string[] = [];

  /** Aborted when the policy does not allow it any more. */
  get revoked(): AbortSignal {
    return this.#revoked.signal;
  }

  /** A request begins; its addresses are not known yet. */
  begin(target: Target): void {
    this.#target = target;
    this.addresses = [];
  }

  revoke(): void {
    this.#revoked.abort();
  }

  /** Why a grant does not allow it, one line. */
  problem(grant: NetworkGrant): string | undefined {
    return this.#target === undefined ? undefined : reachProblem(grant, this.#target, this.addresses);
  }
}

/** Why a grant does not allow a target, or one of the addresses that it is reached at. */
export function reachProblem(grant: NetworkGrant, target: Target, addresses: readonly string[]): string | undefined {
  const decisions = [
    checkTarget(grant, target),
    ...addresses.map((address) => checkAddress(grant, { ...target, address })),
  ];
  const denial = decisions.find(({ allowed }) => !allowed);
  return denial?.allowed === false ? denial.reason : undefined;
}
