import fc from "fast-check";

/** How many code points are halves of surrogate pairs, and the first of them. */
const [SURROGATES, FIRST_SURROGATE] = [0x800, 0xd800];
const CODE_POINTS = 0x11_0000 - SURROGATES;

/**
 * Any character of Unicode. As the unit `binary` of fast-check, which makes a table of all of them in each process that uses it: two
 * seconds of a processor.
 */
const anyCharacter: fc.Arbitrary<string> = fc.nat(CODE_POINTS - 1).map(
  (index) => String.fromCodePoint(index < FIRST_SURROGATE ? index : index + SURROGATES),
  (character) => {
    const code = typeof character === "string" ? (character.codePointAt(0) ?? -1) : -1;
    const index = code < FIRST_SURROGATE ? code : code - SURROGATES;
    if (
      index < 0 ||
      (code >= FIRST_SURROGATE && code < FIRST_SURROGATE + SURROGATES) ||
      character !== String.fromCodePoint(code)
    ) {
      throw new Error("it is no character");
    }
    return index;
  },
);

/** Text of any characters. */
export function anyText(
  lengths: { readonly minLength?: number; readonly maxLength?: number } = {},
): fc.Arbitrary<string> {
  return fc.string({ ...lengths, unit: anyCharacter });
}

/** A URL whose path holds any characters, percent-encoded where they have to be. */
export function anyUrl(): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom("http", "https"), fc.webAuthority(), fc.array(anyText({ maxLength: 8 }), { maxLength: 3 }))
    .map(
      ([scheme, authority, path]) =>
        `${scheme}://${authority}${path.map((part) => `/${encodeURIComponent(part)}`).join("")}`,
    );
}

/** A host, perhaps with a port, behind the name of a user. */
export function anyUserAtHost(): fc.Arbitrary<string> {
  return fc
    .tuple(anyText({ maxLength: 8 }), fc.webAuthority())
    .map(([user, authority]) => `${encodeURIComponent(user)}@${authority}`);
}
