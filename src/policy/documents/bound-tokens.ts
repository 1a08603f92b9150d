import { CST, Lexer } from "yaml";

/**
 * What a document may be made of: what takes the parser time that is not linear, or its stack, is refused before it starts. The
 * numbers are those of a document with some 15,000 rules.
 */
const [MAX_TOKENS, MAX_DEPTH, MAX_INDICATORS, MAX_INDENT, MAX_ESCAPES, MAX_FOUND] = [300_000, 64, 64, 256, 10_000, 50];

/** What means more than it shows. */
const MARKS: Readonly<Partial<Record<string, string>>> = {
  alias: "an alias stands for what is written elsewhere; write it out",
  anchor: "an anchor is for aliases, which there are none of; leave it out",
  tag: "a tag changes what is written; leave it out",
  "directive-line": "a directive changes how the document is read; leave it out",
};

const SECOND = "a second document begins; write one a file";

/** Something in a text that keeps it from being read. */
export interface TokenProblem {
  readonly problem: string;
  /** In UTF-16 code units. */
  readonly offset: number;
}

/** What keeps a text from being parsed, in its order; nothing for one that is. In time that is linear in its length. */
export function tokenProblems(text: string): readonly TokenProblem[] {
  const found: TokenProblem[] = [];
  let [offset, tokens, depth, indicators, documents] = [0, 0, 0, 0, 0];
  let [isLineStart, isScalar, hasContent, hasEnded] = [true, false, false, false];
  for (const token of new Lexer().lex(text)) {
    tokens += 1;
    const type = CST.tokenType(token);
    // These are no part of the text: they tell that a document or a text follows.
    if (type === "byte-order-mark" || type === "doc-mode" || type === "flow-error-end" || type === "scalar") {
      isScalar = type === "scalar";
      offset += type === "byte-order-mark" ? token.length : 0;
      continue;
    }
    const mark = isScalar ? undefined : MARKS[type ?? ""];
    if (mark !== undefined) found.push({ problem: mark, offset });
    let problem: string | undefined;
    if (type === "doc-start" || type === "doc-end") {
      documents += type === "doc-start" ? 1 : 0;
      hasEnded ||= type === "doc-end";
      if (type === "doc-start" && (hasContent || documents > 1)) problem = SECOND;
    } else if (type !== "newline" && type !== "space" && type !== "comment") {
      if (hasEnded) problem = SECOND;
      hasContent = true;
    }
    if (type === "flow-map-start" || type === "flow-seq-start") depth += 1;
    else if (type === "flow-map-end" || type === "flow-seq-end") depth -= 1;
    else if (type?.endsWith("-ind") === true && depth === 0) indicators += 1;
    else if (type === "space" && isLineStart && token.length > MAX_INDENT) problem = "it is indented too deeply";
    if (tokens > MAX_TOKENS) problem = `the document has more than ${MAX_TOKENS} tokens`;
    else if (depth > MAX_DEPTH || indicators > MAX_INDICATORS) problem = "it is nested too deeply";
    else if (token.startsWith('"') && token.split("\\").length > MAX_ESCAPES) problem = "a text has too many escapes";
    if (problem !== undefined) return [...found, { problem, offset }];
    if (found.length >= MAX_FOUND) return found;
    isLineStart = token.endsWith("\n");
    if (isLineStart) indicators = 0;
    isScalar = false;
    offset += token.length;
  }
  return found;
}
