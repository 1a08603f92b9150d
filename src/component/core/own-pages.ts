import { unsignedLeb128 } from "../../hardening/write/leb128.ts";
import { readMemoryType, writeMemoryType } from "../../hardening/read/memory-type.ts";
import {
  readSections,
  type Section,
  SECTION,
  wellFormed,
  writeSections,
} from "../../hardening/read/module-sections.ts";
import { walkInstructions } from "../../hardening/read/walk-instructions.ts";
import { ByteReader } from "../../shared/byte-reader.ts";
import type { CoreImported, CoreOutline } from "./outline.ts";
import { pageCode } from "./page-code.ts";

const PREVIEW1 = "wasi_snapshot_preview1";

const FUNCTION_SECTION = 3;
const GLOBAL_SECTION = 6;
/** The order of sections in a module (core specification 5.5.16). */
const ORDER: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

const FUNCTION_KIND = 0x00;
const CALL = 0x10;

/** The most pages a 32-bit memory has. */
const MAX_PAGES = 65_536;
/** What the adapter takes at most, with room to spare; its stack and its state are a page each. */
const ADAPTER_PAGES = 8;

/** What the functions that are added are made of. */
export interface PageLayout {
  readonly initialPages: number;
  /** The module's own maximum, or that of the engine. */
  readonly maximumPages: number;
}

/**
 * Keeps the pages that the preview 1 adapter takes for itself out of the module's sight.
 *
 * The adapter has its stack and state in the module's memory, on pages that it grows it by. Many allocators take the memory to be
 * their own: what `memory.size` tells, and that what `memory.grow` adds follows what was there before. Those of Go,
 * AssemblyScript and TinyGo overwrite the adapter's pages. With this, the two instructions tell of the module's own pages only, and
 * the adapter finds a function, `cabi_realloc_adapter`, which gives it the memory's last pages, as far up as the memory can
 * grow at all.
 *
 * Modules that export a `cabi_realloc` of their own, and those whose one memory is not their own, are left alone. The module has
 * to be valid.
 *
 * @throws CordonError `invalid-component` for an instruction that is not known.
 */
export function withOwnPages(module: Uint8Array, { imports, exports }: CoreOutline): Uint8Array {
  if (exports.has("cabi_realloc") || exports.has("cabi_realloc_adapter")) return module;
  if (!exports.has("memory") || !imports.some((one) => one.module === PREVIEW1)) return module;
  const sections = readSections(module).filter(({ id, content }) => id !== SECTION.custom || !isAboutOffsets(content));
  const byId = new Map(sections.map((section) => [section.id, section.content]));
  const [memories, code] = [byId.get(SECTION.memory), byId.get(SECTION.code)];
  if (memories === undefined || code === undefined) return module;
  return wellFormed(() => {
    const reader = new ByteReader(memories);
    if (reader.count() !== 1) return module;
    const memory = readMemoryType(reader);
    if (memory.address64) return module;
    const layout = { initialPages: memory.initialPages, maximumPages: memory.maximumPages ?? MAX_PAGES };
    const maximumPages = Math.min(MAX_PAGES, layout.maximumPages + ADAPTER_PAGES);
    const types = countOf(byId.get(SECTION.type));
    if (importsOf("memory", imports) > 0) return module;
    const functions = importsOf("function", imports) + countOf(byId.get(FUNCTION_SECTION));
    const added = pageCode(layout, importsOf("global", imports) + countOf(byId.get(GLOBAL_SECTION)));
    const [size, grow, allocate] = [functions, functions + 1, functions + 2];
    const changed = new Map<number, Uint8Array>([
      [SECTION.type, appended(byId.get(SECTION.type), added.types)],
      [
        FUNCTION_SECTION,
        appended(
          byId.get(FUNCTION_SECTION),
          added.types.map((_type, index) => unsignedLeb128(types + index)),
        ),
      ],
      [SECTION.memory, Buffer.concat([unsignedLeb128(1), writeMemoryType({ ...memory, maximumPages })])],
      [GLOBAL_SECTION, appended(byId.get(GLOBAL_SECTION), added.globals)],
      [SECTION.export, appended(byId.get(SECTION.export), [exportOf("cabi_realloc_adapter", allocate)])],
      [SECTION.code, appended(rewritten(code, size, grow), added.bodies)],
    ]);
    return writeSections(placed(sections, changed));
  });
}

function importsOf(kind: CoreImported["extern"]["kind"], imports: readonly CoreImported[]): number {
  return imports.filter(({ extern }) => extern.kind === kind).length;
}

/** Sections whose content names places within functions, which move. */
function isAboutOffsets(content: Uint8Array): boolean {
  const reader = new ByteReader(content);
  const name = Buffer.from(reader.bytes(reader.u32())).toString("latin1");
  return name.startsWith("metadata.code.") || name.startsWith(".debug_") || name.startsWith("reloc.");
}

/** The code section with calls where the memory's size is asked for or changed. */
function rewritten(code: Uint8Array, size: number, grow: number): Uint8Array {
  const reader = new ByteReader(code);
  const count = reader.count();
  const parts: Uint8Array[] = [unsignedLeb128(count)];
  for (let left = count; left > 0; left -= 1) {
    const body = reader.sub(reader.u32());
    const { offset: start, end } = body;
    const pieces: Uint8Array[] = [];
    let kept = start;
    const replace = (target: number) => (_memory: number, from: number, to: number) => {
      pieces.push(code.subarray(kept, from), Uint8Array.of(CALL), unsignedLeb128(target));
      kept = to;
    };
    walkInstructions(body, { memorySize: replace(size), memoryGrow: replace(grow) });
    pieces.push(code.subarray(kept, end));
    parts.push(unsignedLeb128(pieces.reduce((sum, piece) => sum + piece.length, 0)), ...pieces);
  }
  return Buffer.concat(parts);
}

/** The sections with some changed, and those among them that were not there put where they belong. */
function placed(sections: readonly Section[], changed: ReadonlyMap<number, Uint8Array>): readonly Section[] {
  const result = sections.map((section) => ({ id: section.id, content: changed.get(section.id) ?? section.content }));
  for (const [id, content] of changed) {
    if (result.some((section) => section.id === id)) continue;
    const later = new Set(ORDER.slice(ORDER.indexOf(id) + 1));
    const at = result.findIndex((section) => later.has(section.id));
    result.splice(at < 0 ? result.length : at, 0, { id, content });
  }
  return result;
}

function countOf(content: Uint8Array | undefined): number {
  return content === undefined ? 0 : new ByteReader(content).count();
}

/** A section that is a vector, with more elements. */
function appended(content: Uint8Array | undefined, elements: readonly Uint8Array[]): Uint8Array {
  const reader = new ByteReader(content ?? Uint8Array.of(0));
  const count = reader.count();
  const existing = reader.bytes(reader.remaining);
  return Buffer.concat([unsignedLeb128(count + elements.length), existing, ...elements]);
}

function exportOf(name: string, index: number): Uint8Array {
  const bytes = Buffer.from(name, "utf8");
  return Buffer.concat([unsignedLeb128(bytes.length), bytes, Uint8Array.of(FUNCTION_KIND), unsignedLeb128(index)]);
}
