import { nodeCrypto } from "../shared/node-modules.ts";
import type { ProgramTables } from "./bound-instances.ts";
import type { CoreModuleShape } from "../shared/plan/core-module.ts";
import { CordonError } from "../shared/errors.ts";
import { hashInTurns } from "../shared/hash-in-turns.ts";
import type { MemoryDeclaration } from "../shared/plan/hardening-profile.ts";
import type { Plan } from "../shared/plan/plan.ts";
import type { ComponentInterface } from "../shared/wit/wit.ts";

/** A core module of an artifact, already hardened. */
export interface ArtifactModule {
  /** The name that instantiations have it by. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly memories: readonly MemoryDeclaration[];
}

/** A component made ready to run: planned and hardened. */
export interface Artifact {
  /** SHA-256 of the component it was made from, `sha256:` and hex. */
  readonly digest: string;
  readonly interface: ComponentInterface;
  /** Set for a component: how it is instantiated. */
  readonly plan?: Plan | undefined;
  readonly modules: readonly ArtifactModule[];
  /** Names of the modules in the order in which they are instantiated. */
  readonly instantiations: readonly string[];
  /** Set for a core module that is run as it is: it has no plan. */
  readonly core?: CoreModuleShape | undefined;
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
  readonly plan?: Plan;
  readonly modules: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly memories: MemoryDeclaration[];
  }[];
  readonly instantiations: readonly string[];
  readonly core?: CoreModuleShape;
  readonly tables: ProgramTables;
  readonly heapBytes: number;
  readonly typeKeyBytes: number;
}

const MAGIC = Buffer.from("CORDON\u0001\n", "latin1");
const HASH_BYTES = 32;

/**
 * Writes an artifact as one file: magic, header length (u32 LE), JSON header, keys of types, core modules, SHA-256 of all that. Its
 * buffer holds nothing else.
 */
export function encodeArtifact(artifact: Artifact): Uint8Array<ArrayBuffer> {
  const header = Buffer.from(
    JSON.stringify({
      digest: artifact.digest,
      interface: artifact.interface,
      plan: artifact.plan,
      modules: artifact.modules.map(({ name, bytes, memories }) => ({ name, bytes: bytes.length, memories })),
      instantiations: artifact.instantiations,
      core: artifact.core,
      tables: artifact.tables,
      heapBytes: artifact.heapBytes,
      typeKeyBytes: artifact.typeKeys.length,
    }),
    "utf8",
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const all = [MAGIC, length, header, artifact.typeKeys, ...artifact.modules.map((module) => module.bytes)];
  const contentBytes = all.reduce((total, part) => total + part.length, 0);
  const encoded = new Uint8Array(contentBytes + HASH_BYTES);
  let at = 0;
  for (const part of all) {
    encoded.set(part, at);
    at += part.length;
  }
  encoded.set(nodeCrypto().createHash("sha256").update(encoded.subarray(0, contentBytes)).digest(), contentBytes);
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
    ...(header.plan === undefined ? {} : { plan: header.plan }),
    typeKeys: take(header.typeKeyBytes),
    modules: header.modules.map(({ name, bytes: size, memories }) => ({ name, bytes: take(size), memories })),
    instantiations: header.instantiations,
    ...(header.core === undefined ? {} : { core: header.core }),
    tables: header.tables,
    heapBytes: header.heapBytes,
  };
}

function parts(bytes: Uint8Array): { readonly content: Buffer; readonly hash: Buffer } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = Math.max(0, buffer.length - HASH_BYTES);
  return { content: buffer.subarray(0, end), hash: buffer.subarray(end) };
}
