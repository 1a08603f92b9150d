import assert from "node:assert/strict";
import { test } from "node:test";
import { serve, trap } from "../../src/host/http/exchange-harness.test.ts";
import { Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, testGuest } from "../support/guests.ts";
import { probe } from "../support/probe.ts";
import { tcpServer, udpPeer } from "../support/socket-guest.ts";

/*
 * Where a guest may try to get to over the network, by the public API. Disposing of a probe makes one more call that must work.
 * Each case was seen to fail with the weakening that its comment names.
 */

const HTTP = { tag: "HTTP" };
const HTTPS = { tag: "HTTPS" };

// Weakening, each alone: `checkTarget` allows what no rule covers, or asks for no denial; `coversPort` ignores the port, or the
// scheme; `coversName` takes a suffix for any ending.
test("a host, port or scheme that is not granted is refused, and wildcards cover what is below them alone", async () => {
  const [granted, other] = [await trap(), await trap()];
  await using guest = await probe(
    {
      network: {
        allow: [`http://127.0.0.1:${granted.port}`, "https://secure.invalid", "https://*.example.invalid"],
        deny: ["private.example.invalid"],
      },
    },
    { httpTimeoutMs: 2_000 },
  );
  const targets = [
    [HTTP, `127.0.0.1:${other.port}`],
    [HTTP, "127.0.0.1"],
    [HTTP, `127.0.0.2:${granted.port}`],
    [HTTP, `localhost:${granted.port}`],
    [HTTP, `[::1]:${granted.port}`],
    [HTTPS, `127.0.0.1:${granted.port}`],
    [HTTP, "secure.invalid"],
    [HTTPS, "secure.invalid:8443"],
    [HTTPS, "example.invalid"],
    [HTTPS, "evil-example.invalid"],
    [HTTPS, "example.invalid.evil.invalid"],
    [HTTPS, "a.example.invalid:444"],
    [HTTP, "a.example.invalid"],
    [HTTPS, "private.example.invalid"],
    [HTTPS, "PRIVATE.example.invalid."],
  ] as const;
  const answers = await guest.run(
    ({ outcome }, given) => given.map(([scheme, authority]) => outcome({ scheme, authority })),
    targets,
  );
  for (const [index, answer] of answers.entries())
    assert.equal(answer, "!HTTP-request-denied", targets[index]?.[1] ?? "");
  assert.equal(guest.resources("Denied").length, targets.length, "each is recorded");

  const reached = await guest.run(({ fetch }, authority) => fetch({ authority }), `127.0.0.1:${granted.port}`);
  assert.deepEqual(reached, { status: 200, location: null, body: "SECRET", failure: null });
  for (const authority of ["a.example.invalid", "a.b.example.invalid", "secure.invalid"]) {
    const answer = await guest.run(
      ({ outcome }, given) => outcome({ scheme: { tag: "HTTPS" }, authority: given }),
      authority,
    );
    assert.match(answer, /^!(?:DNS-error|DNS-timeout|destination-not-found)$/u, "allowed, and does not exist");
  }
  assert.deepEqual([granted.contacts(), other.contacts()], [1, 0]);
});

/** Local addresses in every disguise. */
const DISGUISED: readonly string[] = [
  "127.0.0.1",
  "127.1",
  "0x7f.1",
  "0x7f000001",
  "017700000001",
  "01200034567",
  "2130706433",
  "127.0.0.1.",
  "[::1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[64:ff9b::7f00:1]",
  "[64:ff9b:1::7f00:1]",
  "[2002:7f00:1::]",
  "localhost",
  "localhost.",
  "LOCALHOST",
  "a.localhost",
  "169.254.169.254",
  "[fd00:ec2::254]",
  "0.0.0.0",
  "0",
  "[::]",
  "10.0.0.1",
  "192.168.0.1",
  "[fe80::1]",
];

