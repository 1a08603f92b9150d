import { readFileSync, statfsSync, statSync } from "node:fs";

/**
 * What a file system is to guests.
 *
 * - `ordinary`: files that somebody put there.
 * - `devices-and-settings`: the kernel's devices and settings, such as `/dev`, `/sys` and control groups; to be read, not to be changed.
 * - `processes`: `/proc`, which shows the memory, environment and open files of every process, the host's own among them.
 * - `kernel-only`: the kernel's other views of itself, such as its traces; neither to be read nor to be changed.
 */
export type FileSystemKind = "ordinary" | "devices-and-settings" | "processes" | "kernel-only";

/** `f_type` of `statfs(2)`, from `linux/magic.h` and the sources of those that are not in it. */
const BY_MAGIC: ReadonlyMap<number, FileSystemKind> = new Map<number, FileSystemKind>([
  [0x9fa0, "processes"],
  ...[
    0x62656572, // sysfs
    0x27e0eb, // cgroup, cpuset
    0x63677270, // cgroup2
    0x1cd1, // devpts
  ].map((magic) => [magic, "devices-and-settings"] as const),
  ...[
    0x64626720, // debugfs
    0x74726163, // tracefs
    0x73636673, // securityfs
    0xf97cff8c, // selinuxfs
    0x43415d53, // smackfs
    0x5a3c69f0, // apparmorfs
    0x62656570, // configfs
    0x6165676c, // pstore
    0xde5e81e4, // efivarfs
    0xcafe4a11, // bpf
    0x42494e4d, // binfmt_misc
    0x6c6f6f70, // binder
    0x65735543, // fusectl
    0x19800202, // mqueue
    0x958458f6, // hugetlbfs
    0x67596969, // rpc_pipefs
    0x6e667364, // nfsd
    0x07655821, // resctrl
    0x0a647361, // functionfs
    0xaee71ee7, // gadgetfs
    0xabba1974, // xenfs
    0x9fa1, // openpromfs
    0x9fa2, // usbdevfs
    0x66726f6d, // ibmasmfs
    0x23c9b64e, // spufs
    0x00687970, // hypfs of s390
    0x6f70726f, // oprofilefs
    0x76a9f425, // ocfs2_dlmfs
    0x6e736673, // nsfs
    0x50494446, // pidfs
    0x50495045, // pipefs
    0x534f434b, // sockfs
    0x09041934, // anon_inodefs
    0x62646576, // bdev
    0x64646178, // dax
    0x444d4142, // dma-buf
    0x454d444d, // devmem
    0x5345434d, // secretmem
    0x474d454d, // guest_memfd
    0x0bad1dea, // futexfs
    0x11307854, // mtd_inodefs
    0x13661366, // balloon
    0x58295829, // zsmalloc
  ].map((magic) => [magic, "kernel-only"] as const),
]);

/** Those with one of these may be the kernel's or not: devtmpfs is made of tmpfs or ramfs, and lxcfs shows /proc through FUSE. */
const AMBIGUOUS: ReadonlySet<number> = new Set([0x01021994, 0x858458f6, 0x65735546]);

/** The types in the table of mounts of those that are the kernel's. */
const KERNEL_TYPES: ReadonlySet<string> = new Set(["devtmpfs", "fuse.lxcfs"]);

/** The table of this process's mounts. */
export const MOUNT_TABLE = "/proc/self/mountinfo";

/**
 * Tells the kernel's file systems from others by what they are, wherever they are mounted and whatever a folder is called. Each is
 * looked up once. Numbers of devices are used again after an unmount, so that what is remembered is for one call of a guest only.
 */
export class FileSystems {
  readonly #known = new Map<number, FileSystemKind>();

  /** What was found out before of the file system with this number. */
  known(device: number | bigint): FileSystemKind | undefined {
    return this.#known.get(Number(device));
  }

  /**
   * What the file system is that a file is on.
   *
   * @param device The file's, as `stat` has it.
   * @param path Leads to it, or to another one on the same file system. A link at its end would be followed.
   */
  of(device: number | bigint, path: () => string): FileSystemKind {
    const known = this.known(device);
    if (known !== undefined) return known;
    const number = Number(device);
    const found = process.platform === "linux" ? kindOnLinux(number, path()) : kindElsewhere(number);
    this.#known.set(number, found);
    return found;
  }
}

function kindOnLinux(device: number, path: string): FileSystemKind {
  // On 32-bit machines the number is signed.
  const magic = statfsSync(path).type >>> 0;
  const known = BY_MAGIC.get(magic);
  if (known !== undefined) return known;
  return AMBIGUOUS.has(magic) && isKernels(device) ? "devices-and-settings" : "ordinary";
}

/** Whether a mount of this device is one of the kernel's, or is what the machine, or its container, has for `/dev`. */
function isKernels(device: number): boolean {
  let table: string;
  try {
    table = readFileSync(MOUNT_TABLE, "latin1");
  } catch {
    // Without the table none of them can be told from those, and none is changed.
    return true;
  }
  return table.split("\n").some((line) => {
    // 24 27 0:6 / /dev rw,relatime shared:2 - devtmpfs devtmpfs rw,mode=755
    const [before = "", after = ""] = line.split(" - ");
    const [, , numbers = "", , mountPoint] = before.split(" ");
    if (deviceNumber(numbers) !== device) return false;
    return mountPoint === "/dev" || KERNEL_TYPES.has(after.split(" ")[0] ?? "");
  });
}

/** `MAJOR:MINOR` as the one number that `stat` tells. */
function deviceNumber(numbers: string): number {
  const [major = Number.NaN, minor = Number.NaN] = numbers.split(":").map(Number);
  const high = Math.floor(major / 0x1000) * 2 ** 44 + Math.floor(minor / 0x100) * 2 ** 20;
  return high + (major % 0x1000) * 0x100 + (minor % 0x100);
}

/** macOS has a file system for devices, and some systems of the BSD family have one of processes. */
function kindElsewhere(device: number): FileSystemKind {
  if (process.platform === "win32") return "ordinary";
  const root = deviceOf("/");
  if (device === root) return "ordinary";
  if (device === deviceOf("/dev")) return "devices-and-settings";
  return device === deviceOf("/proc") ? "processes" : "ordinary";
}

function deviceOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.dev;
}
