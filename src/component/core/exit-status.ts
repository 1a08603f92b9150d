import { readImports } from "../../hardening/read/import-section.ts";
import { unsignedLeb128 } from "../../hardening/write/leb128.ts";
import {
  readSections,
  SECTION,
  type Section,
  wellFormed,
  writeSections,
} from "../../hardening/read/module-sections.ts";
import { ByteReader } from "../../shared/byte-reader.ts";

/** Longest name of a custom section that is looked at, in bytes. */
const MAX_NAME_BYTES = 100_000;

const PREVIEW1 = "wasi_snapshot_preview1";
const EXIT = { module: "wasi:cli/exit@0.2.12", name: "exit-with-code" } as const;

/**
 * Has a preview 1 program exit through `wasi:cli/exit#exit-with-code`, which takes the status that `proc_exit` is given; the
 * adapter only tells success from failure.
 *
 * @param world A core module whose custom sections declare that import, as `wasm-tools component embed` writes them.
 * @throws CordonError `invalid-component` when an import section is malformed.
 */
export function withExitStatus(program: Uint8Array, world: Uint8Array): Uint8Array {
  const sections = readSections(program);
  const imports = sections.find(({ id }) => id === SECTION.import);
  const content = imports === undefined ? undefined : wellFormed(() => withExitImport(imports.content));
  if (content === undefined) return program;
  const declared = readSections(world).filter(isComponentType);
  return writeSections([...sections.map((one) => (one === imports ? { ...one, content } : one)), ...declared]);
}

/** The import section with every `proc_exit` renamed; `undefined` when there is none. */
function withExitImport(content: Uint8Array): Uint8Array | undefined {
  const exits = readImports(content).imports.filter(
    ({ module, name, kind }) => module === PREVIEW1 && name === "proc_exit" && kind === "function",
  );
  const parts: Uint8Array[] = [];
  let kept = 0;
  for (const { names } of exits) {
    parts.push(content.subarray(kept, names[0]), encodedName(EXIT.module), encodedName(EXIT.name));
    kept = names[1];
  }
  return exits.length === 0 ? undefined : Buffer.concat([...parts, content.subarray(kept)]);
}

function encodedName(name: string): Uint8Array {
  const bytes = Buffer.from(name, "utf8");
  return Buffer.concat([unsignedLeb128(bytes.length), bytes]);
}

function isComponentType({ id, content }: Section): boolean {
  return id === SECTION.custom && new ByteReader(content).name(MAX_NAME_BYTES).startsWith("component-type");
}
