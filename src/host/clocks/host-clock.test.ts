import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HOST_TIME, HostClock } from "./host-clock.ts";

/** A host whose clocks the test sets. */
function host(monotonicNs = 0n, wallMs = 0): { monotonic: bigint; wall: number; source: typeof HOST_TIME } {
  const time = { monotonic: monotonicNs, wall: wallMs };
  return Object.assign(time, { source: { monotonicNs: () => time.monotonic, wallMs: () => time.wall } });
}

const HOST_UPTIME = 987_654_321_987n;
const HOST_WALL = Date.UTC(2031, 4, 6, 7, 8, 9, 123);
const YEAR_2000_NS = BigInt(Date.UTC(2000, 0, 1)) * 1_000_000n;

test("without the grant both clocks start at a moment that is the same for every host, and go on from there", () => {
  const time = host(HOST_UPTIME, HOST_WALL);
  const clock = new HostClock({ kind: "none", resolutionNs: 1_000_000 }, time.source);
  assert.equal(clock.monotonic(), 1_000_000n);
  assert.equal(clock.wall(), YEAR_2000_NS);
  time.monotonic += 2_999_999n;
  time.wall = 0;
  assert.equal(clock.monotonic(), 3_000_000n);
  assert.equal(clock.wall(), YEAR_2000_NS + 2_000_000n);
  assert.deepEqual([clock.resolution, clock.wallResolution], [1_000_000n, 1_000_000n]);
});

test("with the grant the wall clock is the host's, and the monotonic clock still tells no uptime", () => {
  const time = host(HOST_UPTIME, HOST_WALL);
  const clock = new HostClock({ kind: "read", resolutionNs: 1 }, time.source);
  assert.equal(clock.wall(), BigInt(HOST_WALL) * 1_000_000n);
  assert.equal(clock.monotonic(), 1n);
  time.monotonic += 41n;
  assert.equal(clock.monotonic(), 42n);
  assert.deepEqual([clock.resolution, clock.wallResolution], [1n, 1_000_000n]);
});

test("the wall clock is rounded down as well", () => {
  const time = host(0n, HOST_WALL);
  const clock = new HostClock({ kind: "read", resolutionNs: 1_000_000_000 }, time.source);
  assert.equal(clock.wall(), BigInt(Date.UTC(2031, 4, 6, 7, 8, 9)) * 1_000_000n);
  assert.equal(clock.wallResolution, 1_000_000_000n);
});

test("the host's clocks are what they say", () => {
  const [earlier, later] = [HOST_TIME.monotonicNs(), HOST_TIME.monotonicNs()];
  assert.ok(later >= earlier);
  assert.ok(Math.abs(HOST_TIME.wallMs() - Date.now()) < 60_000);
});

test("readings are exact multiples of the resolution, never go back and never run ahead", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3_600_000_000_000 }),
      fc.bigInt(0n, 2n ** 63n),
      fc.array(fc.bigInt(0n, 2n ** 40n), { maxLength: 10 }),
      (resolutionNs, start, steps) => {
        const time = host(start);
        const clock = new HostClock({ kind: "none", resolutionNs }, time.source);
        const first = clock.monotonic();
        let last = first;
        let elapsed = 0n;
        for (const step of steps) {
          time.monotonic += step;
          elapsed += step;
          const now = clock.monotonic();
          assert.equal(now % BigInt(resolutionNs), 0n);
          assert.ok(now >= last && now - first <= elapsed && elapsed - (now - first) < BigInt(resolutionNs));
          last = now;
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("after a sleep the guest sees at least that much time gone by, and so does the host", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000_000 }),
      fc.bigInt(0n, 2n ** 64n - 1n),
      fc.bigInt(0n, 2n ** 40n),
      (resolutionNs, duration, before) => {
        const time = host();
        const clock = new HostClock({ kind: "none", resolutionNs }, time.source);
        time.monotonic += before;
        const [asleep, seen] = [time.monotonic, clock.monotonic()];
        const instant = clock.after(duration);
        const left = clock.until(instant);
        time.monotonic += left;
        assert.ok(clock.until(instant) <= 0n);
        assert.ok(clock.monotonic() - seen >= duration);
        assert.ok(time.monotonic - asleep >= duration && left < duration + BigInt(resolutionNs));
        // Not a nanosecond earlier.
        time.monotonic -= 1n;
        assert.ok(left <= 0n || clock.until(instant) > 0n);
      },
    ),
    { numRuns: 300 },
  );
});

test("jitter delays the steps by amounts that are the same however often the clock is read, and another with each clock", () => {
  const steps = (time: ReturnType<typeof host>): readonly bigint[] => {
    const clock = new HostClock({ kind: "none", resolutionNs: 1_000, jitterNs: 1_000 }, time.source);
    const cameAt: bigint[] = [];
    let last = clock.monotonic();
    for (; cameAt.length < 50; time.monotonic += 1n) {
      const now = clock.monotonic();
      if (now !== last) cameAt.push(time.monotonic % 1_000n);
      assert.ok(now === last || now === last + 1_000n);
      assert.equal(clock.monotonic(), now);
      last = now;
    }
    return cameAt;
  };
  const [first, second] = [steps(host()), steps(host())];
  assert.notDeepEqual(first, second);
  assert.ok(new Set(first).size > 30);
});

test("with jitter readings never go back, and are off by less than a step and the jitter", () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 1_000_000_000 })
        .chain((resolutionNs) =>
          fc.record({ resolutionNs: fc.constant(resolutionNs), jitterNs: fc.integer({ min: 0, max: resolutionNs }) }),
        ),
      fc.constantFrom("none" as const, "read" as const),
      fc.array(fc.bigInt(0n, 2n ** 32n), { minLength: 1, maxLength: 10 }),
      fc.bigInt(0n, 2n ** 40n),
      ({ resolutionNs, jitterNs }, kind, passing, duration) => {
        const time = host(HOST_UPTIME, HOST_WALL);
        const clock = new HostClock({ kind, resolutionNs, jitterNs }, time.source);
        const start = time.monotonic;
        let last = 0n;
        let lastWall = 0n;
        for (const step of passing) {
          time.monotonic += step;
          time.wall += Number(step % 5n);
          const [now, wall] = [clock.monotonic(), clock.wall()];
          assert.ok(now >= last && now >= BigInt(resolutionNs) && wall >= lastWall);
          assert.equal(now % BigInt(resolutionNs), 0n);
          const exact = time.monotonic - start + BigInt(resolutionNs);
          assert.ok(now - exact <= BigInt(jitterNs) && exact - now < BigInt(resolutionNs));
          [last, lastWall] = [now, wall];
        }
        const before = clock.monotonic();
        const instant = clock.after(duration);
        time.monotonic += clock.until(instant);
        assert.ok(clock.until(instant) <= 0n && clock.monotonic() - before >= duration);
      },
    ),
    { numRuns: 300 },
  );
});
