import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { decode, encode } from "../../../src/runtime/process/codec.ts";
import { framed, FrameReader } from "../../../src/runtime/process/frames.ts";
import { CHANNEL, type ToProcess } from "../../../src/runtime/process/messages.ts";

/** What the test wants to be said, by name. */
export const lie: string = process.argv[2] ?? "";

/** Hands on what the parent says; `pause` keeps what comes from then on unread. */
export function listen(take: (message: ToProcess, pause: () => void) => void): void {
  const frames = new FrameReader(() => Infinity);
  const down = new Socket({ fd: CHANNEL.down, readable: true, writable: false });
  down.on("end", () => process.exit(0));
  down.on("data", (chunk: Buffer) => {
    for (const frame of frames.push(chunk)) take(decode(frame, Infinity) as ToProcess, () => down.pause());
  });
}

/** Says things that may be no messages, all in one write. */
export function say(...messages: readonly unknown[]): void {
  raw(Buffer.concat(messages.flatMap((message) => framed(encode(message)))));
}

/** Writes bytes that may be no message. */
export function raw(...parts: readonly Buffer[]): void {
  for (const part of parts) {
    for (let written = 0; written < part.length;) written += writeSync(CHANNEL.up, part, written);
  }
}
