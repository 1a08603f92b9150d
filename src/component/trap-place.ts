import { originalPosition } from "../hardening/original-position.ts";
import type { ModulePositions } from "./preparation/messages.ts";

/** Where an instruction is, in bytes. */
export interface TrapPlace {
  /** From the beginning of its core module. */
  readonly offset: number;
  /** From the beginning of the component's file. */
  readonly fileOffset: number;
}

/** Where an instruction of a hardened module is in the component; `added` where hardening added its function, undefined where there is none. */
export function trapPlace(
  { positions, fileOffset }: ModulePositions,
  index: number,
  position: number,
): TrapPlace | "added" | undefined {
  const original = originalPosition(positions, index, position);
  if (original.kind !== "own") return original.kind === "added" ? "added" : undefined;
  return { offset: original.offset, fileOffset: fileOffset + original.offset };
}
