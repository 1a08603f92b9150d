import { camelCase } from "../../shared/wit/naming.ts";
import type { CoreType, PlanType, TypeIndex } from "../../shared/plan/plan.ts";
import type { Codec } from "./codec.ts";
import { HandleCodec } from "./handle-codec.ts";
import { Elements, FixedListCodec, ListCodec, MapCodec } from "./list-codec.ts";
import type { Pointers } from "./pointers.ts";
import { FlagsCodec, RecordCodec } from "./record-codec.ts";
import { scalarCodec } from "./scalars.ts";
import { TextCodec } from "./text-codec.ts";
import { enumShape, PLAIN_OPTION, taggedShape, VariantCodec } from "./variant-codec.ts";

/**
 * The most core values that a type is flattened to. More than any function takes or gives that way; what is past them is
 * never looked at.
 */
const MOST_FLAT = 17;

/** Codecs of a plan's types, for one width of addresses. Made when they are first asked for. */
export class Codecs {
  readonly #types: readonly PlanType[];
  readonly #pointers: Pointers;
  readonly #made: (Codec | undefined)[] = [];
  /** The codec of strings. */
  readonly text: TextCodec;

  constructor(types: readonly PlanType[], pointers: Pointers) {
    this.#types = types;
    this.#pointers = pointers;
    this.text = new TextCodec(pointers);
  }

  get pointers(): Pointers {
    return this.#pointers;
  }

  /** The codec of a type. Types refer to earlier ones only, so this ends. */
  of(index: TypeIndex): Codec {
    return (this.#made[index] ??= this.#make(this.#typeAt(index), index));
  }

  /** The codec of several values in a row, as a tuple. */
  tuple(types: readonly TypeIndex[]): Codec {
    return this.#record(types, undefined);
  }

  #typeAt(index: TypeIndex): PlanType {
    const type = this.#types[index];
    if (type === undefined) throw new Error(`the plan has no type ${index}`);
    return type;
  }

  #make(type: PlanType, index: TypeIndex): Codec {
    switch (type.kind) {
      case "string":
        return this.text;
      case "list":
        return this.#list(type);
      case "map":
        return new MapCodec(new ListCodec(this.#pointers, new Elements(this.tuple([type.key, type.value]), "tuple")));
      case "record":
        return this.#record(
          type.fields.map((field) => field.type),
          type.fields.map((field) => camelCase(field.name)),
        );
      case "tuple":
        return this.tuple(type.elements);
      case "flags":
        return new FlagsCodec(
          unsigned(type.names.length <= 8 ? 1 : type.names.length <= 16 ? 2 : 4),
          type.names.map(camelCase),
        );
      case "enum":
        return this.#variant(
          type.names.map(() => undefined),
          enumShape(type.names),
          "an enum",
        );
      case "variant": {
        const payloads = type.cases.map((one) => one.type);
        const shape = taggedShape(
          type.cases.map((one) => one.name),
          payloads.map((payload) => payload !== undefined),
        );
        return this.#variant(payloads, shape, "a variant");
      }
      case "result": {
        const shape = taggedShape(["ok", "err"], [type.ok !== undefined, type.err !== undefined]);
        return this.#variant([type.ok, type.err], shape, "a result");
      }
      case "option": {
        const shape = this.#isTagged(type.element) ? taggedShape(["none", "some"], [false, true]) : PLAIN_OPTION;
        return this.#variant([undefined, type.element], shape, "an option");
      }
      case "own": {
        const { resource } = type;
        return new HandleCodec({
          lift: (handles, at) => handles.liftOwn(at, resource),
          lower: (handles, value) => handles.lowerOwn(value, resource),
        });
      }
      case "borrow": {
        const { resource } = type;
        return new HandleCodec({
          lift: (handles, at) => handles.liftBorrow(at, resource),
          lower: (handles, value) => handles.lowerBorrow(value, resource),
        });
      }
      case "stream":
      case "future": {
        const { kind } = type;
        return new HandleCodec({
          lift: (handles, at) => handles.liftReadable(kind, at, index),
          lower: (handles, value) => handles.lowerReadable(kind, value, index),
        });
      }
      case "error-context":
        return new HandleCodec({
          lift: (handles, at) => handles.liftErrorContext(at),
          lower: (handles, value) => handles.lowerErrorContext(value),
        });
      default: {
        const codec = scalarCodec(type.kind);
        if (codec === undefined) throw new Error(`the plan has a type of an unknown kind: ${type.kind}`);
        return codec;
      }
    }
  }

  #list({ element, length }: PlanType & { readonly kind: "list" }): Codec {
    const codec = this.of(element);
    const elements = new Elements(codec, this.#typeAt(element).kind);
    if (length === undefined) return new ListCodec(this.#pointers, elements);
    const flat: CoreType[] = [];
    for (let count = 0; count < length && flat.length <= MOST_FLAT; count += 1) flat.push(...codec.flat);
    return new FixedListCodec(elements, length, flat);
  }

  #record(types: readonly TypeIndex[], keys: readonly string[] | undefined): Codec {
    const fields = types.map((type) => this.of(type));
    const flat: CoreType[] = [];
    for (const field of fields) if (flat.length <= MOST_FLAT) flat.push(...field.flat);
    return new RecordCodec(fields, keys, flat);
  }

  #variant(
    payloads: readonly (TypeIndex | undefined)[],
    shape: ConstructorParameters<typeof VariantCodec>[2],
    what: string,
  ): Codec {
    const cases = payloads.map((payload) => (payload === undefined ? undefined : this.of(payload)));
    const count = cases.length;
    return new VariantCodec(unsigned(count <= 2 ** 8 ? 1 : count <= 2 ** 16 ? 2 : 4), cases, shape, what);
  }

  /** Whether an option of this element is told apart by a tag: exactly when `undefined` is a value of the element. */
  #isTagged(element: TypeIndex): boolean {
    const type = this.#typeAt(element);
    return type.kind === "option" && !this.#isTagged(type.element);
  }
}

function unsigned(bytes: 1 | 2 | 4): Codec {
  const codec = scalarCodec(bytes === 1 ? "u8" : bytes === 2 ? "u16" : "u32");
  if (codec === undefined) throw new Error("unsigned integers have codecs");
  return codec;
}
