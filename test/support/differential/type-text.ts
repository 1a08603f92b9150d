import type { WitType } from "../../../src/shared/wit/wit.ts";
import { casesOf, partsOf } from "./layout.ts";

/** The types of a composition as text. Those that have to have a name get one. */
export class TypeText {
  /** In an order in which each refers to earlier ones only. */
  readonly #named: WitType[] = [];

  constructor(types: readonly WitType[]) {
    for (const type of types) this.#collect(type);
  }

  #collect(type: WitType): void {
    if (this.#named.includes(type)) return;
    const inner = type.kind === "list" ? [type.element] : (casesOf(type) ?? partsOf(type) ?? []);
    for (const one of inner) if (one !== undefined) this.#collect(one);
    if (["record", "variant", "enum", "flags"].includes(type.kind)) this.#named.push(type);
  }

  /** A type where those with names are known under identifiers that begin so. */
  of(type: WitType, prefix: string): string {
    const position = this.#named.indexOf(type);
    return position < 0 ? this.#spelled(type, prefix) : `${prefix}${position}`;
  }

  /** Definitions of the named types, which the root exports as `$x<index>-`. */
  exported(index: number): string {
    return this.#named
      .map((type, at) => {
        const spelled = this.#spelled(type, `$x${index}-`);
        return `(type $d${index}-${at} ${spelled}) (export $x${index}-${at} "t${index}-${letters(at)}" (type $d${index}-${at}))`;
      })
      .join("\n");
  }

  /** The same as `$x<index>-`, which the root does not export by themselves. */
  defined(index: number): string {
    return this.#named.map((type, at) => `(type $x${index}-${at} ${this.#spelled(type, `$x${index}-`)})`).join("\n");
  }

  /** Exports of them, as parts of an instance. */
  parts(index: number): string {
    return this.#named.map((_, at) => `(export "t-${letters(at)}" (type $x${index}-${at}))`).join(" ");
  }

  /** The same in a component that imports them. */
  imported(prefix: string): string {
    return this.#named
      .map((type, at) => {
        const spelled = this.#spelled(type, prefix);
        return `(type $d${at} ${spelled}) (import "t-${letters(at)}" (type ${prefix}${at} (eq $d${at})))`;
      })
      .join("\n");
  }

  /** What such a component is instantiated with. */
  arguments(index: number): string {
    return this.#named.map((_, at) => `(with "t-${letters(at)}" (type $x${index}-${at}))`).join(" ");
  }

  #spelled(type: WitType, prefix: string): string {
    const of = (one: WitType): string => this.of(one, prefix);
    switch (type.kind) {
      case "list":
        return `(list ${of(type.element)}${type.length === undefined ? "" : ` ${type.length}`})`;
      case "tuple":
        return `(tuple ${type.elements.map(of).join(" ")})`;
      case "option":
        return `(option ${of(type.element)})`;
      case "result": {
        const ok = type.ok === undefined ? "" : of(type.ok);
        const err = type.err === undefined ? "" : `(error ${of(type.err)})`;
        return `(result ${ok} ${err})`;
      }
      case "record":
        return `(record ${type.fields.map((field) => `(field "${field.name}" ${of(field.type)})`).join(" ")})`;
      case "variant":
        return `(variant ${type.cases
          .map((one) => `(case "${one.name}"${one.type === undefined ? "" : ` ${of(one.type)}`})`)
          .join(" ")})`;
      case "enum":
      case "flags":
        return `(${type.kind} ${type.names.map((name) => `"${name}"`).join(" ")})`;
      default:
        return type.kind;
    }
  }
}

/** A number in letters, since words of a name begin with one. */
function letters(at: number): string {
  return `n${at}`;
}
