import { startBuiltWorkers } from "../../src/shared/machine/bundled.ts";

/** Set by the runner of all tests, which has built the bundles before. A test that is run by itself needs no build. */
if (process.env["CORDON_TEST_BUILT"] === "1") startBuiltWorkers(true);
