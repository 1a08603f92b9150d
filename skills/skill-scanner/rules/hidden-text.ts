import type { Report, Severity } from "../finding.ts";

const CATEGORY = "obfuscated_code";

/** How many blanks in the middle of a line push what follows out of an editor's window. */
const FAR_RIGHT = 200;

/** Cyrillic and Greek letters drawn like Latin ones. */
const LOOKALIKES = new Set("авекмнорстухАВЕКМНОРСТУХіІјЈѕЅԁһԛԝοΑΒΕΖΗΙΚΜΝΟΡΤΥΧνι");

const BLACK_FLAG = 0x1f3f4;

interface LineState {
  tags: string;
  selectors: number;
  blanks: number;
  wordHasLatin: boolean;
  wordHasLookalike: boolean;
}

/**
 * Finds text that a reader of the source does not see, or sees as something else: bidirectional controls, zero-width
 * characters, tag characters, look-alike letters, code far to the right. Comments and prose count too.
 */
export function findHiddenText(code: string, report: Report): void {
  let line = 1;
  let state = newLine();
  let before = 0;
  for (let at = 0; at < code.length; at++) {
    const unit = code.charCodeAt(at);
    // Most of a file is ASCII letters: they end runs and nothing else.
    const point = unit >= 0xd800 && unit <= 0xdbff ? (code.codePointAt(at) ?? unit) : unit;
    if (point > 0xffff) at += 1;
    if (point === 10 || (point === 13 && code.charCodeAt(at + 1) !== 10)) {
      finish(state, line, report);
      state = newLine();
      line += 1;
    } else {
      inspect(point, before, at === 0, state, line, report);
    }
    before = point;
  }
  finish(state, line, report);
}

function newLine(): LineState {
  return { tags: "", selectors: 0, blanks: 0, wordHasLatin: false, wordHasLookalike: false };
}

function inspect(point: number, before: number, first: boolean, state: LineState, line: number, report: Report): void {
  const hit = (severity: Severity, description: string): void =>
    report({ category: CATEGORY, severity, line, description });
  if (point === 32 || point === 9) {
    state.blanks += 1;
  } else {
    if (state.blanks >= FAR_RIGHT && state.blanks !== -1) {
      hit("medium", "Text pushed out of view by a long run of blanks");
    }
    state.blanks = 0;
  }
  if (point < 128) {
    const letter = (point >= 65 && point <= 90) || (point >= 97 && point <= 122);
    if (letter) state.wordHasLatin = true;
    else if (!(point >= 48 && point <= 57) && point !== 95) endWord(state, hit);
    if (letter && state.wordHasLookalike) endWord(state, hit, true);
    return;
  }
  if (LOOKALIKES.has(String.fromCodePoint(point))) state.wordHasLookalike = true;
  else if ((point >= 0x1d400 && point <= 0x1d7ff) || (point >= 0xff21 && point <= 0xff5a)) {
    hit("medium", "Styled letters that programs read as plain ones");
  } else if ((point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069)) {
    hit("high", "Bidirectional control character - the text reads differently from how it runs");
  } else if (point === 0x200b || point === 0x2060 || point === 0x180e || (point === 0xfeff && !first)) {
    hit("medium", "Zero-width character hidden in the text");
  } else if ((point === 0x200c || point === 0x200d) && isAsciiLetter(before)) {
    hit("medium", "Zero-width character hidden in the text");
  } else if (point >= 0xe0000 && point <= 0xe007f) {
    if (before !== BLACK_FLAG && (state.tags !== "" || !(before >= 0xe0000 && before <= 0xe007f))) {
      state.tags += point >= 0xe0020 && point < 0xe007f ? String.fromCodePoint(point - 0xe0000) : "";
      if (state.tags === "") state.tags = " ";
    }
  } else if (point >= 0xe0100 && point <= 0xe01ef) {
    state.selectors += 1;
  }
}

/** A word of Latin letters and look-alikes is meant to be taken for another. */
function endWord(state: LineState, hit: (severity: Severity, description: string) => void, within = false): void {
  if (state.wordHasLatin && state.wordHasLookalike)
    hit("medium", "Word that mixes Latin letters with look-alikes of another script");
  if (within) return;
  state.wordHasLatin = false;
  state.wordHasLookalike = false;
}

function finish(state: LineState, line: number, report: Report): void {
  endWord(state, (severity, description) => report({ category: CATEGORY, severity, line, description }));
  if (state.tags !== "") {
    const text = state.tags.trim().slice(0, 80);
    report({
      category: CATEGORY,
      severity: "critical",
      line,
      description: `Invisible text in tag characters: "${text}"`,
    });
  }
  if (state.selectors >= 8) {
    report({ category: CATEGORY, severity: "high", line, description: "Data hidden in variation selectors" });
  }
}

function isAsciiLetter(point: number): boolean {
  return (point >= 65 && point <= 90) || (point >= 97 && point <= 122);
}
