import type { Grants } from "../../policy/grants.ts";

/** What a guest process may reach, as the operating system is told: the outer bounds of the grants of the calls in it. */
export interface Confinement {
  /**
   * Absolute real paths of files and folders that may be read, with everything below them. Sorted; none is twice there, and none
   * lies within another or within one that may be written.
   */
  readonly read: readonly string[];
  /** The same for what may be read and written; none lies within another. */
  readonly write: readonly string[];
  /** Folders below those that may be written which may only be read. */
  readonly readOnlyWithin: readonly string[];
  /** Whether the network may be used at all. */
  readonly network: boolean;
}

/** The least confinement that the grants of a call fit into. */
export function confinementOf(grants: Grants): Confinement {
  const { filesystemRead, filesystemWrite, preopens } = grants;
  const writable = preopens.filter((preopen) => preopen.write);
  const writing = [...filesystemWrite, ...writable].filter(({ root, except }) => !isWithinAny(root, except));
  const reading = [...filesystemRead, ...preopens.filter((preopen) => !preopen.write)];
  const except = [...filesystemWrite, ...preopens].flatMap((grant) => grant.except);
  const write = outermost(writing.map(({ root }) => root));
  const { network, listen, lookup } = grants;
  return {
    // What a guest reaches through a grant for writing is not to be less writable because it may also be read through another.
    read: outermost(reading.map(({ root }) => root)).filter((path) => !isWithinAny(path, write)),
    write,
    readOnlyWithin: [...new Set(except)].filter((path) => isWithinAny(path, write)).toSorted(),
    network: network.allow.length > 0 || listen.length > 0 || lookup.length > 0,
  };
}

/** Whether what fits into `inner` also fits into `outer`, so that a process with the bounds `outer` can serve it. */
export function covers(outer: Confinement, inner: Confinement): boolean {
  return (
    (outer.network || !inner.network) &&
    inner.write.every((path) => isWithinAny(path, outer.write)) &&
    inner.read.every((path) => isWithinAny(path, [...outer.read, ...outer.write])) &&
    outer.readOnlyWithin.every(
      (path) => inner.readOnlyWithin.includes(path) || !inner.write.some((root) => isWithin(path, root)),
    )
  );
}

/** The paths that lie within none of the others, sorted. */
export function outermost(paths: readonly string[]): readonly string[] {
  const distinct = [...new Set(paths)].toSorted();
  return distinct.filter((path) => !distinct.some((other) => other !== path && isWithin(path, other)));
}

/** Whether a path is one of these, or lies within one. */
export function isWithinAny(path: string, roots: readonly string[]): boolean {
  return roots.some((root) => isWithin(path, root));
}

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith("/") || root.endsWith("\\") ? root : `${root}/`);
}
