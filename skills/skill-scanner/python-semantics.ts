import type { Token } from "./python-tokens.ts";
import type { Value } from "./python-values.ts";

/** The arguments of a call. */
export interface Arguments {
  readonly positional: readonly Value[];
  /** By name; `**mapping` arguments are under `**`. */
  readonly keywords: ReadonlyMap<string, Value>;
}

/** What expressions mean. The evaluator knows the grammar only. */
export interface Semantics {
  load(name: string): Value;
  attribute(base: Value, name: string, line: number): Value;
  call(callee: Value, args: Arguments, line: number): Value;
  subscript(base: Value, index: Value, line: number): Value;
  /** Called when a named value is used other than by an attribute, call or subscript. */
  use(value: Value, line: number, operator: string | undefined): void;
  bind(name: string, value: Value): void;
  string(token: Token): Value;
  /** Called with each text that was put together from parts. */
  foldedText(value: Value, line: number): Value;
  format(template: Value, args: Value): Value;
  /** `text[::-1]` */
  reversed(value: Value): Value;
  dictItem(key: Value, value: Value, line: number): Value;
}
