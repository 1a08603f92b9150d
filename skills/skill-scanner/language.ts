import type { LogicalLine, Token } from "./python-tokens.ts";
import { logicalLines } from "./python-tokens.ts";

/** What the scanner can read. `text` is anything else. */
export type Language = "python" | "javascript" | "shell" | "markdown" | "text";

/** How much of a file is looked at to tell its language. */
const SAMPLE = 100_000;

const KEYWORDS = new Set(
  `False None True and as assert async await break class continue def del elif else except finally for from global if
  import in is lambda nonlocal not or pass raise return try while with yield match case type print exec`.split(/\s+/),
);

const EVIDENCE: Readonly<Record<"python" | "javascript" | "shell", readonly RegExp[]>> = {
  python: [
    /^\s*(?:import [\w.]+|from [\w.]+ import )/,
    /^\s*(?:async )?def \w+\(/,
    /^\s*class \w+.*:\s*$/,
    /^\s*(?:if|elif|for|while|with|try|except|else)\b[^{]*:\s*(?:#.*)?$/,
  ],
  javascript: [
    /^\s*(?:export )?(?:const|let|var) [\w{[]/,
    /^\s*(?:export )?(?:default )?(?:async )?function\b/,
    /\brequire\(\s*['"]/,
    /=>/,
    /^\s*import\b.*\bfrom\s*['"]/,
    /^\s*import ['"]/,
    /\bprocess\.env\b/,
    /\bconsole\.\w+\(/,
    /\bnew Function\(/,
    /\batob\(|\bdocument\.|\bwindow\.|[!=]==/,
    /^\s*\/\/|;\s*\/\//,
    /^\s*\}\s*(?:else|catch)\b/,
  ],
  shell: [
    /^\s*(?:fi|done|esac|then)\s*(?:;|$)/,
    /^\s*(?:if|while|elif) \[/,
    /^\s*(?:echo|export|sudo|curl|wget|cd|mkdir|chmod|source|set|rm|cat|exec|apt-get|pip|npm|git|tar|nc|eval|bash|sh) [^=(]/,
    /^\s*for \w+ in .*(?:;\s*do)?$/,
    /\$\(|\$\{/,
    /\|\s*(?:sudo )?(?:ba)?sh\b/,
  ],
};

/** Calls that make a line Python if it can be Python at all. */
const PYTHON_CALLS = /\b(?:exec|eval|compile|open|getattr|print|__import__)\s*\(/;

/**
 * The languages to read a text in, the likeliest first. A text that Python would accept is always read as Python, so
 * that no comment or docstring can talk the scanner out of it.
 */
export function detectLanguages(code: string): Language[] {
  const sample = code.slice(0, SAMPLE);
  const shebang = shebangLanguage(sample);
  const couldBePython = isPlausiblePython(sample, code.length > SAMPLE);
  const { counts, calls, fences, headings } = countEvidence(sample);
  if (couldBePython) counts.python += calls;
  const found: Language[] = [];
  if (shebang !== undefined) found.push(shebang);
  if (
    couldBePython &&
    (counts.python > 0 || (counts.javascript === 0 && counts.shell === 0 && shebang === undefined))
  ) {
    found.push("python");
  }
  const frontMatter = /^\uFEFF?---\r?\n/.test(sample);
  if (!couldBePython && shebang === undefined && (frontMatter || fences > 0 || headings > 1)) found.push("markdown");
  const isDocument = found.includes("markdown") && frontMatter;
  if (counts.javascript > 0 && !isDocument && (!couldBePython || counts.javascript >= counts.python))
    found.push("javascript");
  if (counts.shell > 0 && !isDocument && (!couldBePython || counts.python === 0) && counts.shell >= counts.javascript) {
    found.push("shell");
  }
  if (couldBePython && !found.includes("python") && shebang === undefined) found.push("python");
  const mostlyPython = counts.python > Math.max(1, counts.javascript, counts.shell);
  if (!couldBePython && mostlyPython && shebang === undefined && !isDocument) found.push("python");
  if (found.length === 0) found.push("shell");
  if (counts.python + counts.javascript + counts.shell === 0 && !found.includes("markdown")) found.push("text");
  return [...new Set(found)];
}

function shebangLanguage(code: string): Language | undefined {
  if (!code.startsWith("#!")) return undefined;
  const end = code.indexOf("\n");
  const line = code.slice(0, Math.min(end === -1 ? code.length : end, 200));
  if (/python/.test(line)) return "python";
  if (/\b(?:node|deno|bun|tsx)\b/.test(line)) return "javascript";
  return /\b(?:ba|da|z|k)?sh\b/.test(line) ? "shell" : undefined;
}

interface Evidence {
  readonly counts: Record<"python" | "javascript" | "shell", number>;
  readonly calls: number;
  readonly fences: number;
  readonly headings: number;
}

/** Counts telling lines outside fenced blocks. */
function countEvidence(code: string): Evidence {
  const counts = { python: 0, javascript: 0, shell: 0 };
  let calls = 0;
  let fences = 0;
  let headings = 0;
  let fenced = false;
  for (const whole of code.split("\n")) {
    // A line may be megabytes long; what tells its language stands at its start.
    const line = whole.slice(0, 300);
    if (line.startsWith("```") || line.startsWith("~~~")) {
      fenced = !fenced;
      fences += 1;
      continue;
    }
    if (/^#{1,6} \S/.test(line)) headings += 1;
    if (fenced || line === "" || line.trimStart().startsWith("#")) continue;
    if (PYTHON_CALLS.test(line)) calls += 1;
    for (const language of ["python", "javascript", "shell"] as const) {
      if (EVIDENCE[language].some((pattern) => pattern.test(line))) counts[language] += 1;
    }
  }
  return { counts, calls, fences, headings };
}

/** False when the text has what no Python program has: two operands side by side, `&&`, `=>`, a `$`. */
function isPlausiblePython(code: string, truncated: boolean): boolean {
  let last: LogicalLine | undefined;
  for (const line of logicalLines(code)) {
    if (last !== undefined && !isPlausibleLine(last.tokens)) return false;
    last = line;
  }
  // The last line of a sample may be cut anywhere.
  return last === undefined || truncated || isPlausibleLine(last.tokens);
}

function isPlausibleLine(tokens: readonly Token[]): boolean {
  for (const [at, token] of tokens.entries()) {
    const before = tokens[at - 1];
    if (token.kind === "error" || (before !== undefined && clash(before, token))) return false;
  }
  const last = tokens.at(-1);
  return last?.kind !== "op" || !"+-/%&|^<>=.@~".includes(last.text);
}

const CLASHES = new Set(["& &", "| |", "= >", "== =", "!= =", ") {", "; //"]);

function clash(before: Token, token: Token): boolean {
  if (before.kind === "op" && token.kind === "op") {
    return CLASHES.has(`${before.text} ${token.text}`);
  }
  const starts = token.kind === "number" || token.kind === "string" || isPlainName(token);
  if (!starts) return false;
  if (token.kind === "string" && before.kind === "string") return false;
  const ends = before.kind === "number" || before.kind === "string" || isPlainName(before);
  return ends || (before.kind === "op" && (before.text === ")" || before.text === "]"));
}

function isPlainName(token: Token): boolean {
  return token.kind === "name" && !KEYWORDS.has(token.text);
}
