/** What the fields of a message say of its body's length. */
export type DeclaredLength =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly bytes: number }
  /** Several, or not a number: what follows would depend on who reads it. */
  | { readonly kind: "invalid" };

/** Reads the values of `content-length`. */
export function declaredLength(values: readonly Uint8Array[]): DeclaredLength {
  const [value] = values;
  if (value === undefined) return { kind: "none" };
  const text = Buffer.from(value).toString("latin1");
  if (values.length > 1 || !/^[0-9]{1,15}$/u.test(text)) return { kind: "invalid" };
  return { kind: "bytes", bytes: Number(text) };
}
