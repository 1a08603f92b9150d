import { escapeInvisible } from "../../shared/text/quote-text.ts";

/** How much of the reason is told, in UTF-16 code units. */
const MAX_REASON = 120;

/**
 * Where an engine that gives up says why: V8 in a check of its own (`# Fatal error in FILE, line N` and the reason on the next line),
 * V8 out of memory or past a bound (`FATAL ERROR: WHERE REASON`, `Fatal process out of memory`).
 */
const REASONS: readonly RegExp[] = [
  /^# Fatal error in [^\n]*\n# ?([^\n]+)/mu,
  /^(?:<--- [^\n]*--->\s*)?FATAL ERROR: ([^\n]+)/mu,
  /^#?\s*(Fatal (?:process|JavaScript) [^\n]+)/mu,
];

/**
 * What a process said on its stderr before it ended, in a few words. Nothing of it is trusted: hostile code may have written it, and
 * what the engine writes has its stack and paths of this machine. One line is told, without either.
 */
export function lastWords(stderr: string): string {
  const found = REASONS.map((reason) => reason.exec(stderr)?.[1]).find((one) => one !== undefined);
  const [beforeStack = ""] = stderr.split(/^-+ (?:Native|JavaScript) stack trace/mu);
  const line = found ?? beforeStack.split("\n").find((one) => one.trim() !== "") ?? "";
  const words = line
    .slice(0, MAX_REASON * 4)
    .split(/\s+/u)
    .filter((word) => word !== "" && !isPlace(word));
  return escapeInvisible(words.join(" ").toWellFormed().slice(0, MAX_REASON));
}

/** Whether a word names a file, an address or a module of the host's. */
function isPlace(word: string): boolean {
  return /[/\\]|0x[0-9a-f]+|node:|\[\d+:/iu.test(word);
}
