import type { Grants } from "../../policy/grants.ts";

/** What a guest process may reach, as the operating system is told: the outer bounds of the grants of the calls in it. */
export interface Confinement {
  /** Absolute real paths that may be read, with everything below them. Sorted, none of them twice, none that may be written. */
  readonly read: readonly string[];
  /** The same for what may be read and written. */
  readonly write: readonly string[];
  /** Folders below those that may be written which may only be read. */
  readonly readOnlyWithin: readonly string[];
  /** Whether the network may be used at all. */
  readonly network: boolean;
}

/** The least confinement that the grants of a call fit into. */
export function confinementOf(grants: Grants): Confinement {
  const writing = [
    ...grants.filesystemWrite.map(({ root }) => root),
    ...grants.preopens.filter((preopen) => preopen.write).map(({ root }) => root),
  ];
  const reading = [
    ...grants.filesystemRead.map(({ root }) => root),
    ...grants.preopens.filter((preopen) => !preopen.write).map(({ root }) => root),
  ];
  const write = distinct(writing);
  const except = [...grants.filesystemWrite, ...grants.preopens].flatMap((grant) => grant.except);
  const { network, listen, lookup } = grants;
  return {
    read: distinct(reading).filter((path) => !write.includes(path)),
    write,
    readOnlyWithin: distinct(except).filter((path) => write.some((root) => isWithin(path, root))),
    network: network.allow.length > 0 || listen.length > 0 || lookup.length > 0,
  };
}

/** Whether what fits into `inner` also fits into `outer`, so that a process with the bounds `outer` can serve it. */
export function covers(outer: Confinement, inner: Confinement): boolean {
  const readable = [...outer.read, ...outer.write];
  return (
    (outer.network || !inner.network) &&
    inner.write.every((path) => outer.write.some((root) => isWithin(path, root))) &&
    inner.read.every((path) => readable.some((root) => isWithin(path, root))) &&
    outer.readOnlyWithin.every(
      (path) => inner.readOnlyWithin.includes(path) || !inner.write.some((root) => isWithin(path, root)),
    )
  );
}

function distinct(paths: readonly string[]): readonly string[] {
  return [...new Set(paths)].toSorted();
}

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith("/") || root.endsWith("\\") ? root : `${root}/`);
}
