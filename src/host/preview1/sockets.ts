import type { HostContext } from "../capability.ts";
import type { CoreFunction, CoreGuest } from "../core/core-function.ts";
import type { Waitable } from "../io/streams.ts";
import { waitForAny } from "../io/wait-for-any.ts";
import { createSocket } from "../sockets/create-socket.ts";
import { toSocketAddress } from "../sockets/socket-address.ts";
import type { ErrorCode, SocketResult } from "../sockets/socket-errors.ts";
import { TcpSocket } from "../sockets/tcp-socket.ts";
import { blocking, direct } from "./define.ts";
import { FD_FLAG, MAX_FD_FLAGS } from "./descriptor-state.ts";
import { descriptorsOf } from "./descriptor-table.ts";
import { ERRNO, Preview1Error } from "./errno.ts";
import { ioVectors } from "./io-vectors.ts";
import type { OpenConnection, OpenListener } from "./open-descriptors.ts";
import { counted } from "./read-write.ts";
import { receive, send } from "./socket-bytes.ts";

/** `riflags` and `sdflags`. */
const [PEEK, WAIT_FOR_ALL] = [1, 2];
const [RECEIVING, SENDING] = [1, 2];

export const SOCKET_FUNCTIONS: readonly CoreFunction[] = [
  blocking({ name: "sock_accept", parameters: ["i32", "i32", "i32"], call: accept }),
  blocking({
    name: "sock_recv",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32"],
    call: (guest: CoreGuest, fd, vectors, count, flags, result, resultFlags) => {
      const { memory } = guest;
      memory.assertPlace(resultFlags, 2);
      const open = connection(guest.context, fd);
      if (flags > (PEEK | WAIT_FOR_ALL)) throw new Preview1Error(ERRNO.invalid);
      return counted(guest, result, () => {
        const parts = ioVectors(memory, vectors, count);
        // Streams are never cut.
        memory.setU16(resultFlags, 0);
        return receive(guest, open, parts, {
          peek: (flags & PEEK) !== 0,
          waitForAll: (flags & WAIT_FOR_ALL) !== 0 && !open.nonBlocking,
        });
      });
    },
  }),
  blocking({
    name: "sock_send",
    parameters: ["i32", "i32", "i32", "i32", "i32"],
    call: (guest: CoreGuest, fd, vectors, count, flags, result) => {
      const open = connection(guest.context, fd);
      if (flags !== 0) throw new Preview1Error(ERRNO.invalid);
      return counted(guest, result, () => send(guest, open, ioVectors(guest.memory, vectors, count)));
    },
  }),
  direct({
    name: "sock_shutdown",
    parameters: ["i32", "i32"],
    call: ({ context }: CoreGuest, fd, how) => {
      const { socket } = connection(context, fd);
      if (how === 0 || how > (RECEIVING | SENDING)) throw new Preview1Error(ERRNO.invalid);
      const which = how === RECEIVING ? "receive" : how === SENDING ? "send" : "both";
      socketValue(socket.shutdown(which));
    },
  }),
];

function accept({ context, memory }: CoreGuest, fd: number, flags: number, result: number): Promise<void> | undefined {
  memory.assertPlace(result, 4);
  if (flags > MAX_FD_FLAGS) throw new Preview1Error(ERRNO.invalid);
  const descriptors = descriptorsOf(context);
  const open = descriptors.get(fd);
  if (open.kind !== "listener") throw new Preview1Error(ERRNO.notSocket);
  descriptors.assertRoom();
  const nonBlocking = (flags & FD_FLAG.nonBlocking) !== 0;
  const add = (connected: OpenConnection): void => memory.setU32(result, descriptors.add(connected));
  const connected = acceptFrom(context, open, nonBlocking);
  if (connected instanceof Promise) return connected.then((one) => add(one));
  add(connected);
  return undefined;
}

function acceptFrom(
  context: HostContext,
  open: OpenListener,
  nonBlocking: boolean,
): OpenConnection | Promise<OpenConnection> {
  const socket = listening(context, open);
  const step = (): OpenConnection | undefined => {
    const listens = socket.finishListen();
    const isDone = listens.tag === "ok" || listens.val === "not-in-progress";
    const accepted = isDone ? socket.accept() : listens;
    if (accepted.tag === "err" && accepted.val === "would-block" && !open.nonBlocking) return undefined;
    const [connected, input, output] = socketValue(accepted);
    return { kind: "connection", socket: connected, input, output, nonBlocking, peeked: new Uint8Array(0) };
  };
  const waitFor = async (): Promise<OpenConnection> => {
    for (;;) {
      await waitForAny([acceptable(socket)], context.signal);
      if (context.signal.aborted) throw new Preview1Error(ERRNO.connectionAborted);
      const accepted = step();
      if (accepted !== undefined) return accepted;
    }
  };
  return step() ?? waitFor();
}

/** The socket of a place where the guest may listen; it begins to with the first use. */
export function listening(context: HostContext, open: OpenListener): TcpSocket {
  if (open.socket !== undefined) return open.socket;
  const { endpoint } = open;
  const { family } = endpoint;
  const socket = socketValue(createSocket(context, "tcp", family, (session) => new TcpSocket(session, family)));
  try {
    socketValue(socket.startBind(toSocketAddress(endpoint)));
    socketValue(socket.finishBind());
    socketValue(socket.startListen());
  } catch (thrown) {
    socket[Symbol.dispose]();
    throw thrown;
  }
  open.socket = socket;
  return socket;
}

/** Ready when there is a connection to accept, or nothing to wait for. */
export function acceptable(socket: TcpSocket): Waitable {
  return {
    ready: () => {
      socket.finishListen();
      return socket.ready();
    },
    wait: (signal) => socket.wait(signal),
  };
}

/** @throws Preview1Error `badf`, `notsock`, `notconn`. */
function connection(context: HostContext, fd: number): OpenConnection {
  const open = descriptorsOf(context).get(fd);
  if (open.kind === "connection") return open;
  throw new Preview1Error(open.kind === "listener" ? ERRNO.notConnected : ERRNO.notSocket);
}

const BY_CODE: Readonly<Partial<Record<ErrorCode, number>>> = {
  "access-denied": ERRNO.access,
  "not-supported": ERRNO.notSupported,
  "invalid-argument": ERRNO.invalid,
  "would-block": ERRNO.again,
  "new-socket-limit": ERRNO.tooManyDescriptors,
  "address-not-bindable": ERRNO.addressNotAvailable,
  "address-in-use": ERRNO.addressInUse,
  "connection-aborted": ERRNO.connectionAborted,
};

function socketValue<T>(result: SocketResult<T>): T {
  if (result.tag === "ok") return result.val;
  throw new Preview1Error(BY_CODE[result.val] ?? ERRNO.io);
}
