/**
 * Which components are valid, by the official tests of the component model: every component of theirs is accepted, and all
 * that they say is invalid or malformed is refused. Core code is the engine's to judge, so it is asked too.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeComponent } from "../../src/component/decode-component.ts";
import { CordonError } from "../../src/shared/errors.ts";
import { type SuiteBinary, unpackComponentSuite } from "../support/component-suite.ts";
import { needing } from "../support/needs.ts";

/** Valid components that are refused as `unsupported`, with what they use. */
const UNSUPPORTED: ReadonlyMap<string, RegExp> = new Map([
  ["async/during-sync-call-may-block-if-other-ready-threads:12", /the built-in thread\.new-indirect,/],
  ["async/during-sync-call-no-exclusive-resume:8", /the built-in thread\.new-indirect,/],
  ["async/during-sync-call-no-exclusive-resume:124", /the built-in thread\.suspend,/],
  ["async/during-sync-call-no-sibling-resume:16", /the built-in thread\.new-indirect,/],
  ["async/during-sync-call-no-sibling-resume:162", /the built-in thread\.suspend,/],
  ["async/trap-if-block-and-sync:5", /the built-in thread\.new-indirect,/],
  ["async/trap-if-sync-and-waitable-set:3", /the built-in thread\.new-indirect,/],
  ["values/post-return:4", /the built-in thread\.index,/],
  // All built-ins one after the other, those of threads among them, some with an option that was withdrawn since.
  ["binary/binary:974", /the option cancellable/],
]);

/** Decodes, and lets the engine validate the core modules. Returns why the component is refused, or that it is not. */
function outcome({ bytes }: SuiteBinary): CordonError | { readonly unsupported: string | undefined } {
  try {
    const { coreModules, unsupported, plan } = decodeComponent(bytes);
    assert.equal(plan === undefined, unsupported !== undefined);
    for (const { offset, size } of coreModules) {
      if (!WebAssembly.validate(bytes.slice(offset, offset + size))) {
        return new CordonError("invalid-component", "The engine refuses a core module of the component");
      }
    }
    return { unsupported };
  } catch (thrown) {
    assert.ok(thrown instanceof CordonError, String(thrown));
    return thrown;
  }
}

test(
  "valid components are accepted, and planned unless they use threads",
  needing(["component-suite"], async () => {
    await using suite = await unpackComponentSuite();
    const valid = suite.binaries.filter(({ type }) => !/invalid|malformed/.test(type));
    assert.ok(valid.length > 250, `only ${valid.length}`);
    const unsupported = new Map<string, string>();
    for (const binary of valid) {
      const found = outcome(binary);
      if (found instanceof CordonError) {
        assert.equal(found.code, "unsupported", `${binary.name}: ${found.message}`);
        unsupported.set(binary.name, found.message);
      } else if (found.unsupported !== undefined) {
        unsupported.set(binary.name, found.unsupported);
      }
    }
    assert.deepEqual([...unsupported.keys()].sort(), [...UNSUPPORTED.keys()].sort());
    for (const [name, reason] of UNSUPPORTED) assert.match(unsupported.get(name) ?? "", reason);
  }),
);

test(
  "what is invalid or malformed is refused as such, at a byte that is named",
  needing(["component-suite"], async () => {
    await using suite = await unpackComponentSuite();
    const broken = suite.binaries.filter(({ type }) => /invalid|malformed/.test(type));
    assert.ok(broken.length > 400, `only ${broken.length}`);
    for (const binary of broken) {
      const found = outcome(binary);
      assert.ok(found instanceof CordonError, `${binary.name} is accepted`);
      assert.ok(
        ["invalid-component", "limit"].includes(found.code),
        `${binary.name} is refused as ${found.code}: ${found.message}`,
      );
      assert.doesNotMatch(found.message, /\n/);
    }
  }),
);
