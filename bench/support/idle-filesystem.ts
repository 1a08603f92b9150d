import type { Interface } from "./bare.ts";

const MEGABYTE = 1024 * 1024;
const BYTES = new Uint8Array(MEGABYTE);

/**
 * The imports of the lean file guest as functions that do nothing and answer something of the right form, so that what is
 * left is what the engine costs.
 *
 * @param entries How many entries a folder has.
 */
export function idleFilesystem(entries: number): Readonly<Record<string, Interface>> {
  class InputStream {
    blockingRead(length: bigint): unknown {
      return { tag: "ok", val: BYTES.subarray(0, Number(length)) };
    }
    [Symbol.dispose](): void {}
  }
  class DirectoryEntryStream {
    #left = entries;
    readDirectoryEntry(): unknown {
      this.#left -= 1;
      return { tag: "ok", val: this.#left < 0 ? undefined : { type: "regular-file", name: "entry-1234" } };
    }
    [Symbol.dispose](): void {}
  }
  class Descriptor {
    getType(): unknown {
      return { tag: "ok", val: "directory" };
    }
    openAt(): unknown {
      return { tag: "ok", val: new Descriptor() };
    }
    read(length: bigint): unknown {
      return { tag: "ok", val: [BYTES.subarray(0, Number(length)), false] };
    }
    write(bytes: Uint8Array): unknown {
      return { tag: "ok", val: BigInt(bytes.length) };
    }
    readViaStream(): unknown {
      return { tag: "ok", val: new InputStream() };
    }
    readDirectory(): unknown {
      return { tag: "ok", val: new DirectoryEntryStream() };
    }
    [Symbol.dispose](): void {}
  }
  class StreamFailure {
    [Symbol.dispose](): void {}
  }
  return {
    "wasi:io/error": { Error: StreamFailure },
    "wasi:io/streams": { InputStream },
    "wasi:clocks/monotonic-clock": { now: () => process.hrtime.bigint() },
    "wasi:filesystem/types": { Descriptor, DirectoryEntryStream },
    "wasi:filesystem/preopens": { getDirectories: () => [[new Descriptor(), "/"]] },
  };
}
