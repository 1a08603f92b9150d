import type { Budget } from "./budget.ts";
import type { Arguments } from "./python-semantics.ts";
import type { Value } from "./python-values.ts";
import {
  elementOf,
  folded,
  HOLE,
  joinPath,
  LABEL,
  literal,
  MAX_FOLDED,
  named,
  tainted,
  union,
  UNKNOWN,
  withLabels,
  withOrigin,
} from "./python-values.ts";
import { decodeBase64, decodeHex, rot13 } from "./text-tools.ts";

/** A call as rules see it. Subscripts come as calls of `__getitem__`. */
export interface Call {
  /** The qualified name of what is called, if known. */
  readonly name: string | undefined;
  /** The last part of `x.method(...)`. */
  readonly method: string | undefined;
  readonly receiver: Value;
  readonly args: Arguments;
  readonly line: number;
}

/** Labels and origins of all arguments of a call, those of `except` left out. */
export function argumentsOf(args: Arguments, except: ReadonlySet<string> = NONE): Value {
  const values = [...args.positional];
  for (const [name, value] of args.keywords) if (!except.has(name)) values.push(value);
  return union(values);
}

/** The argument at a position or under a name. */
export function argument(args: Arguments, position: number, name?: string): Value {
  return args.positional[position] ?? (name === undefined ? undefined : args.keywords.get(name)) ?? UNKNOWN;
}

/** A call's complete text argument, or undefined when it is not known to the last character. */
export function exactText(value: Value): string | undefined {
  const text = value.text;
  // Texts with holes are never longer; looking for them in longer ones at every use would take too long.
  return text === undefined || (text.length <= MAX_FOLDED && text.includes(HOLE)) ? undefined : text;
}

/** The complete text, if it is short enough to be a name of something. */
export function exactName(value: Value): string | undefined {
  return value.text === undefined || value.text.length > 200 ? undefined : exactText(value);
}

const NONE: ReadonlySet<string> = new Set();

/** Calls whose result says nothing of what went in. */
const SANITISERS = new Set(
  `len bool isinstance issubclass type id hash any all hasattr callable range print`
    .split(" ")
    .map((name) => `builtins.${name}`),
);
const SANITISING_METHODS = new Set(
  `exists is_file is_dir isfile isdir startswith endswith isdigit count index find getsize stat append add extend update`.split(
    " ",
  ),
);

/** Methods that give the text they are called on, as far as the scanner cares. */
const SAME_TEXT_METHODS = new Set(
  "encode expanduser resolve absolute as_posix strip rstrip lstrip casefold __str__ fromhex read_text".split(" "),
);

const SAME_PATH_CALLS = new Set(
  `os.path.expanduser os.path.abspath os.path.realpath os.path.normpath os.fspath os.path.expandvars builtins.str
  builtins.bytes builtins.bytearray builtins.repr builtins.format io.StringIO io.BytesIO textwrap.dedent`.split(/\s+/),
);

const BASE64_CALLS = new Set(
  "base64.b64decode base64.urlsafe_b64decode base64.standard_b64decode base64.decodebytes binascii.a2b_base64".split(
    " ",
  ),
);
const HEX_CALLS = new Set(
  `binascii.unhexlify binascii.a2b_hex base64.b16decode builtins.bytes.fromhex builtins.bytearray.fromhex`.split(" "),
);
const OTHER_DECODERS = new Set(
  `base64.b32decode base64.a85decode base64.b85decode zlib.decompress gzip.decompress bz2.decompress lzma.decompress
  binascii.a2b_uu quopri.decodestring`.split(/\s+/),
);

/** True for calls that turn encoded data into what it hides. */
function isDecoder(call: Call): boolean {
  const name = call.name ?? "";
  return BASE64_CALLS.has(name) || HEX_CALLS.has(name) || OTHER_DECODERS.has(name) || codecOf(call) !== undefined;
}

/** The value of a call of something that is not defined in the file and has no part in imports or attributes. */
export function resultOf(call: Call, budget: Budget): Value {
  const { name, method, args } = call;
  const first = argument(args, 0);
  if (name !== undefined) {
    if (SANITISERS.has(name)) return UNKNOWN;
    if (isDecoder(call)) return decoded(call, budget);
    if (name === "builtins.chr")
      return first.number === undefined ? tainted(first) : folded(charOf(first.number), first);
    if (name === "builtins.map" || name === "builtins.list" || name === "builtins.tuple")
      return mapped(name, args, budget);
    if (name === "builtins.reversed") return reversed(first, budget);
    if (name === "os.path.join") return joinPath(args.positional);
    if (name === "pathlib.Path") return { ...joinPath(args.positional), name: "pathlib.Path()" };
    if (name === "pathlib.Path.home") return { ...literal("~"), name: "pathlib.Path()" };
    if (SAME_PATH_CALLS.has(name)) {
      const bytes = first.items !== undefined && budget.spend(first.items.length) ? bytesOf(first.items) : undefined;
      return bytes === undefined ? { ...first, name: undefined } : folded(bytes, first);
    }
  }
  if (method !== undefined && SANITISING_METHODS.has(method)) return UNKNOWN;
  const text = textMethod(call, budget);
  if (text !== undefined) return text;
  const all = union([tainted(call.receiver), argumentsOf(args)]);
  return name === undefined ? all : { ...all, name: named(`${name}()`).name };
}

