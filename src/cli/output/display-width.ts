/** Characters that take two columns of a terminal. */
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\uff01-\uff60])/u;

/** How many columns of a terminal a text takes that has no styles, tabs or line feeds. */
export function displayWidth(text: string): number {
  // Nearly all text is of characters that take one column each, and telling them apart takes long.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}
