import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStackRoom } from "./stack-room.ts";

/** What `act` throws at every depth from the deepest up that JavaScript reaches here, with how far from it that is. */
function fromTheBottom(act: () => void): readonly (string | undefined)[] {
  const thrown: (string | undefined)[] = [];
  const nest = (): void => {
    try {
      nest();
    } catch (error) {
      // The deepest calls cannot even be made.
      if (!(error instanceof RangeError)) throw error;
    }
    let what: string | undefined;
    try {
      act();
    } catch (error) {
      what = (error as Error).message;
    }
    thrown.push(what);
  };
  nest();
  return thrown;
}

/** Takes some 32 KB of stack. */
function takeSome(): void {
  Reflect.apply(() => undefined, undefined, Array.from({ length: 4_000 }, () => 0) as []);
}

test("where there is room for the host, it says nothing", () => {
  for (let count = 0; count < 100_000; count += 1) assertStackRoom();
});

test("wherever it says nothing there are tens of kilobytes left, and it says the same of other depths", () => {
  let passed = 0;
  let refused = 0;
  fromTheBottom(() => {
    try {
      assertStackRoom();
    } catch {
      refused += 1;
      return;
    }
    passed += 1;
    if (passed < 50) takeSome();
  });
  assert.ok(refused > 100, `refused at ${refused} depths`);
  assert.ok(passed > 1000, `passed at ${passed} depths`);
});