// Weakening, each alone: `isPublicAddress` takes every address for public; `isLocalName` knows no local name and `localhost` leads
// anywhere; `parseAuthority` skips a user name.
test("no form of a local address reaches it under a grant for everything public", async () => {
  const { port, contacts } = await trap();
  await using guest = await probe({
    network: { allow: ["http://public:*", "https://public:*", "tcp://public:*"] },
    lookup: "any",
  });
  const overHttp = await guest.run(
    ({ outcome }, given) => given.hosts.map((host) => outcome({ authority: `${host}:${given.port}` })),
    { hosts: DISGUISED, port },
  );
  for (const [index, answer] of overHttp.entries())
    assert.equal(answer, "!HTTP-request-denied", String(DISGUISED[index]));
  const userinfo = await guest.run(
    ({ outcome }, authorities) => authorities.map((authority) => outcome({ authority })),
    [
      `8.8.8.8@127.0.0.1:${port}`,
      `8.8.8.8:80@127.0.0.1:${port}`,
      `127.0.0.1:${port}#@8.8.8.8`,
      `127.0.0.1:${port}\\@8.8.8.8`,
      `127.0.0.1:${port}/@8.8.8.8`,
      `8.8.8.8 @127.0.0.1:${port}`,
      `[::1%25lo]:${port}`,
    ],
  );
  assert.deepEqual(new Set(userinfo), new Set(["setAuthority!error"]));
  // Whatever a lookup makes of them, a socket gets no further.
  const overSockets = await guest.run(
    ({ lookUp, address, connect }, given) =>
      given.hosts.flatMap((host) => {
        const found = lookUp(host.replaceAll(/[[\]]/gu, ""));
        return typeof found === "string" ? [found] : found.map((one) => connect(address(one, given.port)));
      }),
    { hosts: DISGUISED.filter((host) => host !== "a.localhost"), port },
  );
  for (const answer of overSockets) assert.match(String(answer), /^!(?:access-denied|invalid-argument)$/u);
  assert.equal(contacts(), 0);
});

