import assert from "node:assert/strict";
import { test } from "node:test";
import { assertUtf8Arguments } from "./raw-arguments.ts";

function given(...words: readonly (string | Buffer)[]): () => Buffer {
  return () => Buffer.concat(words.flatMap((word) => [Buffer.from(word), Buffer.of(0)]));
}

test("an argument that Node has changed is refused, and one that holds the replacement itself is not", () => {
  const odd = Buffer.of(0x61, 0xe9);
  assertUtf8Arguments(["a"], () => assert.fail("asked for nothing"));
  assertUtf8Arguments(["a\u{FFFD}"], given("node", "cordon", "a\u{FFFD}"));
  assertUtf8Arguments(["a\u{FFFD}"], () => undefined);
  // What comes before the words is not theirs.
  assertUtf8Arguments(["\u{FFFD}"], given(odd, "cordon", "\u{FFFD}"));
  assert.throws(() => assertUtf8Arguments(["run", "a\u{FFFD}", "b"], given("node", "cordon", "run", odd, "b")), {
    code: "usage",
    message: /the one in place 2 is not UTF-8/u,
  });
});
