import type { HostContext } from "../capability.ts";
import { checkCreate, type SocketScheme } from "./check.ts";
import type { IpAddressFamily } from "./socket-address.ts";
import { fail, type SocketResult, succeed } from "./socket-errors.ts";
import { socketSession, type SocketSession } from "./socket-session.ts";

/** Makes a socket that is allowed and counted. `make` gets a session that has counted it. */
export function createSocket<T>(
  context: HostContext,
  scheme: SocketScheme,
  family: IpAddressFamily,
  make: (session: SocketSession) => T,
): SocketResult<T> {
  const session = socketSession(context);
  const action = `${scheme}-create-socket.create-${scheme}-socket`;
  const resource = `${scheme} over ${family}`;
  if (session.denies(action, resource, checkCreate(context.grants, scheme))) return fail("access-denied");
  session.uses(action, resource, { kind: "make-socket", scheme });
  const { sockets } = context.meters;
  if (!sockets.take()) {
    session.observeLimit(action, resource, `the guest holds ${sockets.cap} sockets`, "maxSockets");
    return fail("new-socket-limit");
  }
  return succeed(make(session));
}
