import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostResult } from "../../src/host/capability.ts";
import type { Descriptor, DescriptorFlags } from "../../src/host/filesystem/wasi/descriptor.ts";
import type { FolderHolding } from "../../src/host/filesystem/folders/held-folder.ts";
import { holdByDescriptor } from "../../src/host/filesystem/folders/hold-by-descriptor.ts";
import { holdByPath } from "../../src/host/filesystem/folders/hold-by-path.ts";
import type { DescriptorStat } from "../../src/host/filesystem/metadata/metadata.ts";
import type { OpenFlags } from "../../src/host/filesystem/opening/open-at.ts";
import { preopens } from "../../src/host/filesystem/wasi/wasi-preopens-binding.ts";
import { wasiFilesystemTypes } from "../../src/host/filesystem/wasi/wasi-types-binding.ts";
import { type ClockGrant, NO_GRANTS, type Preopen } from "../../src/policy/grants.ts";
import type { Limits } from "../../src/shared/limits/limits.ts";
import { callHost, hostContext, type TestContext } from "./host-context.ts";

/** How this system can hold folders: by descriptor, by path. */
export const HOLDINGS: readonly (readonly [string, FolderHolding])[] = [
  ...(process.platform === "linux" ? [["by descriptor", holdByDescriptor] as const] : []),
  ["by path", holdByPath],
];

/** A folder of its own, with `inside` and `outside` in it, removed when it is disposed of. */
export class Playground {
  readonly base: string = realpathSync(mkdtempSync(join(tmpdir(), "cordon-files-")));
  readonly inside: string = join(this.base, "inside");
  readonly outside: string = join(this.base, "outside");

  constructor() {
    mkdirSync(this.inside);
    mkdirSync(this.outside);
  }

  [Symbol.dispose](): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}

/** A playground with files in it, and a secret beside it. */
export function playgroundWithSecret(): Playground {
  const place = new Playground();
  mkdirSync(join(place.inside, "dir/nested"), { recursive: true });
  writeFileSync(join(place.inside, "file"), "inside");
  writeFileSync(join(place.inside, "dir/x"), "inside x");
  writeFileSync(join(place.outside, "O"), "SECRET");
  mkdirSync(join(place.outside, "folder"));
  return place;
}

/** A preopened folder with every right, or with those that are given. */
export function preopen(root: string, options: Partial<Preopen> = {}): Preopen {
  return {
    guest: "/",
    root,
    write: true,
    create: true,
    delete: true,
    maxFileBytes: Number.MAX_SAFE_INTEGER,
    except: [],
    written: root,
    ...options,
  };
}

/** The flags of a path whose links are followed, and of one whose last link is not. */
export const FOLLOW = { symlinkFollow: true } as const;
export const NO_FOLLOW = { symlinkFollow: false } as const;

/** Flags as a short text: `r` read, `w` write, `m` mutate-directory, `c` create, `d` directory, `x` exclusive, `t` truncate. */
export type Flags = string;

/** A guest without WebAssembly: calls `wasi:filesystem` as the runtime does. */
export class Guest {
  readonly context: TestContext;
  readonly folders: readonly Descriptor[];

  constructor(
    granted: readonly Preopen[],
    holding?: FolderHolding,
    limits: Partial<Limits> = {},
    clocks: ClockGrant = NO_GRANTS.clocks,
    now?: () => number,
  ) {
    this.context = hostContext({
      grants: { preopens: granted, clocks },
      limits,
      ...(now === undefined ? {} : { now }),
    });
    const provider = preopens(holding ?? (process.platform === "linux" ? holdByDescriptor : holdByPath));
    const listed = callHost(provider, "get-directories", this.context) as HostResult<[Descriptor, string][]>;
    if (listed.tag === "err") throw new Error("get-directories failed");
    this.folders = listed.val.map(([descriptor]) => descriptor);
  }

