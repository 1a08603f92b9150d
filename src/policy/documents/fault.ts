import { CordonError } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";

/** Where something stands in a document, both from 1; columns in UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a document, or odd about it, on one line. */
export interface Fault extends Position {
  readonly file: string;
  readonly message: string;
}

/** How many are told of: nobody reads more, and a document may have any number. */
export const MAX_FAULTS = 50;

/** A fault as it is shown: `file:line:column: message`. */
export function faultText({ file, line, column, message }: Fault): string {
  return `${file}:${line}:${column}: ${message}`;
}

/** The faults of documents, in the order in which they stand there. */
export class PolicyError extends CordonError {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    const list = faults.slice(0, MAX_FAULTS).map(faultText).join("; ");
    const count = faults.length === 1 ? "a fault" : `${faults.length} faults`;
    super("policy", `Cannot use the policy, which has ${count}: ${list}`);
    this.faults = faults;
  }
}

/** Text of a document in a message, in double quotes and cut. */
export function shown(text: string): string {
  return quoteText(text, 100);
}

/** Faults in the order of the document, each place and message once. */
export function ordered(faults: readonly Fault[]): readonly Fault[] {
  const distinct = new Map(faults.map((fault) => [faultText(fault), fault]));
  return [...distinct.values()].toSorted((a, b) => a.line - b.line || a.column - b.column);
}
