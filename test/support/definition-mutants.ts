import { seeded } from "../../src/host/random/pseudo-random.ts";
import { componentOf, leb128 } from "./component-bytes.ts";

/** Where a component was changed in the small, so that much of what comes of it is valid, or almost. */
export interface DefinitionMutant {
  readonly how: string;
  readonly bytes: Uint8Array;
}

/** A component as its sections, each with its header. */
type Sections = readonly Uint8Array[];

/** A number from 0 up to and without a bound. */
type Below = (bound: number) => number;

/**
 * Components whose definitions are exchanged, left out, repeated, taken from others or nested, and whose indices and
 * opcodes differ by a little; the same seed gives the same ones.
 */
export class DefinitionMutants {
  readonly #corpus: readonly Sections[];
  readonly #pool: Sections;
  readonly #seed: number;

  constructor(corpus: readonly Uint8Array[], seed: number) {
    this.#corpus = corpus.map(sectionsOf).filter((sections) => sections.length > 0);
    this.#pool = this.#corpus.flat().filter((section) => section.length < 300);
    this.#seed = seed;
  }

  at(index: number): DefinitionMutant {
    const generator = seeded(BigInt(this.#seed) * 2n ** 32n + BigInt(index), "definition mutants");
    const below: Below = (bound) => (bound <= 0 ? 0 : generator.next() % bound);
    const origin = below(this.#corpus.length);
    const changes: string[] = [];
    let sections = this.#corpus[origin] ?? [];
    for (let left = 1 + below(3); left > 0; left -= 1) {
      const [name, change] = CHANGES[below(CHANGES.length)] ?? CHANGES[0];
      changes.push(name);
      sections = change(sections, below, { corpus: this.#corpus, pool: this.#pool });
    }
    const how = `#${index} of seed ${this.#seed}: component ${origin}, ${changes.join(", ")}`;
    return { how, bytes: new Uint8Array(componentOf(...sections)) };
  }
}

interface Material {
  readonly corpus: readonly Sections[];
  readonly pool: Sections;
}

type Change = (sections: Sections, below: Below, material: Material) => Sections;

const CHANGES: readonly [readonly [string, Change], ...(readonly [string, Change])[]] = [
  ["a small number", (sections, below) => changedByte(sections, below, () => below(12))],
  ["one more", (sections, below) => changedByte(sections, below, (byte) => byte + 1)],
  ["one less", (sections, below) => changedByte(sections, below, (byte) => byte - 1)],
  ["a bit flipped", (sections, below) => changedByte(sections, below, (byte) => byte ^ (1 << below(8)))],
  ["any byte", (sections, below) => changedByte(sections, below, () => below(256))],
  ["a section left out", (sections, below) => sections.toSpliced(below(sections.length), 1)],
  ["sections exchanged", exchanged],
  [
    "a section repeated",
    (sections, below) => sections.toSpliced(below(sections.length), 0, ...any(sections, below, 1)),
  ],
  [
    "a section of any other",
    (sections, below, { pool }) => sections.toSpliced(below(sections.length + 1), 0, ...any(pool, below, 1)),
  ],
  [
    "sections of one other",
    (sections, below, { corpus }) =>
      sections.toSpliced(below(sections.length + 1), 0, ...any(another(corpus, below), below, 1 + below(4))),
  ],
  ["another after it", (sections, below, { corpus }) => [...sections, ...another(corpus, below)]],
  ["nested in another", (sections, below, { corpus }) => [nested(sections), ...another(corpus, below)]],
];

function another(corpus: readonly Sections[], below: Below): Sections {
  return corpus[below(corpus.length)] ?? [];
}

/** So many sections in a row. */
function any(sections: Sections, below: Below, count: number): Sections {
  const start = below(sections.length);
  return sections.slice(start, start + count);
}

function changedByte(sections: Sections, below: Below, change: (byte: number) => number): Sections {
  const index = below(sections.length);
  const section = Uint8Array.from(sections[index] ?? []);
  if (section.length < 3) return sections;
  const at = 2 + below(section.length - 2);
  section[at] = change(section[at] ?? 0);
  return sections.with(index, section);
}

function exchanged(sections: Sections, below: Below): Sections {
  const [one, other] = [below(sections.length), below(sections.length)];
  const [first, second] = [sections[one], sections[other]];
  return first === undefined || second === undefined ? sections : sections.with(one, second).with(other, first);
}

function nested(sections: Sections): Uint8Array {
  const component = componentOf(...sections);
  return Buffer.concat([Uint8Array.of(4), leb128(component.length), component]);
}

function sectionsOf(component: Uint8Array): Sections {
  const sections: Uint8Array[] = [];
  for (let at = 8; at < component.length;) {
    const start = at;
    let size = 0;
    let byte = 0x80;
    for (let shift = 0; byte >= 0x80 && shift < 35; shift += 7) {
      at += 1;
      byte = component[at] ?? 0;
      size += (byte & 0x7f) * 2 ** shift;
    }
    at += 1 + size;
    if (at > component.length) return [];
    sections.push(component.subarray(start, at));
  }
  return sections;
}
