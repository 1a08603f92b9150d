/**
 * The JavaScript names of what WIT names: those of the `heck` crate, which the JavaScript Component Tools (jco) use, too. Words are
 * split at everything that is no ASCII letter or digit, and at changes of case inside a word; a digit
 * never starts a new word. So `URL-get` becomes `urlGet`, `get-URL2` becomes
 * `getUrl2`, `a-b-c1` becomes `aBC1`, and `a-1b` becomes `a1b`, the same as `a1b` itself. Names that JavaScript reserves,
 * such as `delete`, stay as they are: they are property keys.
 */

/** `get-URL2` as `getUrl2`: functions, methods, record fields and flags. Cases of variants and enums keep their names. */
export function camelCase(name: string): string {
  return joined(name, false);
}

/** `my-URL-thing` as `MyUrlThing`: resources. */
export function upperCamelCase(name: string): string {
  return joined(name, true);
}

function joined(name: string, upperFirst: boolean): string {
  return wordsOf(name)
    .map((word, index) => {
      const lower = word.toLowerCase();
      return index === 0 && !upperFirst ? lower : lower.slice(0, 1).toUpperCase() + lower.slice(1);
    })
    .join("");
}

function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z][0-9]*)(?=[A-Z])/g, "$1 ")
    .replaceAll(/([A-Z][0-9]*)(?=[A-Z][a-z])/g, "$1 ")
    .split(/[^a-zA-Z0-9]+/)
    .filter((word) => word !== "");
}
