import { Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { playgroundWithSecret } from "./filesystem.ts";
import { TEST_CACHE, testGuest, textGuest, wasiProbe } from "./guests.ts";
import { Probe } from "./probe.ts";
import { endsWith, isCancelled, type SoakGuest } from "./soak-guest.ts";
import { coreFunction } from "./text-guests.ts";

async function open(source: Promise<string>, options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(await source, { cache: TEST_CACHE, isolation: "process", ...options });
}

/** The guests of a soak that run in processes of their own, and what they live on. */
export async function soakProcessGuests(held: AsyncDisposableStack): Promise<readonly SoakGuest[]> {
  const place = held.use(playgroundWithSecret());
  const guest = held.use(await open(testGuest()));
  const flooding = new Set<AbortController>();
  const flooded = held.use(await open(testGuest(), { onEvent: () => flooding.forEach((one) => one.abort()) }));
  const trapping = held.use(await open(textGuest("soak-trap", coreFunction("unreachable"))));
  const probe = new Probe(
    held.use(
      await open(wasiProbe(), {
        grants: {
          clocks: { kind: "read" },
          filesystem: { preopens: [`${place.inside}::/:rw`], create: true, delete: true },
        },
      }),
    ),
    [],
  );
  let numbers = 0;
  const guests: readonly SoakGuest[] = [
    {
      name: "adds",
      weight: 6,
      call: async () => {
        numbers += 1;
        const { value } = await guest.call("add", [numbers, 1]);
        if (value !== numbers + 1 && typeof value !== "number") throw new Error(`it answered ${String(value)}`);
      },
    },
    { name: "spins", weight: 1, call: () => endsWith(guest.call("spin", [], { limits: { timeoutMs: 100 } }), "limit") },
    { name: "traps", weight: 2, call: () => endsWith(trapping.call("f"), "trap") },
    { name: "is cancelled", weight: 3, call: () => isCancelled(30, (signal) => guest.call("spin", [], { signal })) },
    {
      name: "floods events, and is cancelled",
      weight: 1,
      call: async () => {
        const cancel = new AbortController();
        flooding.add(cancel);
        const call = flooded.call("get-in-a-loop", ["http://203.0.113.1/"], { signal: cancel.signal });
        await endsWith(call, "cancelled");
        flooding.delete(cancel);
      },
    },
    {
      name: "waits, and is cancelled",
      weight: 2,
      call: () =>
        isCancelled(60, (signal) =>
          probe.run(
            ({ wasi, call }) => call(call(wasi["monotonicClock"], "subscribeDuration", 3_600_000_000_000), "block"),
            undefined,
            { signal },
          ),
        ),
    },
    {
      name: "uses files, and leaves them open",
      weight: 2,
      call: async () => {
        const name = `soak-${(numbers += 1)}`;
        const answer = await probe.run(({ folders, open: openIn, call }, path) => {
          const folder = folders()[0];
          const file = openIn(folder, path, "wct");
          for (let turn = 0; turn < 20; turn += 1) call(file, "readViaStream", 0);
          return call(folder, "unlinkFileAt", path);
        }, name);
        if (answer !== "ok") throw new Error(`the file was not removed: ${String(answer)}`);
      },
    },
    {
      name: "is kept, called and cancelled",
      weight: 2,
      call: () =>
        isCancelled(200, async (signal) => {
          const instance = await guest.instantiate({ signal });
          for (let turn = 0; turn < 3; turn += 1) await instance.call("add", [turn, 1]);
          await instance.call("spin");
        }),
    },
    {
      name: "is opened, and closed in a call",
      weight: 1,
      call: async () => {
        const own = await open(textGuest("soak-spin", coreFunction("(loop $l (br $l))")));
        const spinning = endsWith(own.call("f"), "cancelled");
        await own.close();
        await spinning;
      },
    },
  ];
  return guests.map((one) => ({ ...one, name: `in a process: ${one.name}` }));
}
