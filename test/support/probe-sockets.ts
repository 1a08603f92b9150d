// oxlint-disable unicorn/consistent-function-scoping -- what runs in the guest is sent there as one function
import type { CoreTools } from "./probe-core.ts";

/** An address as `wasi:sockets` has it. */
export interface Address {
  readonly tag: "ipv4" | "ipv6";
  readonly val: object;
}

/** Raw sockets and name lookup, as a guest reaches them. */
export interface SocketTools {
  readonly network: () => unknown;
  /** From `a.b.c.d`, or from groups of IPv6 with one `::` among them. */
  readonly address: (written: string, port: number) => Address;
  /** A connected socket and its streams, or an error. */
  readonly connect: (address: Address) => readonly unknown[] | string;
  /** The addresses of a name, IPv6 as eight groups, or an error. */
  readonly lookUp: (name: string) => readonly string[] | string;
}

/** Runs within the guest; see {@link CoreTools}. */
export function socketTools({ wasi, call, drop, wait }: CoreTools): SocketTools {
  const network = (): unknown => call(wasi["network"], "instanceNetwork");
  const address = (written: string, port: number): Address => {
    if (written.includes(".")) return { tag: "ipv4", val: { port, address: written.split(".").map(Number) } };
    const [left = [], right = []] = written
      .split("::")
      .map((part) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16))));
    const middle = Array.from({ length: 8 - left.length - right.length }, () => 0);
    return { tag: "ipv6", val: { port, flowInfo: 0, scopeId: 0, address: [...left, ...middle, ...right] } };
  };
  const connect = (to: Address): readonly unknown[] | string => {
    const socket = call(wasi["tcp"], "createTcpSocket", to.tag);
    if (typeof socket === "string") return socket;
    const started = call(socket, "startConnect", network(), to);
    if (started !== "ok") {
      drop(socket);
      return String(started);
    }
    wait(socket);
    const streams = call(socket, "finishConnect");
    return typeof streams === "string" ? streams : [socket, ...(streams as unknown[])];
  };
  const lookUp = (name: string): readonly string[] | string => {
    const stream = call(wasi["lookup"], "resolveAddresses", network(), name);
    if (typeof stream === "string") return stream;
    wait(stream);
    const found: string[] = [];
    for (;;) {
      const next = call(stream, "resolveNextAddress") as { tag: string; val: number[] } | string | null;
      if (next === null) break;
      if (typeof next === "string") return next;
      found.push(next.tag === "ipv4" ? next.val.join(".") : next.val.map((group) => group.toString(16)).join(":"));
    }
    drop(stream);
    return found;
  };
  return { network, address, connect, lookUp };
}
