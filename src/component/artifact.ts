import { createHash } from "node:crypto";
import type { ProgramTables } from "./bound-instances.ts";
import { CordonError } from "../shared/errors.ts";
import { hashInTurns } from "../shared/hash-in-turns.ts";
import type { MemoryDeclaration } from "../shared/hardening-profile.ts";
import type { ComponentInterface } from "../shared/wit.ts";

/** A core module of an artifact, already hardened. */
export interface ArtifactModule {
  /** The name by which the glue asks for it. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly memories: readonly MemoryDeclaration[];
}

/** A component made ready to run: transpiled and hardened. */
export interface Artifact {
  /** SHA-256 of the component it was made from, `sha256:` and hex. */
  readonly digest: string;
  readonly interface: ComponentInterface;
  /** The body of a function that returns the glue's `instantiate`. */
  readonly glue: string;
  readonly modules: readonly ArtifactModule[];
  /** Names of the modules in the order in which the glue instantiates them. */
  readonly instantiations: readonly string[];
  /** Whether it was made of a core module, which speaks WASI preview 1 through an adapter. */
  readonly preview1: boolean;
  /** The tables of all its instances together. */
  readonly tables: ProgramTables;
  /** What it takes of the heap of the thread that instantiates it, in bytes: see `bound-instances.ts`. */
  readonly heapBytes: number;
  /** The function types of its modules, one key after the other: see `type-keys.ts`. */
  readonly typeKeys: Uint8Array;
}

interface Header {
  readonly digest: string;
  readonly interface: ComponentInterface;
  readonly glueBytes: number;
  readonly modules: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly memories: MemoryDeclaration[];
  }[];
  readonly instantiations: readonly string[];
  readonly preview1: boolean;
  readonly tables: ProgramTables;
  readonly heapBytes: number;
  readonly typeKeyBytes: number;
}

const MAGIC = Buffer.from("CORDON\u0001\n", "latin1");
const HASH_BYTES = 32;

/**
 * Writes an artifact as one file: magic, header length (u32 LE), JSON header, glue, keys of types, core modules, SHA-256 of all that. Its
 * buffer holds nothing else.
 */
export function encodeArtifact(artifact: Artifact): Uint8Array<ArrayBuffer> {
  const glue = Buffer.from(artifact.glue, "utf8");
  const header = Buffer.from(
    JSON.stringify({
      digest: artifact.digest,
      interface: artifact.interface,
      glueBytes: glue.length,
      modules: artifact.modules.map(({ name, bytes, memories }) => ({ name, bytes: bytes.length, memories })),
      instantiations: artifact.instantiations,
      preview1: artifact.preview1,
      tables: artifact.tables,
      heapBytes: artifact.heapBytes,
      typeKeyBytes: artifact.typeKeys.length,
    }),
    "utf8",
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const all = [MAGIC, length, header, glue, artifact.typeKeys, ...artifact.modules.map((module) => module.bytes)];
  const contentBytes = all.reduce((total, part) => total + part.length, 0);
  const encoded = new Uint8Array(contentBytes + HASH_BYTES);
  let at = 0;
  for (const part of all) {
    encoded.set(part, at);
    at += part.length;
  }
  encoded.set(createHash("sha256").update(encoded.subarray(0, contentBytes)).digest(), contentBytes);
  return encoded;
}

/**
 * Reads what {@link encodeArtifact} wrote, if it is that still.
 *
 * @throws CordonError `host` when the bytes are truncated, altered or of another format; the signal's reason, once it is aborted.
 */
export async function decodeArtifact(bytes: Uint8Array, signal?: AbortSignal): Promise<Artifact> {
  const { content, hash } = parts(bytes);
  const intact =
    content.length >= MAGIC.length + 4 &&
    content.subarray(0, MAGIC.length).equals(MAGIC) &&
    (await hashInTurns(content, signal)).equals(hash);
  if (!intact) throw new CordonError("host", "Cannot use a cached artifact: it is truncated or was altered");
  return readArtifact(bytes);
}

/** Reads what {@link encodeArtifact} wrote in this process: nobody can have altered it. */
export function readArtifact(bytes: Uint8Array): Artifact {
  const { content } = parts(bytes);
  let offset = MAGIC.length + 4;
  const take = (size: number): Buffer => {
    const part = content.subarray(offset, offset + size);
    offset += size;
    return part;
  };
  const header = JSON.parse(take(content.readUInt32LE(MAGIC.length)).toString("utf8")) as Header;
  return {
    digest: header.digest,
    interface: header.interface,
    glue: take(header.glueBytes).toString("utf8"),
    typeKeys: take(header.typeKeyBytes),
    modules: header.modules.map(({ name, bytes: size, memories }) => ({ name, bytes: take(size), memories })),
    instantiations: header.instantiations,
    preview1: header.preview1,
    tables: header.tables,
    heapBytes: header.heapBytes,
  };
}

function parts(bytes: Uint8Array): { readonly content: Buffer; readonly hash: Buffer } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = Math.max(0, buffer.length - HASH_BYTES);
  return { content: buffer.subarray(0, end), hash: buffer.subarray(end) };
}
