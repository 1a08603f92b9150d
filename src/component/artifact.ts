import { createHash } from "node:crypto";
import type { ProgramTables } from "./bound-instances.ts";
import type { CoreModuleShape } from "../shared/core-module.ts";
import { CordonError } from "../shared/errors.ts";
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
  /** Set for a core module that is run as it is: it has no glue. */
  readonly core?: CoreModuleShape | undefined;
  /** The tables of all its instances together. */
  readonly tables: ProgramTables;
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
  readonly core?: CoreModuleShape;
  readonly tables: ProgramTables;
}

const MAGIC = Buffer.from("CORDON\u0001\n", "latin1");
const HASH_BYTES = 32;

/**
 * Writes an artifact as one file: magic, header length (u32 LE), JSON header, glue, core modules, SHA-256 of all that. Its buffer holds
 * nothing else.
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
      core: artifact.core,
      tables: artifact.tables,
    }),
    "utf8",
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const parts = [MAGIC, length, header, glue, ...artifact.modules.map((module) => module.bytes)];
  const contentBytes = parts.reduce((total, part) => total + part.length, 0);
  const encoded = new Uint8Array(contentBytes + HASH_BYTES);
  let at = 0;
  for (const part of parts) {
    encoded.set(part, at);
    at += part.length;
  }
  encoded.set(createHash("sha256").update(encoded.subarray(0, contentBytes)).digest(), contentBytes);
  return encoded;
}

/**
 * Reads what {@link encodeArtifact} wrote.
 *
 * @throws CordonError `host` when the bytes are truncated, altered or of another format.
 */
export function decodeArtifact(bytes: Uint8Array): Artifact {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const content = buffer.subarray(0, Math.max(0, buffer.length - HASH_BYTES));
  const intact =
    content.length >= MAGIC.length + 4 &&
    content.subarray(0, MAGIC.length).equals(MAGIC) &&
    createHash("sha256").update(content).digest().equals(buffer.subarray(content.length));
  if (!intact) throw new CordonError("host", "Cannot use a cached artifact: it is truncated or was altered");

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
    modules: header.modules.map(({ name, bytes: size, memories }) => ({ name, bytes: take(size), memories })),
    instantiations: header.instantiations,
    preview1: header.preview1,
    core: header.core,
    tables: header.tables,
  };
}
