import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseGuestHost } from "./host.ts";

test("a name that is taken as it is has the form that the URL standard gives it", () => {
  const label = fc.oneof(
    fc.stringMatching(/^[a-z0-9-]{1,6}$/u),
    fc.constantFrom("xn--bcher-kva", "0x7f", "127", "1", "localhost", "-", "a-", "a".repeat(64)),
  );
  fc.assert(
    fc.property(fc.array(label, { minLength: 1, maxLength: 5 }), (labels) => {
      const written = labels.join(".");
      const host = parseGuestHost(written);
      if (host?.kind === "name") assert.equal(URL.parse(`http://${written}/`)?.hostname.replace(/\.$/u, ""), host.name);
    }),
    { numRuns: 3_000 },
  );
});