/** Constant folding of string methods. */
function textMethod(call: Call, budget: Budget): Value | undefined {
  const { method, receiver, args } = call;
  const first = argument(args, 0);
  const text = receiver.text;
  if (method === undefined || text === undefined) return undefined;
  if (SAME_TEXT_METHODS.has(method)) return receiver;
  const all = union([receiver, argumentsOf(args)]);
  if (method === "decode") return receiver;
  if (!budget.spend((text.length + 16) * (method === "join" ? (first.items?.length ?? 1) : 1))) return all;
  switch (method) {
    case "lower":
      return folded(text.toLowerCase(), all);
    case "upper":
      return folded(text.toUpperCase(), all);
    case "swapcase":
      return folded(
        Array.from(text, (char) => (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase())).join(""),
        all,
      );
    case "replace": {
      const from = exactText(first);
      const to = exactText(argument(args, 1));
      if (from === undefined || from === "" || to === undefined || !budget.spend(text.length * to.length)) return all;
      return folded(
        text.replaceAll(from, () => to),
        all,
      );
    }
    case "join":
      return first.items === undefined ? folded(undefined, all) : folded(joinTexts(first.items, text), all);
    case "joinpath":
    case "with_name":
      return { ...joinPath([receiver, ...args.positional]), name: receiver.name };
    case "format":
      return formatText(receiver, args, budget);
    default:
      return undefined;
  }
}

/** The text backwards. */
export function reversed(value: Value, budget: Budget): Value {
  if (value.text === undefined || !budget.spend(value.text.length)) return tainted(value);
  return { ...tainted(value), text: Array.from(value.text).reverse().join(""), folded: true };
}

/** `template % args` and `template.format(args)`, fields filled in order. */
export function formatText(template: Value, args: Arguments, budget: Budget): Value {
  const all = union([template, argumentsOf(args)]);
  if (template.text === undefined || template.text.length > 4096) return all;
  let longest = 1;
  for (const value of args.positional) longest = Math.max(longest, value.text?.length ?? 0);
  if (!budget.spend(template.text.length * longest)) return all;
  let next = 0;
  const fill = (key: string | undefined): string => {
    const index = key === undefined || key === "" ? next++ : Number(key);
    const value = Number.isInteger(index) ? args.positional[index] : args.keywords.get(key ?? "");
    return value?.text ?? HOLE;
  };
  const text = template.text
    .replaceAll(/\{(\w{0,40})\}/g, (_, key: string) => fill(key))
    .replaceAll(/%(?:\((\w{1,40})\))?[sdrxf]/g, (_, key: string | undefined) => fill(key));
  return folded(text, all);
}

/** The codec a `decode` call names, when it hides text rather than spelling it. */
function codecOf(call: Call): string | undefined {
  const codec =
    call.name === "codecs.decode" || call.name === "codecs.encode"
      ? exactText(argument(call.args, 1, "encoding"))
      : call.method === "decode"
        ? exactText(argument(call.args, 0, "encoding"))
        : undefined;
  const normal = codec?.toLowerCase().replaceAll(/[-_]/g, "").replace("codec", "");
  return normal !== undefined && ["rot13", "base64", "hex", "zip", "zlib", "bz2", "uu"].includes(normal)
    ? normal
    : undefined;
}

function decoded(call: Call, budget: Budget): Value {
  const name = call.name ?? "";
  const codec = codecOf(call);
  const source =
    call.method === "decode" && codec !== undefined && name !== "codecs.decode"
      ? call.receiver
      : argument(call.args, 0);
  const text = exactText(source);
  let plain: string | undefined;
  if (text !== undefined && budget.spend(text.length)) {
    if (codec === "rot13") plain = rot13(text);
    else if (codec === "hex" || HEX_CALLS.has(name)) plain = decodeHex(text);
    else if (codec === "base64" || BASE64_CALLS.has(name)) plain = decodeBase64(text);
  }
  const value = { ...tainted(source), text: plain, folded: plain !== undefined };
  return withOrigin(withLabels(value, LABEL.decoded), { line: call.line, kind: "decoded" });
}

/** `map(chr, [104, 105])` gives characters; anything else its elements' labels. */
function mapped(name: string, args: Arguments, budget: Budget): Value {
  const list = argument(args, name === "builtins.map" ? 1 : 0);
  const mapper = name === "builtins.map" ? argument(args, 0).name : undefined;
  if (name !== "builtins.map") return { ...list, name: undefined };
  if (mapper === "builtins.chr" && list.items !== undefined && budget.spend(list.items.length)) {
    return {
      ...tainted(list),
      items: list.items.map((item) => (item.number === undefined ? UNKNOWN : literal(charOf(item.number)))),
    };
  }
  return tainted(union([elementOf(list), ...args.positional]));
}

/** The texts of a list put together, unless that is too long to follow. */
function joinTexts(items: readonly Value[], separator: string): string | undefined {
  let length = 0;
  for (const item of items) length += (item.text?.length ?? 1) + separator.length;
  return length > MAX_FOLDED ? undefined : items.map((item) => item.text ?? HOLE).join(separator);
}

/** The characters of a list of numbers. */
function bytesOf(items: readonly Value[]): string | undefined {
  if (items.length === 0 || items.some((item) => item.number === undefined)) return undefined;
  return items.map((item) => charOf(item.number ?? 0)).join("");
}

function charOf(code: number): string {
  return code >= 0 && code <= 0x10ffff && Number.isInteger(code) ? String.fromCodePoint(code) : HOLE;
}
