/**
 * Whether the operating system's sandbox, which is bubblewrap on Linux, has to wrap guest processes (`required`), wraps them where
 * it works (`auto`), or is left out (`off`).
 */
export type OsSandbox = "required" | "auto" | "off";
