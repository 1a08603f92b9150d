import assert from "node:assert/strict";
import { test } from "node:test";
import type { COMPLEXITY } from "../../src/hardening/bound/complexity.ts";
import { SECTION } from "../../src/hardening/read/module-sections.ts";
import { Sandbox } from "../../src/sandbox/index.ts";
import { leb128, moduleOf, repeated, sectionOf } from "../support/component-bytes.ts";
import { failsWith } from "../support/errors.ts";

/*
 * Cordon's own bounds of a core module, each at the last count that it lets pass, and one further. These are modules with the JSON
 * interface, which no component stands around: its bounds are lower for some of what modules may have.
 */

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

function named(name: string): Uint8Array {
  return Buffer.concat([leb128(name.length), Buffer.from(name)]);
}

function vector(items: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([leb128(items.length), ...items]);
}

function times(count: number, ...item: readonly number[]): Uint8Array[] {
  return Array.from({ length: count }, () => Uint8Array.from(item));
}

/** A function's body: so many locals of type i32, and code without its end. */
function body(code: Uint8Array, locals = 0): Uint8Array {
  const declared = locals === 0 ? leb128(0) : Buffer.concat([bytes(1), leb128(locals), bytes(0x7f)]);
  const content = Buffer.concat([declared, code, bytes(0x0b)]);
  return Buffer.concat([leb128(content.length), content]);
}

/** Types by index: of `alloc`, of `execute`, of what else there is, and of the host's `log`. */
const ALLOC = bytes(0x60, 1, 0x7f, 1, 0x7f);
const EXECUTE = bytes(0x60, 2, 0x7f, 0x7f, 1, 0x7f);
const PLAIN = bytes(0x60, 0, 0);
const LOG = bytes(0x60, 3, 0x7f, 0x7f, 0x7f, 0);
const [ALLOC_TYPE, EXECUTE_TYPE, PLAIN_TYPE, LOG_TYPE] = [0, 1, 2, 3] as const;

/** What a module has beside what its interface asks for. */
interface Parts {
  readonly types?: readonly Uint8Array[];
  readonly imports?: readonly Uint8Array[];
  /** Further functions, and the type they have. */
  readonly bodies?: readonly Uint8Array[];
  readonly bodyType?: number;
  readonly exports?: readonly Uint8Array[];
  readonly memories?: number;
  /** Sections by their ids. */
  readonly sections?: Readonly<Record<number, Uint8Array>>;
}

function jsonModule({
  types = [],
  imports = [],
  bodies = [],
  bodyType = PLAIN_TYPE,
  exports = [],
  memories = 1,
  sections = {},
}: Parts): Uint8Array {
  const own = imports.length;
  const zero = body(bytes(0x41, 0));
  const whole: Readonly<Record<number, Uint8Array>> = {
    [SECTION.type]: vector([ALLOC, EXECUTE, PLAIN, LOG, ...types]),
    [SECTION.import]: vector(imports),
    [SECTION.function]: vector([bytes(ALLOC_TYPE), bytes(EXECUTE_TYPE), ...bodies.map(() => bytes(bodyType))]),
    [SECTION.memory]: repeated(memories, 0, 1),
    [SECTION.export]: vector([
      Buffer.concat([named("memory"), bytes(0x02, 0)]),
      Buffer.concat([named("alloc"), bytes(0x00), leb128(own)]),
      Buffer.concat([named("execute"), bytes(0x00), leb128(own + 1)]),
      ...exports,
    ]),
    [SECTION.code]: vector([zero, zero, ...bodies]),
    ...sections,
  };
  // Tags stand between memories and globals, whatever their id.
  const order = [1, 2, 3, 4, 5, SECTION.tag, 6, 7, 9, 10, 11];
  return moduleOf(...order.flatMap((id) => (whole[id] === undefined ? [] : [sectionOf(id, whole[id])])));
}

const IMPORT = Buffer.concat([named("vak"), named("log"), bytes(0x00, LOG_TYPE)]);
/** Branches out of a function without locals or operands, of 100 units each, and a unit for each instruction that does nothing. */
function compileCost(count: number): Uint8Array {
  const end = 1;
  const branches = Math.floor((count - end) / 100);
  return body(Buffer.concat([Buffer.alloc((count - end) % 100, 0x01), ...times(branches, 0x0c, 0)]));
}

/** As many locals in functions of 49,000 and one of the rest. */
function manyLocals(count: number): Uint8Array[] {
  const each = 49_000;
  const rest = body(bytes(), count % each);
  return [...Array.from({ length: Math.floor(count / each) }, () => body(bytes(), each)), rest];
}

type Row = readonly [what: string, bound: number, module: (count: number) => Uint8Array];

