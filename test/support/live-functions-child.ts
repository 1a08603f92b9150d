/**
 * Loads components whose core modules have many functions, in a process of its own, and prints what became of it as JSON. Run
 * with `--expose-gc`.
 */
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import { Sandbox } from "../../src/sandbox/index.ts";
import { CordonError } from "../../src/shared/errors.ts";
import { COMPONENT_SECTION, componentOf, leb128, moduleOf, repeated, sectionOf } from "./component-bytes.ts";

/** How many functions each component has, and how many there is room for in the process. */
const [FUNCTIONS, LEFT] = [10_000, 15_000];
const [COUNT, MAX] = ["cordon:live-functions", 8_000_000];

/** A core module with so many functions that do nothing, the first of them exported. A number distinguishes it from others. */
function moduleWith(functions: number, salt: number): Uint8Array {
  return moduleOf(
    sectionOf(1, repeated(1, 0x60, 0, 0)),
    sectionOf(3, repeated(functions, 0)),
    sectionOf(7, Uint8Array.of(1, 1, 0x66, 0, 0)),
    sectionOf(10, repeated(functions, 2, 0, 0x0b)),
    sectionOf(0, Uint8Array.of(1, 0x73), leb128(salt)),
  );
}

/** A component of two such modules that exports `f` of the first. */
function componentWith(functions: number, salt: number): Uint8Array {
  return componentOf(
    sectionOf(COMPONENT_SECTION.module, moduleWith(functions / 2, salt)),
    sectionOf(COMPONENT_SECTION.module, moduleWith(functions / 2, salt + 1)),
    sectionOf(COMPONENT_SECTION.coreInstance, Uint8Array.of(2, 0, 0, 0, 0, 1, 0)),
    // (alias core export 0 "f" (core func))
    sectionOf(6, Uint8Array.of(1, 0, 0, 1, 0, 1, 0x66)),
    sectionOf(COMPONENT_SECTION.type, Uint8Array.of(1, 0x40, 0, 1, 0)),
    sectionOf(8, Uint8Array.of(1, 0, 0, 0, 0, 0)),
    sectionOf(11, Uint8Array.of(1, 0, 1, 0x66, 1, 0, 0)),
  );
}

async function opened(functions: number, salt: number): Promise<Sandbox | string> {
  try {
    return await Sandbox.open(componentWith(functions, salt), { cache: false });
  } catch (thrown) {
    if (!(thrown instanceof CordonError)) throw thrown;
    return `${thrown.code} ${thrown.limit?.limit ?? ""}: ${thrown.message}`;
  }
}

function said(answer: Sandbox | string): string {
  return typeof answer === "string" ? answer : "loaded";
}

/** Collects garbage on this thread until the load succeeds, which others may have to let go of something for. */
async function openedInTime(functions: number, salt: number): Promise<Sandbox | string> {
  const until = performance.now() + 20_000;
  for (;;) {
    globalThis.gc?.();
    await new Promise(setImmediate);
    const answer = await opened(functions, salt);
    if (typeof answer !== "string" || performance.now() > until) return answer;
  }
}

async function attack(): Promise<unknown> {
  const tooMany = said(await opened(152_000, 100));
  // As other components would have counted: to load as many takes a minute.
  const count = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  count[0] = MAX - LEFT;
  setEnvironmentData(COUNT, count.buffer);
  const first = await opened(FUNCTIONS, 0);
  if (typeof first === "string") return { first };
  await first.call("f");
  const second = said(await opened(FUNCTIONS, 2));
  const again = await opened(FUNCTIONS, 0);
  if (typeof again !== "string") await again.close();
  const kept = await first.instantiate();
  globalThis.gc?.();
  await new Promise(setImmediate);
  await kept.call("f");
  const third = said(await opened(FUNCTIONS, 4));
  await first.close();
  const afterwards = await openedInTime(FUNCTIONS, 6);
  return {
    tooMany,
    second,
    again: said(again),
    third,
    afterwards: said(afterwards),
    isCounted: getEnvironmentData(COUNT) === count.buffer,
  };
}

process.stdout.write(JSON.stringify(await attack()), () => process.exit(0));
