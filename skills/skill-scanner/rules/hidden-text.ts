import type { Report, Severity } from "../finding.ts";

const CATEGORY = "obfuscated_code";

/** How many blanks in the middle of a line push what follows out of an editor's window. */
const FAR_RIGHT = 200;

/** Cyrillic and Greek letters drawn like Latin ones. */
const LOOKALIKES = new Set("авекмнорстухАВЕКМНОРСТУХіІјЈѕЅԁһԛԝοΑΒΕΖΗΙΚΜΝΟΡΤΥΧνι");

/** Flags of regions are this and tag characters. */
const BLACK_FLAG = 0x1f3f4;

/** How much invisible text a description quotes. */
const MAX_TAGS = 80;

/** What is known of the line at hand, and of the word at hand. */
interface State {
  line: number;
  blanks: number;
  latin: boolean;
  lookalike: boolean;
  tags: string;
  selectors: number;
}

/**
 * Finds text that a reader of the source does not see, or sees as something else: bidirectional controls, zero-width
 * characters, tag characters, look-alike letters, code far to the right. Comments and prose count too.
 */
export function findHiddenText(code: string, report: Report): void {
  const state: State = { line: 1, blanks: 0, latin: false, lookalike: false, tags: "", selectors: 0 };
  const hit = (severity: Severity, description: string): void =>
    report({ category: CATEGORY, severity, line: state.line, description });
  let before = 0;
  for (let at = 0; at < code.length; at++) {
    const unit = code.charCodeAt(at);
    if (unit === 32 || unit === 9) {
      state.blanks += 1;
      state.latin = state.lookalike = false;
    } else if (unit === 10 || (unit === 13 && code.charCodeAt(at + 1) !== 10)) {
      endLine(state, hit);
    } else {
      if (state.blanks >= FAR_RIGHT) hit("medium", "Text pushed out of view by a long run of blanks");
      state.blanks = 0;
      if (unit < 128) {
        ascii(unit, state, hit);
      } else {
        const point = code.codePointAt(at) ?? unit;
        if (point > 0xffff) at += 1;
        inspect(point, before, at === 0, state, hit);
        before = point;
        continue;
      }
    }
    before = unit;
  }
  endLine(state, hit);
}

type ReportHit = (severity: Severity, description: string) => void;

function ascii(unit: number, state: State, hit: ReportHit): void {
  if ((unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90)) {
    state.latin = true;
    if (state.lookalike) mixed(hit);
  } else if (!(unit >= 48 && unit <= 57) && unit !== 95) {
    state.latin = state.lookalike = false;
  }
}

function mixed(hit: ReportHit): void {
  hit("medium", "Word that mixes Latin letters with look-alikes of another script");
}

function inspect(point: number, before: number, first: boolean, state: State, hit: ReportHit): void {
  if (LOOKALIKES.has(String.fromCodePoint(point))) {
    state.lookalike = true;
    if (state.latin) mixed(hit);
  } else if ((point >= 0x1d400 && point <= 0x1d7ff) || (point >= 0xff21 && point <= 0xff5a)) {
    hit("medium", "Styled letters that programs read as plain ones");
  } else if ((point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069)) {
    hit("high", "Bidirectional control character - the text reads differently from how it runs");
  } else if (point === 0x200b || point === 0x2060 || point === 0x180e || (point === 0xfeff && !first)) {
    hit("medium", "Zero-width character hidden in the text");
  } else if ((point === 0x200c || point === 0x200d) && isAsciiLetter(before)) {
    hit("medium", "Zero-width character hidden in the text");
  } else if (point >= 0xe0000 && point <= 0xe007f) {
    const inFlag = before === BLACK_FLAG || (state.tags === "" && before >= 0xe0000 && before <= 0xe007f);
    if (!inFlag && state.tags.length <= MAX_TAGS)
      state.tags += point >= 0xe0020 ? String.fromCodePoint(point - 0xe0000) : " ";
  } else if (point >= 0xe0100 && point <= 0xe01ef) {
    state.selectors += 1;
  }
}

function endLine(state: State, hit: ReportHit): void {
  if (state.tags !== "") hit("critical", `Invisible text in tag characters: "${state.tags.trim()}"`);
  if (state.selectors >= 8) hit("high", "Data hidden in variation selectors");
  state.line += 1;
  state.blanks = 0;
  state.latin = state.lookalike = false;
  state.tags = "";
  state.selectors = 0;
}

function isAsciiLetter(point: number): boolean {
  return (point >= 65 && point <= 90) || (point >= 97 && point <= 122);
}
