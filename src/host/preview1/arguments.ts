import type { CoreFunction, CoreGuest } from "../core/core-function.ts";
import type { HostContext } from "../capability.ts";
import type { LinearMemory } from "../core/linear-memory.ts";
import { grantedVariables } from "../environment/granted-variables.ts";
import { direct } from "./define.ts";

const POINTER_BYTES = 4;

/** The program's arguments and its environment: texts, each with a NUL behind it. */
export const ARGUMENT_FUNCTIONS: readonly CoreFunction[] = [
  direct({
    name: "args_get",
    parameters: ["i32", "i32"],
    call: ({ context, memory }: CoreGuest, pointers, buffer) =>
      writeTexts(memory, context.programArguments, pointers, buffer),
  }),
  direct({
    name: "args_sizes_get",
    parameters: ["i32", "i32"],
    call: ({ context, memory }: CoreGuest, count, size) => writeSizes(memory, context.programArguments, count, size),
  }),
  direct({
    name: "environ_get",
    parameters: ["i32", "i32"],
    call: ({ context, memory }: CoreGuest, pointers, buffer) =>
      writeTexts(memory, variablesOf(context), pointers, buffer),
  }),
  direct({
    name: "environ_sizes_get",
    parameters: ["i32", "i32"],
    call: ({ context, memory }: CoreGuest, count, size) => writeSizes(memory, variablesOf(context), count, size),
  }),
];

function variablesOf(context: HostContext): readonly string[] {
  return grantedVariables(context).map(([name, value]) => `${name}=${value}`);
}

function writeSizes(memory: LinearMemory, texts: readonly string[], count: number, size: number): void {
  memory.assertPlace(count, POINTER_BYTES);
  memory.assertPlace(size, POINTER_BYTES);
  memory.setU32(count, texts.length);
  memory.setU32(size, sizeOf(texts));
}

function writeTexts(memory: LinearMemory, texts: readonly string[], pointers: number, buffer: number): void {
  memory.assertPlace(pointers, texts.length * POINTER_BYTES, POINTER_BYTES);
  const target = memory.bytes(buffer, sizeOf(texts));
  const encoder = new TextEncoder();
  let at = 0;
  for (const [index, text] of texts.entries()) {
    memory.setU32(pointers + index * POINTER_BYTES, buffer + at);
    at += encoder.encodeInto(text, target.subarray(at)).written;
    target[at] = 0;
    at += 1;
  }
}

function sizeOf(texts: readonly string[]): number {
  return texts.reduce((total, text) => total + Buffer.byteLength(text) + 1, 0);
}
