/** The grammar of names (https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#import-and-export-definitions). */

const HYPHEN = 0x2d;

/** Whether it is a name of a field, case, parameter or plain import: words of one case each, the first with a letter first. */
export function isLabel(text: string): boolean {
  let words = 0;
  let letters: "none" | "lower" | "upper" = "none";
  let length = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === HYPHEN) {
      if (length === 0) return false;
      words += 1;
      letters = "none";
      length = 0;
      continue;
    }
    const isDigit = code >= 0x30 && code <= 0x39;
    if (isDigit ? words === 0 && length === 0 : !isLetter(code)) return false;
    const letterCase: "none" | "lower" | "upper" = isDigit ? letters : code >= 0x61 ? "lower" : "upper";
    if (letters !== "none" && letterCase !== letters) return false;
    letters = letterCase;
    length += 1;
  }
  return length > 0;
}

function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
}

function isLowerLabel(text: string): boolean {
  return isLabel(text) && text === text.toLowerCase();
}

/** What labels are compared by: `a-b` and `A-b` cannot stand side by side. */
export function canonicalLabel(label: string): string {
  return label.toLowerCase();
}

/** The name of an import or export, by its parts. */
export type ParsedName =
  | { readonly kind: "label" }
  | { readonly kind: "constructor"; readonly resource: string }
  | { readonly kind: "method" | "static"; readonly resource: string; readonly label: string }
  | { readonly kind: "interface"; readonly version: string | undefined };

const ANNOTATED = /^\[(constructor|method|static)\](.*)$/s;
const BRACKET = 0x5b;

/** Parses a name, but for the version of an interface; undefined when it is none. */
export function parseName(name: string): ParsedName | undefined {
  if (name.includes(":")) return parseInterfaceName(name);
  if (name.charCodeAt(0) !== BRACKET) return isLabel(name) ? { kind: "label" } : undefined;
  const [, annotation, rest = ""] = ANNOTATED.exec(name) ?? [];
  if (annotation === undefined) return undefined;
  if (annotation === "constructor") return isLabel(rest) ? { kind: "constructor", resource: rest } : undefined;
  const dot = rest.indexOf(".");
  const [resource, label] = [rest.slice(0, dot), rest.slice(dot + 1)];
  if (dot < 0 || !isLabel(resource) || !isLabel(label)) return undefined;
  return { kind: annotation === "method" ? "method" : "static", resource, label };
}

function parseInterfaceName(name: string): ParsedName | undefined {
  const slash = name.indexOf("/");
  const [namespace = "", pack = "", ...rest] = name.slice(0, Math.max(slash, 0)).split(":");
  const at = name.indexOf("@", slash);
  const projection = name.slice(slash + 1, at < 0 ? undefined : at);
  if (rest.length > 0 || !isLowerLabel(namespace) || !isLowerLabel(pack) || !isLabel(projection)) {
    return undefined;
  }
  return { kind: "interface", version: at < 0 ? undefined : name.slice(at + 1) };
}

/**
 * What the names of imports, or of exports, are compared by: no two may have the same. A method and a static function of
 * one name conflict, and each with the label of its resource if it has the same.
 */
export function canonicalName(name: string, parsed: ParsedName): string {
  switch (parsed.kind) {
    case "label":
      return canonicalLabel(name);
    case "constructor":
      return `[constructor]${canonicalLabel(parsed.resource)}`;
    case "method":
    case "static": {
      const [resource, label] = [canonicalLabel(parsed.resource), canonicalLabel(parsed.label)];
      return resource === label ? resource : `${resource}.${label}`;
    }
    case "interface": {
      const at = name.indexOf("@");
      const path = at < 0 ? name : name.slice(0, at);
      return canonicalLabel(path) + (at < 0 ? "" : name.slice(at));
    }
  }
}

const NUMBER = "(?:0|[1-9][0-9]*)";
const IDENTIFIERS = String.raw`[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*`;
const VERSION = new RegExp(
  String.raw`^(${NUMBER})\.(${NUMBER})\.(${NUMBER})(?:-(${IDENTIFIERS}))?(?:\+(${IDENTIFIERS}))?$`,
);
/** Numbers are of 64 bits. */
const MAX_NUMBER = 2n ** 64n - 1n;

/** Whether the version of an interface's name, with the suffix it has beside the name, is one. */
export function isVersion(version: string | undefined, suffix: string | undefined): boolean {
  if (version === undefined) return suffix === undefined;
  const full = version + (suffix ?? "");
  const [, major, minor, patch, prerelease] = VERSION.exec(full) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) return false;
  if ([major, minor, patch].some((number) => BigInt(number) > MAX_NUMBER)) return false;
  if (prerelease?.split(".").some((part) => /^0[0-9]+$/.test(part)) === true) return false;
  return suffix === undefined || version === canonicalVersion(full, { major, minor, prerelease });
}

/** What versions that are compatible have in common. */
function canonicalVersion(
  full: string,
  {
    major,
    minor,
    prerelease,
  }: { readonly major: string; readonly minor: string; readonly prerelease: string | undefined },
): string {
  if (prerelease === undefined && major !== "0") return major;
  if (prerelease === undefined && minor !== "0") return `0.${minor}`;
  return full.split("+")[0] ?? full;
}
