/** `rights` of preview 1: the position of each in the set. */
const POSITION = {
  fdDatasync: 0,
  fdRead: 1,
  fdSeek: 2,
  fdFdstatSetFlags: 3,
  fdSync: 4,
  fdTell: 5,
  fdWrite: 6,
  fdAdvise: 7,
  fdAllocate: 8,
  pathCreateDirectory: 9,
  pathCreateFile: 10,
  pathLinkSource: 11,
  pathLinkTarget: 12,
  pathOpen: 13,
  fdReaddir: 14,
  pathReadlink: 15,
  pathRenameSource: 16,
  pathRenameTarget: 17,
  pathFilestatGet: 18,
  pathFilestatSetSize: 19,
  pathFilestatSetTimes: 20,
  fdFilestatGet: 21,
  fdFilestatSetSize: 22,
  fdFilestatSetTimes: 23,
  pathSymlink: 24,
  pathRemoveDirectory: 25,
  pathUnlinkFile: 26,
  pollFdReadwrite: 27,
  sockShutdown: 28,
  sockAccept: 29,
} as const;

/** A right's name. */
export type Right = keyof typeof POSITION;

/** A set of rights as preview 1 writes it. */
export function rights(...names: readonly Right[]): bigint {
  return names.reduce((set, name) => set | (1n << BigInt(POSITION[name])), 0n);
}

/** All there are. */
export const ALL_RIGHTS: bigint = (1n << BigInt(Object.keys(POSITION).length)) - 1n;

/**
 * What a preopened folder is said to allow, and the descriptors opened from it: programs check these before they try anything.
 * They are the same for all grants; what is granted is decided by each call.
 */
export const PREOPEN_RIGHTS: bigint = rights(
  "pathCreateDirectory",
  "pathCreateFile",
  "pathLinkSource",
  "pathLinkTarget",
  "pathOpen",
  "fdReaddir",
  "pathReadlink",
  "pathRenameSource",
  "pathRenameTarget",
  "pathSymlink",
  "pathRemoveDirectory",
  "pathUnlinkFile",
  "pathFilestatGet",
  "pathFilestatSetTimes",
  "fdFilestatGet",
  "fdFilestatSetTimes",
);

export const PREOPEN_INHERITING: bigint =
  PREOPEN_RIGHTS |
  rights(
    "fdDatasync",
    "fdRead",
    "fdSeek",
    "fdFdstatSetFlags",
    "fdSync",
    "fdTell",
    "fdWrite",
    "fdAdvise",
    "fdAllocate",
    "fdFilestatSetSize",
    "pollFdReadwrite",
  );