  /** The first preopened folder. */
  get root(): Descriptor {
    const [first] = this.folders;
    if (first === undefined) throw new Error("no folder was preopened");
    return first;
  }

  /** A method of a descriptor: its value, or its error code as a string that begins with `!`. */
  async call(method: string, self: unknown, ...parameters: readonly unknown[]): Promise<unknown> {
    const result = await callHost(
      wasiFilesystemTypes,
      method.startsWith("[") || method === "filesystem-error-code" ? method : `[method]descriptor.${method}`,
      this.context,
      self,
      ...parameters,
    );
    return result.tag === "ok" ? result.val : `!${String(result.val)}`;
  }

  /** `open-at`; a descriptor, or an error as in {@link call}. Links are followed unless the flags have an `n`. */
  async open(path: string, flags: Flags = "r", base: unknown = this.root): Promise<unknown> {
    return this.call(
      "open-at",
      base,
      { symlinkFollow: !flags.includes("n") },
      path,
      openFlags(flags),
      descriptorFlags(flags),
    );
  }

  /** Opens what must open. */
  async opened(path: string, flags: Flags = "r", base: unknown = this.root): Promise<Descriptor> {
    const opened = await this.open(path, flags, base);
    if (typeof opened === "string") throw new Error(`${path} did not open: ${opened}`);
    return opened as Descriptor;
  }

  /** The whole content of a file by its path, or an error. */
  async text(path: string, base: unknown = this.root): Promise<string> {
    const opened = await this.open(path, "r", base);
    if (typeof opened === "string") return opened;
    using file = opened as Descriptor;
    return this.content(file);
  }

  /** The whole content of an open file, or an error. */
  async content(file: Descriptor): Promise<string> {
    const read = await this.call("read", file, 1_000_000n, 0n);
    if (typeof read === "string") return read;
    const [bytes] = read as readonly [Uint8Array, boolean];
    return Buffer.from(bytes).toString();
  }

  /** Opens with the flags and writes the text at the beginning; the error, or `undefined`. */
  async put(path: string, text: string, flags: Flags = "wct", base: unknown = this.root): Promise<string | undefined> {
    const opened = await this.open(path, flags, base);
    if (typeof opened === "string") return opened;
    using file = opened as Descriptor;
    const written = await this.call("write", file, Buffer.from(text), 0n);
    return typeof written === "string" ? written : undefined;
  }

  /** `stat-at`. */
  async stat(path: string, follow = true, base: unknown = this.root): Promise<DescriptorStat | string> {
    return (await this.call("stat-at", base, { symlinkFollow: follow }, path)) as DescriptorStat | string;
  }

  /** The names in a folder, sorted, or an error. */
  async list(folder: unknown = this.root): Promise<readonly string[] | string> {
    const stream = await this.call("read-directory", folder);
    if (typeof stream === "string") return stream;
    using entries = stream as Disposable;
    const names: string[] = [];
    for (;;) {
      const entry = await this.call("[method]directory-entry-stream.read-directory-entry", entries);
      if (entry === undefined) return names.toSorted((a, b) => (a < b ? -1 : 1));
      if (typeof entry === "string") return entry;
      names.push((entry as { readonly name: string }).name);
    }
  }

  [Symbol.dispose](): void {
    this.context.abort();
    for (const folder of this.folders) folder[Symbol.dispose]();
  }
}

function openFlags(flags: Flags): OpenFlags {
  return {
    create: flags.includes("c"),
    directory: flags.includes("d"),
    exclusive: flags.includes("x"),
    truncate: flags.includes("t"),
  };
}

function descriptorFlags(flags: Flags): DescriptorFlags {
  return {
    read: flags.includes("r"),
    write: flags.includes("w"),
    fileIntegritySync: flags.includes("S"),
    dataIntegritySync: flags.includes("D"),
    requestedWriteSync: false,
    mutateDirectory: flags.includes("m"),
  };
}
