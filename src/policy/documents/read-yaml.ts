import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type Node, parseDocument } from "yaml";
import { tokenProblems } from "./bound-tokens.ts";
import { type Fault, type Position, shown } from "./fault.ts";

/** A place in a document: the keys and indices that lead there. */
export type Path = readonly (string | number)[];

/** A document as plain JSON values, with where they stand. */
export interface ReadDocument {
  /** Plain objects without a prototype, lists, texts, numbers, truth values and null. */
  readonly value: unknown;
  /** Where the value at a path stands; for a path that is not there, where the nearest thing around it does. */
  readonly positionOf: (path: Path) => Position;
  /** Where a key of what is at a path stands. */
  readonly positionOfKey: (path: Path, key: string) => Position;
}

/** The largest document, in bytes. */
const MAX_DOCUMENT_BYTES = 1024 * 1024;

/**
 * Parses YAML 1.2 or JSON. Everything by which a text can mean more than it shows is a fault: aliases, anchors, merge keys, tags,
 * directives, keys that are there twice or are no texts, a second document, and whatever the parser only warns of.
 */
export function readYaml(
  text: string,
  file: string,
): { readonly document?: ReadDocument; readonly faults: readonly Fault[] } {
  if (text.length > MAX_DOCUMENT_BYTES || Buffer.byteLength(text) > MAX_DOCUMENT_BYTES) {
    return { faults: [{ file, line: 1, column: 1, message: "the document is larger than 1 MiB" }] };
  }
  const at = positions(text);
  const faults: Fault[] = [];
  const fault: Report = (offset, message) => void faults.push({ file, ...at(offset), message });
  for (const { offset, problem } of tokenProblems(text)) fault(offset, problem);
  if (faults.length > 0) return { faults };
  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    merge: false,
    // Compares each key with every other; ours is linear.
    uniqueKeys: false,
    prettyErrors: false,
    // A lower one leaves out that there is a second document.
    logLevel: "error",
  });
  for (const { pos, message } of [...document.errors, ...document.warnings].slice(0, 50)) fault(pos[0], message);
  if (faults.length > 0) return { faults };
  const value = plain(document.contents, 0, fault);
  if (faults.length > 0) return { faults };
  return {
    document: {
      value,
      positionOf: (path) => at(offsetOf(document, path)),
      positionOfKey: (path, key) => at(keyOffset(document, path, key)),
    },
    faults,
  };
}

type Report = (offset: number, message: string) => void;

function positions(text: string): (offset: number) => Position {
  const starts = [0];
  for (let index = text.indexOf("\n"); index >= 0; index = text.indexOf("\n", index + 1)) starts.push(index + 1);
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

/** As JSON has it: what YAML can say and JSON cannot is a fault. */
function plain(node: unknown, around: number, fault: Report): unknown {
  if (node === null || node === undefined) return null;
  if (isMap(node)) return plainMap(node, fault);
  if (isSeq(node)) return node.items.map((item) => plain(item, startOf(node), fault));
  if (!isScalar(node)) {
    fault(around, isAlias(node) ? "an alias stands for what is written elsewhere; write it out" : "it is no value");
    return null;
  }
  const { value } = node;
  if (typeof value === "string") {
    if (!value.isWellFormed()) fault(startOf(node), "the text is not valid Unicode");
    return value;
  }
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  fault(startOf(node), "it is no value that JSON has; write a finite number or a text");
  return null;
}

function plainMap(node: { readonly items: readonly unknown[] }, fault: Report): unknown {
  const found: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const pair of node.items) {
    if (!isPair(pair)) continue;
    const { key: keyNode, value } = pair;
    const at = isNodeLike(keyNode) ? startOf(keyNode) : startOf(node);
    const key = isScalar(keyNode) ? keyNode.value : undefined;
    if (typeof key !== "string") fault(at, "a key is no text; put it in quotes if it is meant as one");
    else if (key === "<<") fault(at, "a merge key stands for what is written elsewhere; write it out");
    else if (Object.hasOwn(found, key)) fault(at, `the key ${shown(key)} is there twice; write it once`);
    else found[key] = plain(value, at, fault);
  }
  return found;
}

function isNodeLike(node: unknown): node is Node {
  return typeof node === "object" && node !== null && "range" in node;
}

function startOf(node: unknown): number {
  return isNodeLike(node) ? (node.range?.[0] ?? 0) : 0;
}

function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const step of path) {
    const next: unknown = childOf(node, step);
    if (next === undefined) break;
    const start = isPair(next) ? (isEmpty(next.value) ? startOf(next.key) : startOf(next.value)) : startOf(next);
    node = isPair(next) ? next.value : next;
    offset = start;
  }
  return offset;
}

/** What is not written has no place of its own. */
function isEmpty(node: unknown): boolean {
  return !isNodeLike(node) || (node.range !== undefined && node.range !== null && node.range[0] === node.range[1]);
}

function keyOffset(document: Document, path: Path, key: string): number {
  const node = path.reduce<unknown>((around, step) => {
    const next: unknown = childOf(around, step);
    return isPair(next) ? next.value : next;
  }, document.contents);
  const pair: unknown = childOf(node, key);
  return isPair(pair) ? startOf(pair.key) : offsetOf(document, path);
}

function childOf(node: unknown, step: string | number): unknown {
  if (isSeq(node) && typeof step === "number") return node.items[step];
  if (!isMap(node)) return undefined;
  return node.items.find((pair) => isScalar(pair.key) && pair.key.value === step);
}
