import { CordonError } from "../../shared/errors.ts";

/**
 * What an element takes of its list, in bytes. As all figures here, it is what a process was seen to grow by, for every copy that is
 * made of a value on its way to the caller: what the glue makes, the message to the other thread, what is made there, and the room
 * that the heaps keep beside it.
 */
const SLOT_BYTES = 48;

/** An object with members; each of them, beside its name; a tuple; a string beside its text. */
const OBJECT_BYTES = 192;
const MEMBER_BYTES = 48;
const TUPLE_BYTES = 320;
const STRING_BYTES = 160;

/** What is made of a number of up to 16 bits, of a larger one, which may be an object of its own, and of a handle. */
const SMALL_NUMBER_BYTES = 24;
const NUMBER_BYTES = 56;
const HANDLE_BYTES = 256;

/** How often the text of a case is copied, and what each copy has beside its characters. */
const TEXT_COPIES = 4;
const TEXT_BYTES = 48;

/** How often the name of a member is copied: into the message, which grows by doubling. */
const NAME_COPIES = 2;

/** Arguments of host functions are copied more often than results: for the host function, and when it is asked of another thread. */
const ARGUMENT_FACTOR = 2.5;

/** What the glue does for a call of a host function. */
const TRAMPOLINE = /\n *const (_trampoline\d+) = [^]*?\n *\1\.fnName = '/g;

/** A loop in which the glue makes the elements of a list, up to the line that closes it. Whole lines of the generator's own. */
const LIST =
  /(\n *)var result\d+ = \[\];\1for \(let i = 0; i < (len\d+); i\+\+\) \{\n *const base = (base\d+) \+ i \* (\d+);(?=\n)/g;

/** The same, wherever the generator makes lists of the asynchronous ABI's kind, whose elements are of any type. */
const ANY_LIST =
  /(\n *)const val = \[\];(?=\1for \(var i = 0; i < len; i\+\+\) \{\1 *const elemPtr = dataPtr \+ i \* elemSize32;\n)/g;

/** What a list of any type is charged for each byte of an element: no type makes more of one than flags do. */
const ANY_BYTES = 1024;

/**
 * Has the glue charge lists before it makes them. Their elements may be much larger as objects than they are in the guest's memory, and
 * any number of lists may lie in the same place there. `_chargeList`, which the realm has, also looks whether the list is within
 * memory, as the Canonical ABI has it.
 *
 * @throws CordonError `host` for glue that makes lists in another way.
 */
export function withChargedLists(glue: string): string {
  const [made, known] = [/\bresult\d+ = \[\];/g, LIST].map((pattern) => glue.match(pattern)?.length ?? 0);
  if (made !== known) throw unknownForm();
  const trampolines = [...glue.matchAll(TRAMPOLINE)].map(({ index, 0: { length } }) => ({
    from: index,
    to: index + length,
  }));
  const charged = glue.replaceAll(
    LIST,
    (head: string, line: string, length: string, base: string, size: string, at: number) => {
      const body = bodyAt(glue, at + head.length, line);
      const memory = /\bdataView\((memory\d+)\)/.exec(body)?.[1];
      if (memory === undefined) throw unknownForm();
      while (at > (trampolines[0]?.to ?? Infinity)) trampolines.shift();
      const factor = at > (trampolines[0]?.from ?? Infinity) ? ARGUMENT_FACTOR : 1;
      return `${line}_chargeList(${length}, ${Math.ceil(factor * itemBytes(body))}, ${base}, ${size}, ${memory});${head}`;
    },
  );
  const whole = charged.replaceAll(
    ANY_LIST,
    `$1_chargeList(len, elemSize32 * ${ANY_BYTES}, dataPtr, elemSize32, ctx.memory);$&`,
  );
  if (whole === charged && charged.includes("function _liftFlatList(")) throw unknownForm();
  return whole;
}

function unknownForm(): CordonError {
  return new CordonError("host", "The transpiler gave glue that makes lists in a way this version does not know");
}

/** The body of a loop, whose end is the first line with its brace as far in as its head. */
function bodyAt(glue: string, start: number, line: string): string {
  const end = glue.indexOf(`${line}}`, start);
  if (end < 0) throw unknownForm();
  return glue.slice(start, end);
}

const NESTED_LIST = /(\n *)for \(let i = 0; [^]*?\1\}/g;

/** What a body makes for one element at most; lists within it are charged on their own. */
function itemBytes(body: string): number {
  return SLOT_BYTES + madeBytes(body.replaceAll(NESTED_LIST, ""));
}

const SWITCH = /(\n *)switch \([^\n]*\) \{([^]*?)\1\}/g;

/** What code makes. Of a variant's cases, it is one. */
function madeBytes(code: string): number {
  let chosen = 0;
  const straight = code.replaceAll(SWITCH, (_all, line: string, cases: string) => {
    const bodies = cases.split(new RegExp(`${line}  (?:case \\d+|default): \\{(?=\n)`));
    chosen += bodies.reduce((most, one) => Math.max(most, madeBytes(one)), 0);
    return "";
  });
  const lines = straight.split("\n").filter((one) => !/\bthrow new\b/.test(one));
  return lines.reduce((sum, one) => sum + lineBytes(one), chosen);
}

/** Where a string or a list is, which the element does not keep. */
const PLACE = /^ *var (?:ptr|len|base)\d+ = /;

function lineBytes(line: string): number {
  if (PLACE.test(line)) return 0;
  const count = (pattern: RegExp): number => line.match(pattern)?.length ?? 0;
  const member = /^ *(?:([\w$]+)|'([^']*)'): /.exec(line);
  const texts = line.slice(member?.[0].length ?? 0).match(/'[^']*'/g) ?? [];
  return (
    count(/[=(:[,] ?\{$/g) * OBJECT_BYTES +
    (member === null ? 0 : MEMBER_BYTES + (member[1] ?? member[2] ?? "").length * NAME_COPIES) +
    count(/(?<![\w$)\]])\[(?!\])/g) * TUPLE_BYTES +
    count(/(?<!Boolean\()\bdataView\(memory\d+\)\.get(?:Ui|I)nt(?:8|16)\(/g) * SMALL_NUMBER_BYTES +
    count(/(?<!Boolean\(\(?)\bdataView\(memory\d+\)\.get(?:(?:Big)?(?:Ui|I)nt(?:32|64)|Float)/g) * NUMBER_BYTES +
    count(/\bdecode\(/gi) * STRING_BYTES +
    count(/\bObject\.create\(/g) * HANDLE_BYTES +
    texts.reduce((sum, text) => sum + TEXT_BYTES + text.length * TEXT_COPIES, 0)
  );
}
