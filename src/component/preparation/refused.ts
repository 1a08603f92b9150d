import { CordonError, type ErrorCode, type LimitDetail, messageOf } from "../../shared/errors.ts";
import { reasonWith, type Remedy } from "../../shared/text/remedy.ts";

/** Why a thread did not do its part of the work on a component, as threads report it to each other. */
export interface Refused {
  readonly type: "refused";
  readonly code: ErrorCode;
  readonly message: string;
  readonly limit: LimitDetail | undefined;
  readonly remedies: readonly Remedy[] | undefined;
}

/** What was thrown, to be sent to another thread. */
export function refusedFor(thrown: unknown): Refused {
  const known = thrown instanceof CordonError ? thrown : undefined;
  return {
    type: "refused",
    code: known?.code ?? "invalid-component",
    message: known?.message ?? `Cannot load the component: ${messageOf(thrown)}`,
    limit: known?.limit,
    remedies: known?.remedies,
  };
}

/** The error that another thread reported. */
export function errorOf({ code, message, limit, remedies }: Refused): CordonError {
  return new CordonError(code, reasonWith(message, remedies), {
    ...(limit === undefined ? {} : { limit }),
    ...(remedies === undefined ? {} : { remedies }),
  });
}
