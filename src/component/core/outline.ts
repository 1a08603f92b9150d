import { readMemoryType } from "../../hardening/read/memory-type.ts";
import { type Section, SECTION } from "../../hardening/read/module-sections.ts";
import { refuseUnbounded } from "../../hardening/bound/refuse-unbounded.ts";
import type { MemoryDeclaration } from "../../shared/plan/hardening-profile.ts";
import { ByteReader, MalformedError } from "../../shared/byte-reader.ts";
import { CordonError } from "../../shared/errors.ts";
import { type DecodeBounds, DEFAULT_DECODE_BOUNDS } from "../binary/bounds.ts";
import { readCustomSection } from "../binary/custom-section.ts";
import { Decoding, type Producer } from "../binary/decoding.ts";

const PREAMBLE_BYTES = 8;
const FUNCTION_SECTION = 3;

/** What an import or export of a core module is. */
export type CoreExtern =
  /** `type` is printed, such as `(i32, i32) -> i32`. */
  | { readonly kind: "function"; readonly type: string }
  | {
      readonly kind: "memory";
      /** Its position among the module's memories. */
      readonly index: number;
      readonly address64: boolean;
      readonly shared: boolean;
    }
  | { readonly kind: "table" | "global" | "tag" };

/** What a core module imports. */
export interface CoreImported {
  readonly module: string;
  readonly name: string;
  readonly extern: CoreExtern;
}

/** What a core module's bytes say of it. All of it comes from whoever made the module. */
export interface CoreOutline {
  readonly imports: readonly CoreImported[];
  readonly exports: ReadonlyMap<string, CoreExtern>;
  /** Whether it carries WIT for tools that make components, in custom sections named `component-type`. */
  readonly hasWit: boolean;
  /** The tools that made it, each once. */
  readonly producers: readonly Producer[];
}

const KINDS = ["function", "table", "memory", "global", "tag"] as const;

const VALUE_TYPES: Readonly<Record<number, string>> = {
  0x7f: "i32",
  0x7e: "i64",
  0x7d: "f32",
  0x7c: "f64",
  0x7b: "v128",
  0x70: "funcref",
  0x6f: "externref",
};
const NULLABLE_REFERENCE = 0x63;
const REFERENCE = 0x64;

const WIT_SECTION = "component-type";

/**
 * Reads the imports and exports of a core module (core specification 5.5) with their types. The bytes may be hostile: work is
 * bounded by `bounds`. Function bodies are not read; what is read here is not valid for that.
 *
 * @throws CordonError `invalid-component` if the bytes are malformed, naming the offset; `limit` if a bound is exceeded;
 * `unsupported` for garbage-collected types and shared memory.
 */
export function outlineOf(module: Uint8Array, bounds: DecodeBounds = DEFAULT_DECODE_BOUNDS): CoreOutline {
  const decoding = new Decoding(module, bounds);
  try {
    return new OutlineReader(decoding).read();
  } catch (thrown) {
    if (!(thrown instanceof MalformedError)) throw thrown;
    throw new CordonError(
      "invalid-component",
      `Cannot load the core module: ${thrown.message}; it has to be built or downloaded again`,
      { cause: thrown },
    );
  }
}

class OutlineReader {
  readonly #decoding: Decoding;
  readonly #sections: Map<number, ByteReader> = new Map();
  #hasWit = false;
  readonly #types: string[] = [];
  /** The index spaces, imports before definitions. */
  readonly #functions: number[] = [];
  readonly #memories: MemoryDeclaration[] = [];

  constructor(decoding: Decoding) {
    this.#decoding = decoding;
  }

