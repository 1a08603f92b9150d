import { MessageChannel, type MessagePort, receiveMessageOnPort, type Transferable } from "node:worker_threads";
import { isLargerThan } from "../worker/metering/value-size.ts";

/** Values that take less go as they are, in bytes: a receiver has them in a millisecond. */
const PIECE_BYTES = 256 * 1024;

/** How long texts are at once, in UTF-16 code units. */
const TEXT_PIECE = 1024 * 1024;

/** How many small elements of a list go together, unless they are a large piece. */
const RUN_LENGTH = 1024;

/**
 * A large value in pieces, for another thread: they wait in a port, off the heap of either, and the receiver takes one after the other, of
 * which none takes long.
 */
export interface Parcel {
  readonly shape: Shape;
  readonly pieces: MessagePort;
}

/** How a value is put together from pieces, in their order. */
type Shape =
  | { readonly kind: "piece" }
  /** So many parts of a text. */
  | { readonly kind: "text"; readonly parts: number }
  /** Pieces that are runs of elements, and elements that are large. */
  | { readonly kind: "list"; readonly runs: readonly Shape[] }
  /** An element of a list that is not in a run. */
  | { readonly kind: "element"; readonly shape: Shape }
  | { readonly kind: "map"; readonly entries: Shape }
  | { readonly kind: "record"; readonly members: readonly (readonly [string, Shape])[] };

/** A value that is ready to be sent. */
export interface Packed {
  readonly parcel: Parcel;
  /** What is handed over with it, for `postMessage`. */
  readonly transfer: readonly Transferable[];
  /** About what it takes, in bytes. */
  readonly bytes: number;
}

/** Whether a value is to be sent as a parcel. */
export function isBulky(value: unknown): boolean {
  return isLargerThan(value, PIECE_BYTES);
}

/**
 * Packs a value. Large lists of numbers in it are handed over, and empty from then on.
 *
 * @throws DataCloneError for what cannot leave its thread.
 */
export function pack(value: unknown): Packed {
  const packer = new Packer();
  try {
    const shape = packer.add(value);
    return { parcel: { shape, pieces: packer.receiver }, transfer: [packer.receiver], bytes: packer.bytes };
  } catch (thrown) {
    packer.receiver.close();
    throw thrown;
  }
}

class Packer {
  readonly #channel = new MessageChannel();
  bytes = 0;

  get receiver(): MessagePort {
    return this.#channel.port2;
  }

  add(value: unknown): Shape {
    if (!isBulky(value)) return this.#piece(value, 0);
    if (typeof value === "string") return this.#text(value);
    if (ArrayBuffer.isView(value)) return this.#numbers(value);
    if (Array.isArray(value)) return { kind: "list", runs: this.#runs(value, 0, value.length) };
    if (value instanceof Map) return { kind: "map", entries: this.add([...(value as Map<unknown, unknown>)]) };
    const members = Object.entries(value as object);
    return { kind: "record", members: members.map(([name, member]) => [name, this.add(member)]) };
  }

  #text(text: string): Shape {
    for (let at = 0; at < text.length; at += TEXT_PIECE) {
      const part = text.slice(at, at + TEXT_PIECE);
      this.#piece(part, part.length);
    }
    return { kind: "text", parts: Math.ceil(text.length / TEXT_PIECE) };
  }

  #numbers(list: ArrayBufferView): Shape {
    const { buffer, byteLength } = list;
    // Whatever else uses the buffer would lose it.
    const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
    return this.#piece(list, byteLength, isOwn ? [buffer] : []);
  }

  #runs(list: readonly unknown[], from: number, to: number): readonly Shape[] {
    if (to - from > RUN_LENGTH) {
      const runs: Shape[] = [];
      for (let at = from; at < to; at += RUN_LENGTH) runs.push(...this.#runs(list, at, Math.min(to, at + RUN_LENGTH)));
      return runs;
    }
    const run = list.slice(from, to);
    if (!isBulky(run)) return [this.#piece(run, PIECE_BYTES)];
    if (run.length === 1) return [{ kind: "element", shape: this.add(run[0]) }];
    const middle = from + Math.ceil(run.length / 2);
    return [...this.#runs(list, from, middle), ...this.#runs(list, middle, to)];
  }

  #piece(value: unknown, bytes: number, transfer: readonly ArrayBuffer[] = []): Shape {
    this.bytes += bytes;
    this.#channel.port1.postMessage(value, [...transfer]);
    return { kind: "piece" };
  }
}

/** Takes a value out of its parcel, in steps of which none takes long; gives it at the last. */
export function* opened({ shape, pieces }: Parcel): Generator<undefined, unknown, undefined> {
  const value = yield* put(shape, pieces);
  pieces.close();
  return value;
}

function* put(shape: Shape, pieces: MessagePort): Generator<undefined, unknown, undefined> {
  switch (shape.kind) {
    case "piece":
      return next(pieces);
    case "text": {
      let text = "";
      for (let part = 0; part < shape.parts; part += 1) {
        text += next(pieces) as string;
        yield;
      }
      return text;
    }
    case "list": {
      const list: unknown[] = [];
      for (const run of shape.runs) {
        if (run.kind === "element") list.push(yield* put(run.shape, pieces));
        else for (const element of next(pieces) as readonly unknown[]) list.push(element);
        yield;
      }
      return list;
    }
    case "element":
      return yield* put(shape.shape, pieces);
    case "map":
      return new Map((yield* put(shape.entries, pieces)) as readonly (readonly [unknown, unknown])[]);
    case "record": {
      const members: [string, unknown][] = [];
      for (const [name, member] of shape.members) members.push([name, yield* put(member, pieces)]);
      return Object.fromEntries(members);
    }
  }
}

function next(pieces: MessagePort): unknown {
  const received: { readonly message: unknown } | undefined = receiveMessageOnPort(pieces);
  if (received === undefined) throw new Error("a piece of a parcel is missing");
  return received.message;
}
