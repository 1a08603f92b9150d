import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../support/wasm-tools.ts";
import { inspect, Sandbox } from "../../src/sandbox/index.ts";
import { COMPONENT_SECTION, componentOf, leb128, moduleOf, sectionOf } from "../support/component-bytes.ts";
import { coreFunction } from "../support/text-guests.ts";

/* Custom sections hold names too. Nothing makes code of them: that one of them ran would be seen from the result. */

/** Names that would end a comment, a string, a template or a line, and go on as code that never returns. */
const CODE: readonly string[] = [
  "*/ throw 1; /*",
  "'); globalThis.pwned = 1; throw 1; ('",
  '"); globalThis.pwned = 1; throw 1; ("',
  "`); globalThis.pwned = 1; throw 1; (`",
  "${globalThis.pwned = (() => { throw 1 })()}",
  "\n globalThis.pwned = 1; throw 1;\n",
  "\r\u2028globalThis.pwned = 1; throw 1;\u2029",
  "\\",
  "\u0000",
  "__proto__",
  "</script><!--",
];

function named(name: string): Uint8Array {
  const bytes = Buffer.from(name);
  return Buffer.concat([leb128(bytes.length), bytes]);
}

function custom(name: string, ...content: readonly Uint8Array[]): Uint8Array {
  return sectionOf(0, named(name), ...content);
}

/** A name map with one entry, of index 0. */
function first(...content: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.of(1, 0), ...content]);
}

/** The name section of a core module: names of it, of its first function, of that one's first local, and of one of each other kind. */
function coreNames(name: string): Uint8Array {
  const others = [4, 5, 6, 7, 8, 9, 11].map((id) => sectionOf(id, first(named(name))));
  const [module, functions] = [sectionOf(0, named(name)), sectionOf(1, first(named(name)))];
  const [locals, labels] = [2, 3].map((id) => sectionOf(id, first(first(named(name)))));
  return custom("name", module, functions, locals ?? module, labels ?? module, ...others);
}

/** That of a component: names of it, and of what is first in each index space. */
function componentNames(name: string): Uint8Array {
  const sorts = [[0, 0], [0, 1], [0, 2], [0, 3], [0, 0x11], [0, 0x12], [1], [3], [4], [5]];
  const maps = sorts.map((sort) => sectionOf(1, Uint8Array.from(sort), first(named(name))));
  return custom("component-name", sectionOf(0, named(name)), ...maps);
}

function producers(field: string, name: string): Uint8Array {
  return custom("producers", leb128(1), named(field), leb128(1), named(name), named(name));
}

/** What goes to the end of a core module, and to the end of the component. */
const PLACES: Readonly<Record<string, (name: string) => { core?: Uint8Array; component?: Uint8Array }>> = {
  "the name section of a core module": (name) => ({ core: coreNames(name) }),
  "the name section of a component": (name) => ({ component: componentNames(name) }),
  "the names of custom sections": (name) => ({ core: custom(name, named(name)), component: custom(name, named(name)) }),
  // Tools read no producers whose field is none that they know.
  "the producers of both": (name) => ({
    core: producers("processed-by", name),
    component: producers("processed-by", name),
  }),
  "the fields of producers": (name) => ({ core: producers(name, name), component: producers(name, name) }),
};

/** Splits what follows the preamble into sections, each with its header. */
function sectionsOf(bytes: Uint8Array): { readonly id: number; readonly content: Uint8Array }[] {
  const sections = [];
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at] ?? 0;
    let size = 0;
    let start = at + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[start++] ?? 0;
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    sections.push({ id, content: bytes.subarray(start, start + size) });
    at = start + size;
  }
  return sections;
}

const plain = sectionsOf(
  await parse(
    coreFunction("(local $x i32) (i32.const 7)", { locals: "(result i32)" }).replace(
      `(func (export "f") (canon`,
      `(func (export "f") (result u32) (canon`,
    ),
  ),
);

/** The same component with these sections, and none of its own names. */
function guest({
  core = Buffer.alloc(0),
  component = Buffer.alloc(0),
}: {
  core?: Uint8Array;
  component?: Uint8Array;
}): Uint8Array {
  const kept = plain.filter(({ id }) => id !== 0);
  const sections = kept.map(({ id, content }) => {
    if (id !== COMPONENT_SECTION.module) return sectionOf(id, content);
    const parts = sectionsOf(content).filter((part) => part.id !== 0);
    return sectionOf(id, moduleOf(...parts.map((part) => sectionOf(part.id, part.content)), core));
  });
  return componentOf(...sections, component);
}

/** Sections of all places, one after the other, with the same name. */
function everywhere(name: string): { readonly core: Uint8Array; readonly component: Uint8Array } {
  const parts = Object.values(PLACES).map((place) => place(name));
  const none = Buffer.alloc(0);
  return {
    core: Buffer.concat(parts.map(({ core }) => core ?? none)),
    component: Buffer.concat(parts.map(({ component }) => component ?? none)),
  };
}

async function hasNoEffect(sections: { core?: Uint8Array; component?: Uint8Array }): Promise<void> {
  const bytes = guest(sections);
  await inspect(bytes);
  await using sandbox = await Sandbox.open(bytes, { cache: false });
  assert.equal((await sandbox.call("f")).value, 7);
  assert.equal("pwned" in globalThis, false);
}

for (const name of CODE) {
  test(`${JSON.stringify(name)} has no effect as a name in all sections that hold names`, async () => {
    await hasNoEffect(everywhere(name));
  });
}

// One section before it that cannot be read could hide another.
for (const [where, place] of Object.entries(PLACES)) {
  test(`names that are code have no effect in ${where} alone`, () => hasNoEffect(place(CODE[0] ?? "")));
}
