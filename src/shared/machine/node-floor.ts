/** The oldest Node that Cordon runs on, as people say it. `package.json` and the documentation name the same. */
export const NODE_FLOOR = "24.21";

/** Whether Cordon runs on a version of Node, such as `26.10.0`. */
export function isSupportedNode(version: string): boolean {
  const [leastMajor = 0, leastMinor = 0] = NODE_FLOOR.split(".").map(Number);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
