/** The text of an `err` that a host function returned, in whichever form the guest runtime throws it. */
export function guestErrorText(thrown: unknown): string {
  if (typeof thrown === "string") return thrown;
  if (typeof thrown === "object" && thrown !== null) {
    const { payload, message } = thrown as { payload?: unknown; message?: unknown };
    if (typeof payload === "string") return payload;
    if (typeof message === "string") return message;
  }
  return String(thrown);
}
