import type { MemoryDeclaration } from "../../../shared/plan/hardening-profile.ts";
import type { Program } from "../../messages.ts";

/** The most pages of a memory with 32-bit addresses. */
const MAX_PAGES_32 = 65_536;

/** The memories of a program's instances need more than the cap from the start. */
export class MemoryCapTooSmall extends Error {
  readonly neededBytes: number;
  constructor(neededBytes: number) {
    super(`the component's memories start at ${neededBytes} bytes`);
    this.neededBytes = neededBytes;
  }
}

const counted = new WeakMap<object, number>();

/** The pages that all memories of a program's instances have from the start. */
export function initialPages(program: Pick<Program, "modules" | "instantiations">): number {
  let pages = counted.get(program);
  if (pages === undefined) counted.set(program, (pages = countPages(program)));
  return pages;
}

function countPages({ modules, instantiations }: Pick<Program, "modules" | "instantiations">): number {
  const byName = new Map(modules.map(({ name, memories }) => [name, memories]));
  let pages = 0;
  for (const name of instantiations) for (const memory of byName.get(name) ?? []) pages += memory.initialPages;
  return pages;
}

/**
 * The maximum that the host makes a memory with, in pages: its own, and not more than an invocation's whole cap. That they stay under
 * the cap together is decided whenever one of them grows.
 */
export function memoryMaximum(
  { initialPages: initial, maximumPages, address64 }: MemoryDeclaration,
  capPages: number,
): number {
  return Math.max(initial, Math.min(capPages, maximumPages ?? capPages, address64 ? capPages : MAX_PAGES_32));
}
