/** After how many bytes somebody is told of the progress. */
const STEP_BYTES = 1024 * 1024;

/**
 * Whether bytes are one JSON text (RFC 8259), nested at most 512 deep; that they are UTF-8 is for the caller to check. Makes
 * nothing of it, so a text of many small values costs no more than one of few.
 *
 * @param progress Called after each {@link STEP_BYTES}. What it throws ends the check.
 */
export function isJson(bytes: Uint8Array, progress: () => void = () => undefined): boolean {
  const maxDepth = 512;
  /** For each open container, whether it is an object. */
  const objects = new Uint8Array(maxDepth);
  let depth = 0;
  let at = 0;
  let next = STEP_BYTES;

  const step = (): void => {
    at += 1;
    if (at < next) return;
    next = at + STEP_BYTES;
    progress();
  };
  const space = (): void => {
    while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) step();
  };
  const take = (byte: number): boolean => {
    if (bytes[at] !== byte) return false;
    step();
    return true;
  };
  const word = (text: string): boolean => {
    for (let index = 0; index < text.length; index += 1) {
      if (!take(text.charCodeAt(index))) return false;
    }
    return true;
  };
  const digits = (): boolean => {
    const start = at;
    for (let byte = bytes[at] ?? 0; byte >= 0x30 && byte <= 0x39; byte = bytes[at] ?? 0) step();
    return at > start;
  };
  const number = (): boolean => {
    take(0x2d);
    if (!take(0x30) && !digits()) return false;
    if (take(0x2e) && !digits()) return false;
    if (!take(0x65) && !take(0x45)) return true;
    if (!take(0x2b)) take(0x2d);
    return digits();
  };
  const hexadecimal = (): boolean => {
    for (let left = 4; left > 0; left -= 1) {
      const byte = (bytes[at] ?? 0) | 0x20;
      if (!((byte >= 0x30 && byte <= 0x39 && (bytes[at] ?? 0) >= 0x30) || (byte >= 0x61 && byte <= 0x66))) return false;
      at += 1;
    }
    return true;
  };
  const string = (): boolean => {
    if (!take(0x22)) return false;
    for (;;) {
      const byte = bytes[at] ?? 0;
      if (byte < 0x20) return false;
      step();
      if (byte === 0x22) return true;
      if (byte !== 0x5c) continue;
      if (take(0x75)) {
        if (!hexadecimal()) return false;
      } else if (!'"\\/bfnrt'.includes(String.fromCharCode(bytes[at] ?? 0))) return false;
      else at += 1;
    }
  };
  const key = (): boolean => {
    space();
    if (!string()) return false;
    space();
    return take(0x3a);
  };
  const scalar = (): boolean => {
    switch (bytes[at]) {
      case 0x22:
        return string();
      case 0x74:
        return word("true");
      case 0x66:
        return word("false");
      case 0x6e:
        return word("null");
      default:
        return number();
    }
  };

  // One value, or the opening of a container, each time around; then whatever that closes.
  for (;;) {
    space();
    const isObject = bytes[at] === 0x7b;
    let complete = true;
    if (isObject || bytes[at] === 0x5b) {
      if (depth === maxDepth) return false;
      at += 1;
      space();
      if (!take(isObject ? 0x7d : 0x5d)) {
        objects[depth] = isObject ? 1 : 0;
        depth += 1;
        complete = false;
        if (isObject && !key()) return false;
      }
    } else if (!scalar()) return false;
    while (complete) {
      space();
      if (depth === 0) return at === bytes.length;
      const inObject = objects[depth - 1] === 1;
      if (take(inObject ? 0x7d : 0x5d)) depth -= 1;
      else if (!take(0x2c) || (inObject && !key())) return false;
      else complete = false;
    }
  }
}
