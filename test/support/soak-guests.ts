/** Guests, good and hostile, that a soak lets loose on one process, and how a call of each has to end. */
import { type CordonError, Sandbox, type SandboxOptions, serveHttp } from "../../src/sandbox/index.ts";
import { playgroundWithSecret } from "./filesystem.ts";
import { proxyGuest, TEST_CACHE, testGuest, textGuest, wasiProbe } from "./guests.ts";
import { amplifying } from "./amplification.ts";
import { ioText } from "./io-guests.ts";
import { Probe } from "./probe.ts";
import { endsWith, isCancelled, type SoakGuest } from "./soak-guest.ts";
import { soakProcessGuests } from "./soak-process-guests.ts";
import { coreFunction } from "./text-guests.ts";

/** All of them, and what they live on. */
export interface SoakGuests extends AsyncDisposable {
  readonly guests: readonly SoakGuest[];
}

function open(source: string, options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(source, { cache: TEST_CACHE, ...options });
}

/** Opens everything there is, once. */
export async function soakGuests(): Promise<SoakGuests> {
  await using held = new AsyncDisposableStack();
  const use = async (source: Promise<string>, options?: SandboxOptions): Promise<Sandbox> =>
    held.use(await open(await source, options));
  const place = held.use(playgroundWithSecret());
  const clocks = { kind: "read" } as const;
  const good = await use(testGuest());
  const flooding = await use(testGuest(), { onEvent: () => undefined });
  const spinning = await use(textGuest("soak-spin", coreFunction("(loop $l (br $l))")), { limits: { timeoutMs: 200 } });
  const growing = await use(
    textGuest(
      "soak-grow",
      coreFunction(
        `(loop $l (br_if $l (i32.ne (memory.grow (i32.const 64)) (i32.const -1))))
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x1c00000))`,
        { fields: "(memory 1)" },
      ),
    ),
    { limits: { memoryBytes: 0x200_0000 } },
  );
  const trapping = await use(textGuest("soak-trap", coreFunction("unreachable")));
  const deep = await use(
    textGuest("soak-deep", coreFunction("(call $r)", { fields: "(func $r (call $r) (call $r))" })),
  );
  const leaking = await use(
    textGuest("soak-leak", ioText("(loop $l (drop (call $sleep (i64.const 3600000000000))) (br $l)) (i32.const 0)")),
    { grants: { clocks }, limits: { maxHandles: 2_000 } },
  );
  const amplified = await use(amplifying({ element: "(list bool)", inner: { length: 1_000 }, to: "result" }), {
    grants: { custom: { take: true } },
  });
  const files = new Probe(
    await use(wasiProbe(), {
      grants: { filesystem: { preopens: [`${place.inside}::/:rw`], create: true, delete: true } },
    }),
    [],
  );
  const waits = new Probe(await use(wasiProbe(), { grants: { clocks } }), []);
  const unanswered = new Map<string, CordonError>();
  const onFailure = (error: CordonError, { path }: { readonly path: string }): void => void unanswered.set(path, error);
  const server = held.use(await serveHttp(await use(proxyGuest()), { onFailure }));
  let numbers = 0;
  const guests: readonly SoakGuest[] = [
    {
      name: "adds",
      weight: 20,
      call: async () => {
        numbers += 1;
        const { value } = await good.call("add", [numbers, 1]);
        if (value !== numbers + 1 && typeof value !== "number") throw new Error(`it answered ${String(value)}`);
      },
    },
    { name: "spins", weight: 2, call: () => endsWith(spinning.call("f"), "limit") },
    {
      name: "runs out of fuel",
      weight: 2,
      call: () => endsWith(good.call("spin", [], { limits: { fuel: 3_000_000 } }), "limit"),
    },
    { name: "grows", weight: 2, call: () => endsWith(growing.call("f"), "value") },
    { name: "traps", weight: 5, call: () => endsWith(trapping.call("f"), "trap") },
    { name: "overflows its stack", weight: 1, call: () => endsWith(deep.call("f"), "trap") },
    { name: "leaks handles", weight: 2, call: () => endsWith(leaking.call("f"), "limit") },
    { name: "amplifies", weight: 1, call: () => endsWith(amplified.call("f", [1_000_000]), "limit") },
    { name: "returns much", weight: 1, call: () => endsWith(amplified.call("f", [300]), "value") },
    {
      name: "floods events",
      weight: 1,
      call: () =>
        endsWith(flooding.call("get-in-a-loop", ["http://203.0.113.1/"], { limits: { timeoutMs: 200 } }), "limit"),
    },
    {
      name: "is cancelled",
      weight: 3,
      call: () => isCancelled(30, (signal) => good.call("spin", [], { signal })),
    },
    {
      name: "waits, and is cancelled",
      weight: 3,
      call: () =>
        isCancelled(60, (signal) =>
          waits.run(
            ({ wasi, call }) => call(call(wasi["monotonicClock"], "subscribeDuration", 3_600_000_000_000), "block"),
            undefined,
            { signal },
          ),
        ),
    },
    {
      name: "uses files, and leaves them open",
      weight: 3,
      call: async () => {
        const name = `soak-${(numbers += 1)}`;
        const answer = await files.run(({ folders, open: openIn, call }, path) => {
          const folder = folders()[0];
          const file = openIn(folder, path, "wct");
          call(call(file, "writeViaStream", 0), "blockingWriteAndFlush", new Uint8Array(4_096));
          for (let turn = 0; turn < 20; turn += 1) call(file, "readViaStream", 0);
          return call(folder, "unlinkFileAt", path);
        }, name);
        if (answer !== "ok") throw new Error(`the file was not removed: ${String(answer)}`);
      },
    },
    {
      name: "answers HTTP",
      weight: 4,
      call: async () => {
        const path = `/?${(numbers += 1)}`;
        try {
          const headers = { connection: "close" };
          const response = await fetch(`http://${server.host}:${server.port}${path}`, { headers });
          await response.arrayBuffer();
          if (response.status >= 502) throw new Error(`it answered ${response.status}`);
        } catch (thrown) {
          // Why the guest did not answer says more than how its client learns of it.
          const reason = unanswered.get(path);
          unanswered.delete(path);
          throw reason ?? thrown;
        }
      },
    },
    {
      name: "is kept, called and closed",
      weight: 2,
      call: async () => {
        await using instance = await good.instantiate();
        for (let turn = 0; turn < 5; turn += 1) await instance.call("add", [turn, 1]);
      },
    },
    {
      name: "is opened and closed",
      weight: 1,
      call: async () => {
        await using own = await open(await testGuest());
        await own.call("add", [1, 1]);
      },
    },
    ...(await soakProcessGuests(held)),
  ];
  const moved = held.move();
  return { guests, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}
