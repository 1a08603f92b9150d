import type { Report } from "../finding.ts";
import type { Call } from "../python-calls.ts";
import type { Value } from "../python-values.ts";

/** What a rule may do besides reading. */
export interface RuleContext {
  readonly report: Report;
  /**
   * Scans code that stands in a string, in any language, and reports what it finds at `line`, the descriptions led by
   * `how`. True if anything was found.
   */
  nested(code: string, line: number, how: string): boolean;
  /** Remembers that something was seen, for {@link Rules.end}. */
  note(fact: string, line: number): void;
  /** The line where a fact was first seen. */
  noted(fact: string): number | undefined;
}

/** The rules of one category over a Python file. Each method sees one kind of event. */
export interface Rules {
  /** `import module` or, with a member, `from module import member`. */
  import?(module: string, member: string | undefined, line: number, context: RuleContext): void;
  /** A named thing used as a value: assigned, passed, returned. */
  use?(value: Value, line: number, operator: string | undefined, context: RuleContext): void;
  /** An attribute of anything: the `name` of `x.name`. */
  attribute?(name: string, line: number, context: RuleContext): void;
  /** A call or subscript. May give its result labels. */
  call?(call: Call, context: RuleContext): number | undefined;
  /** A string, as it stands or as put together from parts. */
  text?(text: string, line: number, context: RuleContext): void;
  /** After the last line. */
  end?(context: RuleContext): void;
}
