#!/usr/bin/env node
/**
 * Entry of the command line: hands over to the rest where that can be loaded. A Node of any age reads this file, to be told so
 * if it is too old, and so does another runtime: it has no syntax younger than ES2020, and no static import of anything that Node itself gives.
 */
import { isSupportedNode, otherRuntime } from "../shared/machine/node-floor.ts";

const words = process.argv.slice(2);
if (isSupportedNode(process.versions.node) && otherRuntime(process.versions) === undefined) {
  void import("./main.ts").then(({ start }) => start(words));
} else {
  void import("./old-node.ts").then(({ refuseOldNode }) => {
    process.exitCode = refuseOldNode(words);
  });
}
