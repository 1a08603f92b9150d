/** The name of an interface without its version: `wasi:io/streams` of `wasi:io/streams@0.2.3`. */
export function withoutVersion(name: string): string {
  const at = name.indexOf("@");
  return at < 0 ? name : name.slice(0, at);
}

/** The name with its version, if it has one. */
export function versionedName(name: string, version: string | undefined): string {
  return version === undefined ? name : `${name}@${version}`;
}

/**
 * The versions of WASI that one implementation serves: all of 0.2, which only adds to itself, and what they have in common.
 * Release candidates are none.
 */
const SERVED_WASI = /^0\.2(?:\.\d{1,9})?$/;

/**
 * The provided interface that serves a wanted name. Names of the `wasi` namespace need a version that is compatible; those of
 * others that are written with a version, as `NAME@VERSION` in `provided`, match by semantic versioning's rules for what is
 * before and after 1.0.0, the same version before others; those without a version match exactly.
 */
export function findProvided<T extends { readonly name: string; readonly version?: string }>(
  wanted: string,
  provided: readonly T[],
): T | undefined {
  const name = withoutVersion(wanted);
  const version = wanted.length === name.length ? undefined : wanted.slice(name.length + 1);
  const serving = provided.filter((one) => one.name === name && serves(name, one.version, version));
  return serving.find((one) => one.version === version) ?? serving[0];
}

/** An interface that is imported or exported, by its names. */
export interface NamedInterface {
  readonly name: string;
  readonly implements?: string;
}

/** The full name of an interface: the one that it says it implements, where it has a name of the component's own. */
export function fullName({ name, implements: implemented }: NamedInterface): string {
  return implemented ?? name;
}

/**
 * The provided interface that serves an imported one. A name of the component's own, such as `primary`, is provided as such, or
 * else by the interface that it says it implements: the embedder can tell two of one interface apart, and needs not.
 */
export function findServing<T extends { readonly name: string; readonly version?: string }>(
  imported: NamedInterface,
  provided: readonly T[],
): T | undefined {
  const own = imported.name.includes(":") ? undefined : findProvided(imported.name, provided);
  return own ?? findProvided(fullName(imported), provided);
}

function serves(name: string, provided: string | undefined, wanted: string | undefined): boolean {
  if (name.startsWith("wasi:")) return wanted !== undefined && SERVED_WASI.test(wanted);
  if (provided === undefined || wanted === undefined) return provided === wanted;
  return compatibility(provided) !== undefined && compatibility(provided) === compatibility(wanted);
}

/** What two versions have in common that are compatible, which can stand for them; `undefined` for what is no release. */
function compatibility(version: string): string | undefined {
  if (/^(?:[1-9]\d{0,8}|0\.[1-9]\d{0,8})$/.test(version)) return version;
  const [, major, minor, patch] = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/.exec(version) ?? [];
  if (major !== "0") return major;
  return minor === "0" ? `0.0.${patch}` : `0.${minor}`;
}
