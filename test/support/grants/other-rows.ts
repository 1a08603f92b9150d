import type { GrantsInput } from "../../../src/sandbox/index.ts";
import { probeCode, type Tools } from "../probe.ts";
import type { GrantRow, Surroundings } from "./row.ts";

function world(
  name: string,
  grants: (around: Surroundings) => GrantsInput,
  work: (guest: Tools, port: number) => unknown,
): GrantRow {
  return {
    name,
    guest: "probe",
    grants,
    calls: ({ port }) => [{ function: "run", parameters: [probeCode(work, port)], stdin: "from stdin" }],
  };
}

const SERVER = "127.0.0.1";

/** The network, what a guest sees around it, and what the embedder does for it. */
export const OTHER_ROWS: readonly GrantRow[] = [
  {
    name: "HTTP for skills",
    guest: "skill",
    grants: ({ port }) => ({ network: { hosts: [`${SERVER}:${port}`] } }),
    calls: ({ port }) => [
      { function: "get", parameters: [`http://${SERVER}:${port}/a`] },
      { function: "post", parameters: [`http://${SERVER}:${port}/b`, "body"] },
      { function: "get", parameters: [`http://${SERVER}:${port + 1}/`] },
    ],
  },
  world(
    "the network",
    ({ port }) => ({
      network: { allow: [`http://${SERVER}:${port}`, `tcp://${SERVER}:${port}`], deny: [`${SERVER}:${port + 1}`] },
      listen: [`tcp://${SERVER}:*`, `udp://${SERVER}:*`],
      lookup: ["localhost", "name.invalid"],
    }),
    ({ wasi, call, connect, address, fetch, lookUp, network, wait }, port) => [
      fetch({ authority: `127.0.0.1:${port}`, path: "/c" }),
      fetch({ authority: `127.0.0.1:${port + 1}`, path: "/d" }),
      typeof connect(address("127.0.0.1", port)),
      connect(address("127.0.0.1", port + 1)),
      ["tcp", "udp"].map((kind) => {
        const socket = call(wasi[kind], kind === "tcp" ? "createTcpSocket" : "createUdpSocket", "ipv4");
        const bound = call(socket, "startBind", network(), address("127.0.0.1", 0));
        wait(socket);
        const finished = call(socket, "finishBind");
        return [
          bound,
          finished,
          kind === "tcp" ? call(socket, "startListen") : typeof call(socket, "stream", undefined),
        ];
      }),
      ["localhost", "name.invalid", "elsewhere.invalid"].map((name) => lookUp(name)),
    ],
  ),
  world(
    "the surroundings",
    () => ({
      environment: { set: { ONE: "1" }, allow: ["TABLE_VARIABLE", "TABLE_NONE"] },
      stdin: true,
      clocks: "read",
      random: "full",
    }),
    ({ wasi, call, text }) => [
      call(wasi["environment"], "getEnvironment"),
      text(call(call(wasi["stdin"], "getStdin"), "blockingRead", 100)),
      Math.floor((call(wasi["wallClock"], "now") as { readonly seconds: number }).seconds / 1e8),
      (call(wasi["random"], "getRandomBytes", 8) as Uint8Array).length,
    ],
  ),
  world(
    "nothing",
    () => ({}),
    ({ wasi, call, fetch, lookUp, folders: opened }, port) => [
      opened().length,
      fetch({ authority: `127.0.0.1:${port}`, path: "/c" }),
      call(wasi["tcp"], "createTcpSocket", "ipv4"),
      lookUp("localhost"),
      call(wasi["environment"], "getEnvironment"),
      call(call(wasi["stdin"], "getStdin"), "blockingRead", 100),
      (call(wasi["wallClock"], "now") as { readonly seconds: number }).seconds,
      call(wasi["random"], "getRandomBytes", 8),
    ],
  ),
  {
    ...world(
      "virtual time, and random bytes of a seed",
      () => ({}),
      ({ wasi, call }) => [
        call(wasi["monotonicClock"], "now"),
        call(wasi["wallClock"], "now"),
        call(wasi["random"], "getRandomBytes", 8),
      ],
    ),
    deterministic: { seed: 7n },
  },
  world(
    "no random bytes",
    () => ({ random: "none" }),
    ({ wasi, call }) => call(wasi["random"], "getRandomBytes", 8),
  ),
  {
    name: "programs",
    guest: "starter",
    grants: () => ({ process: ["true"] }),
    calls: () => [{ function: "f", parameters: [] }],
  },
  {
    name: "the embedder's function",
    guest: "custom",
    grants: () => ({ custom: { more: true } }),
    calls: () => [{ function: "f", parameters: [] }],
    hostFunctions: [
      {
        interface: "acme:table/more",
        name: "more",
        type: "func(than: u32) -> u32",
        capability: "more",
        call: ([than]) => Number(than) + 1,
      },
    ],
  },
];
