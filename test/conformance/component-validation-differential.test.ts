/**
 * That a component which is accepted here is one that a second validator accepts, and the other way round: the official
 * tests, and mutants of them. `scripts/fuzz-validator.ts` does thousands.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { unpackComponentSuite } from "../support/component-suite.ts";
import { DefinitionMutants } from "../support/definition-mutants.ts";
import { needing } from "../support/needs.ts";
import { disagreement } from "../support/second-validator.ts";

const MUTANTS = 100;

/** Of the suite, one in so many is held against the second validator as it is; the suite says itself what is valid. */
const ONE_IN = 15;

test(
  "two validators agree on official components and on mutants of them",
  needing(["component-suite", "second-validator"], async () => {
    await using suite = await unpackComponentSuite();
    const corpus = suite.binaries
      .map(({ bytes }) => bytes)
      .filter((bytes) => bytes.length < 20_000 && bytes[4] === 0x0d);
    for (const { name, bytes } of suite.binaries.filter((_, index) => index % ONE_IN === 0)) {
      assert.equal(await disagreement(bytes), undefined, name);
    }
    const mutants = new DefinitionMutants(corpus, 1);
    for (let index = 0; index < MUTANTS; index += 1) {
      const { how, bytes } = mutants.at(index);
      assert.equal(await disagreement(bytes), undefined, how);
    }
  }),
);