/** Literal bounds: whoever changes one changes it here, and in docs/limits.md. */
const ROWS: Readonly<Record<keyof typeof COMPLEXITY, Row>> = {
  // The body's own count of locals, and its end, are two of the bytes.
  bodyBytes: [
    "bytes in a function",
    1_048_576,
    (count) => jsonModule({ bodies: [body(Buffer.alloc(count - 2, 0x01))] }),
  ],
  locals: ["locals in a function", 49_000, (count) => jsonModule({ bodies: [body(bytes(), count)] })],
  depth: [
    "blocks within each other",
    10_000,
    (count) => jsonModule({ bodies: [body(Buffer.concat([...times(count, 0x02, 0x40), Buffer.alloc(count, 0x0b)]))] }),
  ],
  compileCost: [
    "units of compilation in a function",
    6_000_000,
    (count) => jsonModule({ bodies: [compileCost(count)] }),
  ],
  allLocals: ["locals", 10_000_000, (count) => jsonModule({ bodies: manyLocals(count) })],
  types: ["types", 20_000, (count) => jsonModule({ types: Array.from({ length: count - 4 }, () => PLAIN) })],
  imports: ["imports", 100_000, (count) => jsonModule({ imports: Array.from({ length: count }, () => IMPORT) })],
  functions: ["functions", 100_000, (count) => jsonModule({ bodies: Array(count - 2).fill(body(bytes())) })],
  // None of them has an entry, ever.
  tables: ["tables", 1_000, (count) => jsonModule({ sections: { [SECTION.table]: repeated(count, 0x70, 1, 0, 0) } })],
  memories: ["memories", 100, (count) => jsonModule({ memories: count })],
  tags: ["tags", 10_000, (count) => jsonModule({ sections: { [SECTION.tag]: repeated(count, 0, PLAIN_TYPE) } })],
  globals: [
    "globals",
    100_000,
    (count) => jsonModule({ sections: { [SECTION.global]: repeated(count, 0x7f, 0, 0x41, 0, 0x0b) } }),
  ],
  exports: [
    "exports",
    100_000,
    (count) => {
      const memory = (_: unknown, index: number): Uint8Array => Buffer.concat([named(String(index)), bytes(0x02, 0)]);
      return jsonModule({ exports: Array.from({ length: count - 3 }, memory) });
    },
  ],
  elementSegments: [
    "element segments",
    100_000,
    (count) => jsonModule({ sections: { [SECTION.element]: repeated(count, 1, 0, 0) } }),
  ],
  dataSegments: [
    "data segments",
    100_000,
    (count) => jsonModule({ sections: { [SECTION.data]: repeated(count, 1, 0) } }),
  ],
};

async function loads(module: Uint8Array): Promise<void> {
  await (await Sandbox.open(module, { cache: false })).close();
}

for (const [what, bound, module] of Object.values(ROWS)) {
  test(`a core module with ${bound} ${what} loads, and with one more it is refused`, async () => {
    await loads(module(bound));
    const error = await failsWith(
      "limit",
      new RegExp(`it has ${bound + 1} ${what}, over the bound of ${bound}`),
      loads(module(bound + 1)),
    );
    assert.deepEqual(error.limit, { limit: "complexity", cap: bound, used: bound + 1 });
  });
}

test("parameters count as locals of a function", async () => {
  const locals = (declared: number): Uint8Array =>
    jsonModule({ bodies: [body(bytes(0x41, 0), declared)], bodyType: EXECUTE_TYPE });
  await loads(locals(48_998));
  const error = await failsWith("limit", /it has 49001 locals in a function/, loads(locals(48_999)));
  assert.deepEqual(error.limit, { limit: "complexity", cap: 49_000, used: 49_001 });
});

test("many functions that are each within the bounds are refused together", async () => {
  const bodies = (count: number): Uint8Array =>
    jsonModule({ bodies: Array.from({ length: count }, () => body(tight(), 4_000)) });
  /** 35 branches with 4,000 locals, of 4,100 units each. */
  const tight = (): Uint8Array => Buffer.concat(times(35, 0x0c, 0));
  await loads(bodies(80));
  const error = await failsWith("limit", /units of compilation in all its functions/, loads(bodies(100)));
  assert.equal(error.limit?.limit, "complexity");
});

// Weakening: padding counts as code, of which each byte allows more.
test("padding does not make room for functions that are costly together", async () => {
  /** 35 branches with 4,000 locals, of 4,100 units each. */
  const tight = Buffer.concat(times(35, 0x0c, 0));
  const costly = Array.from({ length: 100 }, () => body(tight, 4_000));
  const padding = body(Buffer.alloc(1_000_000, 0x01), 0);
  await failsWith(
    "limit",
    /units of compilation in all its functions/,
    loads(jsonModule({ bodies: [...costly, padding] })),
  );
});
