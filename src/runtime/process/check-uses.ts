import type { Use } from "../../shared/use.ts";
import { UNTOLD } from "../../shared/use.ts";

/** The most uses of one access, and of parts and characters of one of them. */
const [MAX_USES, MAX_PARTS, MAX_TEXT] = [1_024, 64, 8_192];

/**
 * What a guest's process says that an access used. Of another form than is sent, or of too much, is nothing that could be told: who reads
 * it compares texts and numbers, and grants nothing for them.
 */
export function usesOf(sent: unknown): readonly Use[] | typeof UNTOLD {
  if (!Array.isArray(sent) || sent.length > MAX_USES || !sent.every(isUse)) return UNTOLD;
  return sent;
}

const KINDS: Readonly<Record<Use["kind"], Readonly<Record<string, "text" | "number" | "texts" | "truth" | "text?">>>> =
  {
    file: { surface: "text", path: "text", access: "number", need: "text" },
    replace: { path: "text" },
    move: { from: "text", to: "text", isFolder: "truth" },
    http: { scheme: "text", host: "text", port: "number", address: "text?" },
    socket: { scheme: "text", address: "text", port: "number", names: "texts" },
    "make-socket": { scheme: "text" },
    bind: { scheme: "text", address: "text", port: "number", listens: "truth" },
    lookup: { name: "text", address: "text?" },
    variable: { name: "text" },
    process: { command: "text" },
    custom: { capability: "text" },
    given: { what: "text" },
  };

function isUse(sent: unknown): sent is Use {
  if (typeof sent !== "object" || sent === null) return false;
  const { kind, ...parts } = sent as Readonly<Record<string, unknown>>;
  if (typeof kind !== "string" || !Object.hasOwn(KINDS, kind)) return false;
  const shape = KINDS[kind as Use["kind"]];
  if (!Object.keys(parts).every((key) => Object.hasOwn(shape, key))) return false;
  return Object.entries(shape).every(([key, type]) => isOf(type, parts[key]));
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case "number":
      return Number.isSafeInteger(value);
    case "truth":
      return typeof value === "boolean";
    case "texts":
      return Array.isArray(value) && value.length <= MAX_PARTS && value.every((one) => isOf("text", one));
    default:
      return (type === "text?" && value === undefined) || (typeof value === "string" && value.length <= MAX_TEXT);
  }
}