  read(): CoreOutline {
    this.#split();
    this.#readTypes();
    const imports = this.#readImports();
    this.#each(FUNCTION_SECTION, (reader) => this.#functions.push(reader.u32()));
    this.#each(SECTION.memory, (reader) => this.#memories.push(readMemoryType(reader)));
    const exports = this.#readExports();
    return { imports, exports, hasWit: this.#hasWit, producers: [...this.#decoding.producers.values()] };
  }

  #split(): void {
    const reader = new ByteReader(this.#decoding.bytes, PREAMBLE_BYTES);
    const checked: Section[] = [];
    while (reader.remaining > 0) {
      this.#decoding.charge(1);
      const start = reader.offset;
      const id = reader.u8();
      const section = reader.sub(reader.u32());
      if (id === SECTION.custom) {
        this.#readCustom(section);
        continue;
      }
      if (this.#sections.has(id)) reader.fail(`a second section of id ${id}`, start);
      this.#sections.set(id, section);
      checked.push({ id, content: this.#decoding.bytes.subarray(section.offset, section.end) });
    }
    // Leaves types of functions only, which is all that is read below.
    // Whether threads are allowed is said when it is hardened.
    refuseUnbounded(checked, { threads: true });
  }

  #readCustom(section: ByteReader): void {
    const start = section.offset;
    const length = section.u32();
    const name = section.bytes(length);
    const starts = Buffer.from(name.buffer, name.byteOffset, Math.min(length, WIT_SECTION.length)).toString("latin1");
    if (starts === WIT_SECTION) this.#hasWit = true;
    readCustomSection(this.#decoding, new ByteReader(this.#decoding.bytes, start, section.end));
  }

  #readTypes(): void {
    this.#each(SECTION.type, (reader) => {
      reader.u8();
      const parameters = this.#valueTypes(reader);
      const results = this.#valueTypes(reader);
      this.#types.push(
        `(${parameters.join(", ")}) -> ${results.length === 1 ? results[0] : `(${results.join(", ")})`}`,
      );
    });
  }

  #valueTypes(reader: ByteReader): readonly string[] {
    return Array.from({ length: this.#decoding.elements(reader) }, () => {
      const code = reader.u8();
      if (code !== NULLABLE_REFERENCE && code !== REFERENCE) return VALUE_TYPES[code] ?? "another type";
      reader.s33();
      return "ref";
    });
  }

  #readImports(): readonly CoreImported[] {
    const imports: CoreImported[] = [];
    this.#each(SECTION.import, (reader) => {
      const module = this.#decoding.anyName(reader);
      const name = this.#decoding.anyName(reader);
      imports.push({ module, name, extern: this.#importedExtern(reader) });
    });
    return imports;
  }

  #importedExtern(reader: ByteReader): CoreExtern {
    const kind = this.#kind(reader);
    switch (kind) {
      case "function":
        this.#functions.push(reader.u32());
        return this.#function(this.#functions.length - 1, reader);
      case "memory":
        this.#memories.push(readMemoryType(reader));
        return this.#memory(this.#memories.length - 1, reader);
      case "table": {
        skipValueType(reader);
        const flags = reader.u8();
        const skipSize = (flags & 0x04) === 0 ? () => void reader.u32() : () => void reader.u64();
        skipSize();
        if ((flags & 0x01) !== 0) skipSize();
        return { kind };
      }
      case "global":
        skipValueType(reader);
        reader.u8();
        return { kind };
      case "tag":
        reader.u8();
        reader.u32();
        return { kind };
    }
  }

  #readExports(): ReadonlyMap<string, CoreExtern> {
    const exports = new Map<string, CoreExtern>();
    this.#each(SECTION.export, (reader) => {
      const start = reader.offset;
      const name = this.#decoding.anyName(reader);
      const kind = this.#kind(reader);
      const index = reader.u32();
      if (exports.has(name)) reader.fail("a second export of the same name", start);
      if (kind === "function") exports.set(name, this.#function(index, reader));
      else if (kind === "memory") exports.set(name, this.#memory(index, reader));
      else exports.set(name, { kind });
    });
    return exports;
  }

  #kind(reader: ByteReader): (typeof KINDS)[number] {
    return KINDS[reader.u8()] ?? reader.fail("an import or export of unknown kind", reader.offset - 1);
  }

  #function(index: number, reader: ByteReader): CoreExtern {
    const type = this.#types[this.#functions[index] ?? -1];
    return type === undefined ? reader.fail(`there is no function ${index} with a type`) : { kind: "function", type };
  }

  #memory(index: number, reader: ByteReader): CoreExtern {
    const { address64, shared } = this.#memories[index] ?? reader.fail(`there is no memory ${index}`);
    return { kind: "memory", index, address64, shared };
  }

  /** Reads the vector that a section is, if it is there, to its end. */
  #each(id: number, read: (reader: ByteReader) => void): void {
    const reader = this.#sections.get(id);
    if (reader === undefined) return;
    for (let left = this.#decoding.elements(reader); left > 0; left -= 1) read(reader);
    if (reader.remaining > 0) reader.fail(`bytes after the last element of section ${id}`);
  }
}

function skipValueType(reader: ByteReader): void {
  const code = reader.u8();
  if (code === NULLABLE_REFERENCE || code === REFERENCE) reader.s33();
}
