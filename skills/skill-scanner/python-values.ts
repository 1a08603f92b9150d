/** Stands in a text for a part that is not known. */
export const HOLE = "\u0000";

/** Texts put together from parts are no longer followed past this length: a bound on the work of long chains. */
export const MAX_FOLDED = 16_384;

/** List elements past this number are only known by their labels. */
export const MAX_ITEMS = 4_096;

const MAX_ORIGINS = 12;

/** Where data comes from and what it is: bits of {@link Value.labels}. */
export const LABEL = {
  /** The value of an environment variable named like a secret, or of an environment file. */
  secret: 1,
  /** The whole environment. */
  environment: 2,
  /** The path of a credential file. */
  credentialPath: 4,
  /** The content of a credential file or store. */
  credential: 8,
  /** The content of some file. */
  file: 16,
  /** Something fetched over the network. */
  remote: 32,
  /** Something that went through base64, hex, rot13, decompression or the like. */
  decoded: 64,
  /** The path of an environment file. */
  envFile: 128,
  /** A secret in an authorisation header. */
  authorisation: 256,
} as const;

/** Labels of data that must not leave the machine. */
export const SECRET_LABELS: number = LABEL.secret | LABEL.environment | LABEL.credential | LABEL.authorisation;

/** Labels of what did not stand in the source as it is used. */
export const FOREIGN_LABELS: number = LABEL.remote | LABEL.decoded;

/** A line that contributed to a value: where a secret was put into a structure, where something was decoded. */
export interface Origin {
  readonly line: number;
  readonly kind: "stored" | "decoded";
}

/** What is known about the value of an expression. */
export interface Value {
  /** The qualified name, such as `os.environ`; an instance is named after what made it: `requests.Session()`. */
  readonly name: string | undefined;
  /** How the source spells it, when it is a dotted name. */
  readonly path: string | undefined;
  /** For `x.name`: x and the name. */
  readonly receiver: Value | undefined;
  readonly method: string | undefined;
  /** Its text, when it is a string, bytes or path; unknown parts are {@link HOLE}. */
  readonly text: string | undefined;
  readonly number: number | undefined;
  /** The elements of a list, tuple or set display. */
  readonly items: readonly Value[] | undefined;
  readonly labels: number;
  readonly origins: readonly Origin[];
  /** True when {@link text} does not stand in the source as it is. */
  readonly folded: boolean;
}

const NO_ORIGINS: readonly Origin[] = [];

/** A value of which nothing is known. */
export const UNKNOWN: Value = {
  name: undefined,
  path: undefined,
  receiver: undefined,
  method: undefined,
  text: undefined,
  number: undefined,
  items: undefined,
  labels: 0,
  origins: NO_ORIGINS,
  folded: false,
};

/** A value known by its qualified name. */
export function named(name: string, path?: string): Value {
  return { ...UNKNOWN, name: name.length > 200 ? undefined : name, path };
}

/** A string. */
export function literal(text: string): Value {
  return { ...UNKNOWN, text };
}

/** A string computed from others; keeps their labels and origins. */
export function folded(text: string | undefined, from: Value): Value {
  const kept = text === undefined || text.length > MAX_FOLDED || text === HOLE ? undefined : text;
  return { ...UNKNOWN, text: kept, labels: from.labels, origins: from.origins, folded: true };
}

/** Only the labels and origins of a value: what survives an operation that is not followed. */
export function tainted(from: Value): Value {
  return from.labels === 0 ? UNKNOWN : { ...UNKNOWN, labels: from.labels, origins: from.origins };
}

/** The value with further labels. */
export function withLabels(value: Value, labels: number): Value {
  return (value.labels | labels) === value.labels ? value : { ...value, labels: value.labels | labels };
}

/** The value with one more origin. */
export function withOrigin(value: Value, origin: Origin): Value {
  return { ...value, origins: mergeOrigins(value.origins, [origin]) };
}

/** A value that may be either: names and texts of the later one win, labels add up. */
export function either(earlier: Value, later: Value): Value {
  if (earlier === UNKNOWN) return later;
  return {
    name: later.name ?? earlier.name,
    path: later.path ?? earlier.path,
    receiver: later.receiver ?? earlier.receiver,
    method: later.method ?? earlier.method,
    text: later.text ?? earlier.text,
    number: later.number,
    items: later.items ?? earlier.items,
    labels: earlier.labels | later.labels,
    origins: mergeOrigins(earlier.origins, later.origins),
    folded: later.text === undefined ? earlier.folded : later.folded,
  };
}

/** What iterating over a value gives. */
export function elementOf(value: Value): Value {
  const items = value.items;
  if (items === undefined || items.length === 0 || items.length > 64) return tainted(value);
  let element = items[0] ?? UNKNOWN;
  for (const item of items) if (item !== element) element = either(element, item);
  return { ...element, labels: element.labels | value.labels, items: undefined, folded: false };
}

/** Labels and origins of several values. */
export function union(values: Iterable<Value>): Value {
  let labels = 0;
  let origins = NO_ORIGINS;
  for (const value of values) {
    labels |= value.labels;
    origins = mergeOrigins(origins, value.origins);
  }
  return labels === 0 ? UNKNOWN : { ...UNKNOWN, labels, origins };
}

/** Text of one value after the other's. */
export function concatenate(a: Value, b: Value): Value {
  const both = union([a, b]);
  if (a.text === undefined && b.text === undefined) return both;
  if ((a.text?.length ?? 0) + (b.text?.length ?? 0) > MAX_FOLDED) return both;
  return folded((a.text ?? HOLE) + (b.text ?? HOLE), both);
}

/** Path segments put together, as `os.path.join` and `Path / x` do. */
export function joinPath(parts: readonly Value[]): Value {
  const both = union(parts);
  let length = 0;
  for (const part of parts) length += part.text?.length ?? 0;
  if (length === 0 || length > MAX_FOLDED) return both;
  const text = parts.map((part) => part.text ?? HOLE).join("/");
  return folded(text.replaceAll("//", "/"), both);
}

function mergeOrigins(a: readonly Origin[], b: readonly Origin[]): readonly Origin[] {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  const merged = [...a];
  for (const origin of b) {
    if (merged.length >= MAX_ORIGINS) break;
    if (!merged.some((known) => known.line === origin.line && known.kind === origin.kind)) merged.push(origin);
  }
  return merged.length === a.length ? a : merged;
}
