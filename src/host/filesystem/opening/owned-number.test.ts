import assert from "node:assert/strict";
import { fstatSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { test } from "node:test";
import { OwnedNumber } from "./owned-number.ts";

const GONE = { code: "EBADF" };

test("a number is not given out after it was closed, and is closed once", () => {
  const fd = openSync(devNull, "r");
  const owned = new OwnedNumber(fd);
  assert.equal(owned.number, fd);
  owned.close();
  assert.throws(() => owned.number, GONE);
  assert.throws(() => owned.move(), GONE);
  const other = openSync(devNull, "r");
  owned.close();
  assert.ok(fstatSync(other));
  new OwnedNumber(other).close();
});

test("a number that is handed over is the new owner's alone", () => {
  const first = new OwnedNumber(openSync(devNull, "r"));
  const second = first.move();
  assert.throws(() => first.number, GONE);
  first.close();
  assert.ok(fstatSync(second.number));
  second.close();
});

test("a number is kept until the operations that are under way have ended", async () => {
  const fd = openSync(devNull, "r");
  const owned = new OwnedNumber(fd);
  const one = Promise.withResolvers<void>();
  const two = Promise.withResolvers<void>();
  const working = [owned.during(() => one.promise), owned.during(() => two.promise)];
  owned.close();
  owned.close();
  assert.throws(() => owned.number, GONE);
  await assert.rejects(
    owned.during(() => Promise.resolve()),
    GONE,
  );
  one.resolve();
  await working[0];
  assert.ok(fstatSync(fd));
  two.reject(new Error("it failed"));
  await assert.rejects(Promise.resolve(working[1]), /it failed/);
  assert.throws(() => fstatSync(fd), GONE);
});
