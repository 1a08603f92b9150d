import { type HandleValues, normalizeValue } from "../../component/values/check-value.ts";
import type { Ended, Ending } from "../../runtime/pending.ts";
import { CordonError } from "../../shared/errors.ts";
import type { WitFunction, WitType } from "../../shared/wit/wit.ts";

/**
 * An ending that a process reported which a guest may have taken over: a value that is not of the function's type, or an error
 * that the function has none of, is a fault.
 *
 * @param handles What becomes of handles in it; without it there may be none.
 */
export function checkEnding(ended: Ended, called: WitFunction, handles?: HandleValues): Ended {
  try {
    return { ...ended, ending: checked(ended.ending, called, handles) };
  } catch (thrown) {
    if (!(thrown instanceof CordonError)) throw thrown;
    return { ...ended, ending: { kind: "fault", message: "its process returned what is not of the function's type" } };
  }
}

function checked(ending: Ending, { result }: WitFunction, handles: HandleValues | undefined): Ending {
  if (ending.kind === "value") {
    const type = result?.kind === "result" ? result.ok : result;
    return { kind: "value", value: ofType(ending.value, type, handles) };
  }
  if (ending.kind === "guest-error") {
    if (result?.kind !== "result") throw new CordonError("host", "Cannot take an error of a function without one");
    return { kind: "guest-error", payload: ofType(ending.payload, result.err, handles) };
  }
  return ending;
}

function ofType(value: unknown, type: WitType | undefined, handles: HandleValues | undefined): unknown {
  return type === undefined ? undefined : normalizeValue(value, type, "take the result", handles);
}
