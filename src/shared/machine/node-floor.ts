/** The oldest Node that Cordon runs on, as people say it. `package.json` and the documentation name the same. */
export const NODE_FLOOR = "24.21";

/** Whether Cordon runs on a version of Node, such as `26.10.0`. */
export function isSupportedNode(version: string): boolean {
  const [leastMajor = 0, leastMinor = 0] = NODE_FLOOR.split(".").map(Number);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

/** What runs this instead of Node, with its version, such as `Bun 1.4.5`; `undefined` where it is Node, or is not told. */
export function otherRuntime(versions: { readonly [name: string]: string | undefined }): string | undefined {
  for (const [name, key] of [
    ["Bun", "bun"],
    ["Deno", "deno"],
  ] as const) {
    const version = versions[key];
    if (version !== undefined) return `${name} ${version}`;
  }
  return undefined;
}
