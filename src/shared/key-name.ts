/** Words that stand for something else where keys are named. */
const RESERVED: ReadonlySet<string> = new Set(["any", "none"]);

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/u;

/** What the name of a trusted key is, for messages. */
export const KEY_NAME_RULE = "1 to 64 lower-case letters, digits and any of . _ -, and neither any nor none";

/** Whether a text can be the name of a trusted key. */
export function isKeyName(text: string): boolean {
  return NAME.test(text) && !RESERVED.has(text);
}