// Weakening: `allowsAddress` takes an address for what is embedded in it.
test("an address that is granted is reached in any way it is written, and what merely embeds it is not", async () => {
  const { port, contacts } = await trap();
  await using guest = await probe({ network: { allow: [`http://127.0.0.1:${port}`] } });
  const answers = await guest.run(
    ({ outcome }, given) => given.hosts.map((host) => `${host} ${outcome({ authority: `${host}:${given.port}` })}`),
    { hosts: DISGUISED, port },
  );
  const same = ["127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "017700000001", "2130706433", "127.0.0.1."];
  assert.deepEqual(
    answers,
    DISGUISED.map((host) => `${host} ${same.includes(host) ? "HTTP 200" : "!HTTP-request-denied"}`),
  );
  assert.equal(contacts(), same.length);
});

// Weakening, each alone: `runHop` checks the first hop only; `checkTarget` allows everything.
test("a redirect to a host that is refused is refused at that hop", async () => {
  const secret = await trap();
  const other = await trap();
  const port = await serve((request, response) => {
    const [, status = "302", to = ""] = /^\/(\d+)\/(.*)$/u.exec(request.url ?? "") ?? [];
    if (request.url === "/end") response.end("well");
    else response.writeHead(Number(status), { location: to }).end();
  });
  const grants = { network: { allow: [`http://127.0.0.1:${port}`] } };
  await using sandbox = await Sandbox.open(await testGuest(), { cache: TEST_CACHE, grants });
  const get = (path: string): Promise<unknown> => sandbox.call("get", [`http://127.0.0.1:${port}${path}`]);
  for (const status of [301, 302, 303, 307, 308]) {
    for (const to of [
      `http://127.0.0.1:${secret.port}/`,
      `//127.0.0.1:${secret.port}/`,
      `http://localhost:${port}/end`,
      `https://127.0.0.1:${port}/end`,
      `http://user:password@127.0.0.1:${port}/end`,
      "http://169.254.169.254/latest/meta-data/",
      "file:///etc/passwd",
    ]) {
      await failsWith("guest-error", /failed|returned/u, get(`/${status}/${to}`));
    }
    assert.equal(((await get(`/${status}/http://127.0.0.1:${port}/end`)) as { value: unknown }).value, "well");
  }
  // Over `wasi:http` the guest gets the redirect and follows it by itself.
  await using guest = await probe(grants);
  const hops = await guest.run(
    ({ fetch }, [from, to]) => {
      const first = fetch({ authority: from, path: `/302/http://${to}/` });
      return [first, fetch({ authority: to })];
    },
    [`127.0.0.1:${port}`, `127.0.0.1:${other.port}`] as const,
  );
  assert.deepEqual(hops, [
    { status: 302, location: `http://127.0.0.1:${other.port}/`, body: "", failure: null },
    "!HTTP-request-denied",
  ]);
  assert.deepEqual([secret.contacts(), other.contacts()], [0, 0]);
});

// Weakening, each alone: `checkSocketAddress` allows everything; `readEndpoint` takes IPv4-mapped addresses.
test("a raw socket gets to the host and port that are granted, and nowhere else", async () => {
  await using granted = await tcpServer((socket) => void socket.end("hello"));
  let contacts = 0;
  await using other = await tcpServer(() => (contacts += 1));
  await using guest = await probe({ network: { allow: [`tcp://127.0.0.1:${granted.port}`] } });
  const said = await guest.run(({ connect, address, call, text }, port) => {
    const connected = connect(address("127.0.0.1", port));
    return typeof connected === "string" ? connected : text(call(connected[1], "blockingRead", 100));
  }, granted.port);
  assert.equal(said, "hello");
  const refused = await guest.run(
    ({ connect, address }, ends) => ends.map(([host, port]) => connect(address(host, port))),
    [
      ["127.0.0.1", other.port],
      ["127.0.0.2", granted.port],
      ["169.254.169.254", 80],
      ["8.8.8.8", granted.port],
      ["::1", granted.port],
      ["::ffff:7f00:1", granted.port],
    ] as const,
  );
  assert.deepEqual(refused, [...Array.from({ length: 5 }, () => "!access-denied"), "!invalid-argument"]);
  assert.equal(contacts, 0);
});

// Weakening, each alone: `checkCreate`, `checkListen`, `checkLookup`, and for datagrams `checkSocketAddress`, allow everything.
test("there is no socket, no datagram, no listener and no lookup without its own grant", async () => {
  using peer = await udpPeer();
  let datagrams = 0;
  peer.socket.on("message", () => (datagrams += 1));
  await using nothing = await probe({ network: { allow: ["http://localhost:*"] } });
  const none = await nothing.run(({ wasi, call, lookUp }) => [
    ...["ipv4", "ipv6"].map((family) => call(wasi["tcp"], "createTcpSocket", family)),
    ...["ipv4", "ipv6"].map((family) => call(wasi["udp"], "createUdpSocket", family)),
    ...["localhost", "example.invalid", "LOCALHOST."].map(lookUp),
  ]);
  assert.deepEqual(new Set(none), new Set(["!access-denied"]));

  await using tcpAlone = await probe({ network: { allow: ["tcp://127.0.0.1:*"] } });
  const beside = await tcpAlone.run(({ wasi, call, network, address, lookUp, fetch }, port) => {
    const listener = call(wasi["tcp"], "createTcpSocket", "ipv4");
    const bound = call(listener, "startBind", network(), address("127.0.0.1", 0));
    call(listener, "finishBind");
    const fixed = call(wasi["tcp"], "createTcpSocket", "ipv4");
    return [
      bound,
      call(listener, "startListen"),
      call(fixed, "startBind", network(), address("127.0.0.1", 18_080)),
      call(wasi["udp"], "createUdpSocket", "ipv4"),
      lookUp("localhost"),
      fetch({ authority: `127.0.0.1:${port}` }),
    ];
  }, peer.port);
  const denied = "!access-denied";
  assert.deepEqual(beside, ["ok", denied, denied, denied, denied, "!HTTP-request-denied"]);

  await using udp = await probe({ network: { allow: ["udp://127.0.0.1:9"] } });
  const sent = await udp.run(({ wasi, call, network, address, bytes }, port) => {
    const socket = call(wasi["udp"], "createUdpSocket", "ipv4");
    call(socket, "startBind", network(), address("0.0.0.0", 0));
    call(socket, "finishBind");
    const [, outgoing] = call(socket, "stream", undefined) as unknown[];
    call(outgoing, "checkSend");
    const datagram = { data: bytes("attack"), remoteAddress: address("127.0.0.1", port) };
    return [call(outgoing, "send", [datagram]), call(socket, "stream", address("127.0.0.1", port))];
  }, peer.port);
  assert.deepEqual(sent, [denied, denied]);
  assert.equal(datagrams, 0);
});
