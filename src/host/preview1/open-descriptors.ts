import type { FileDescriptor, FolderDescriptor } from "../filesystem/wasi/descriptor.ts";
import type { FileOutputStream } from "../filesystem/content/file-streams.ts";
import type { InputStream, OutputStream } from "../io/streams.ts";
import type { Endpoint } from "../sockets/socket-address.ts";
import type { TcpSocket } from "../sockets/tcp-socket.ts";
import type { FolderListing } from "./folder-listing.ts";

/** What a descriptor of preview 1 stands for. */
export type OpenDescriptor = OpenInput | OpenOutput | OpenFolder | OpenFile | OpenListener | OpenConnection;

/** Stdin. */
export interface OpenInput {
  readonly kind: "input";
  readonly stream: InputStream;
}

/** Stdout or stderr. */
export interface OpenOutput {
  readonly kind: "output";
  readonly stream: OutputStream;
  /** The other one: what was written there comes first. */
  readonly other: OutputStream;
}

export interface OpenFolder {
  readonly kind: "folder";
  readonly descriptor: FolderDescriptor;
  /** The path that the guest knows it by, if it was opened for the guest. */
  readonly preopen: string | undefined;
  /** What was listed of it. */
  listing: FolderListing | undefined;
}

export interface OpenFile {
  readonly kind: "file";
  readonly descriptor: FileDescriptor;
  /** Where it is read and written next. */
  position: bigint;
  append: boolean;
  nonBlocking: boolean;
  /** Writes at its end; made with the first such write. */
  appending: FileOutputStream | undefined;
}

/** A place where the guest may wait for connections. */
export interface OpenListener {
  readonly kind: "listener";
  readonly endpoint: Endpoint;
  /** Made when the guest first waits there. */
  socket: TcpSocket | undefined;
  nonBlocking: boolean;
}

export interface OpenConnection {
  readonly kind: "connection";
  readonly socket: TcpSocket;
  readonly input: InputStream;
  readonly output: OutputStream;
  nonBlocking: boolean;
  /** What was peeked at and not taken. */
  peeked: Uint8Array;
}

/** Lets go of what a descriptor stood for. */
export function close(open: OpenDescriptor): void {
  switch (open.kind) {
    case "input":
    case "output":
      open.stream[Symbol.dispose]();
      break;
    case "folder":
      open.listing?.[Symbol.dispose]();
      open.descriptor[Symbol.dispose]();
      break;
    case "file":
      open.appending?.[Symbol.dispose]();
      open.descriptor[Symbol.dispose]();
      break;
    case "listener":
      open.socket?.[Symbol.dispose]();
      break;
    case "connection":
      open.input[Symbol.dispose]();
      open.output[Symbol.dispose]();
      open.socket[Symbol.dispose]();
      break;
  }
}
