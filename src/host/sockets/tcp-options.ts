import type { Socket } from "node:net";

const SECOND_NS = 1_000_000_000n;
const MAX_SECONDS = 32_767n;
const MIN_BUFFER = 1_024n;
const MAX_BUFFER = 1024n * 1024n;
const MAX_KEEP_ALIVE_COUNT = 127;
const MAX_BACKLOG = 128n;

/**
 * The options of a TCP socket. Those of keep-alive are set on the operating system's socket. Node cannot set the hop limit
 * and the sizes of the buffers; these values are kept and reported, which is all that guests can see of them.
 */
export interface TcpOptions {
  keepAlive: boolean;
  /** In nanoseconds, whole seconds. */
  keepAliveIdle: bigint;
  /** In nanoseconds, whole seconds. */
  keepAliveInterval: bigint;
  keepAliveCount: number;
  hopLimit: number;
  /** In bytes. */
  receiveBuffer: bigint;
  /** In bytes. */
  sendBuffer: bigint;
  /** How many connections may wait to be accepted. */
  backlog: number;
}

/** Linux's defaults, and room for 16 connections that wait to be accepted. */
export function defaultTcpOptions(): TcpOptions {
  return {
    keepAlive: false,
    keepAliveIdle: 7_200n * SECOND_NS,
    keepAliveInterval: 75n * SECOND_NS,
    keepAliveCount: 9,
    hopLimit: 64,
    receiveBuffer: 128n * 1024n,
    sendBuffer: 128n * 1024n,
    backlog: 16,
  };
}

/** Sets on a socket what Node can set. */
export function applyOptions(socket: Socket, options: TcpOptions): void {
  socket.setKeepAlive(
    options.keepAlive,
    milliseconds(options.keepAliveIdle),
    milliseconds(options.keepAliveInterval),
    options.keepAliveCount,
  );
}

/** A duration that is not 0, rounded up to seconds, and cut to what systems take. */
export function keepAliveDuration(value: bigint): bigint {
  const seconds = (value + SECOND_NS - 1n) / SECOND_NS;
  return (seconds > MAX_SECONDS ? MAX_SECONDS : seconds) * SECOND_NS;
}

/** A count that is not 0, cut to what systems take. */
export function keepAliveCount(value: number): number {
  return Math.min(value, MAX_KEEP_ALIVE_COUNT);
}

/** The size of a buffer, from 1 KiB to 1 MiB. */
export function bufferSize(value: bigint): bigint {
  return value < MIN_BUFFER ? MIN_BUFFER : value > MAX_BUFFER ? MAX_BUFFER : value;
}

/** A backlog that is not 0, cut to 128. */
export function backlogSize(value: bigint): number {
  return Number(value > MAX_BACKLOG ? MAX_BACKLOG : value);
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000n);
}
