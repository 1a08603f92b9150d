import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { temporaryFolder } from "../../../test/support/guests.ts";
import { failsWith } from "../../../test/support/errors.ts";
import { outermost } from "./confinement.ts";
import { nodeFlags } from "./node-flags.ts";
import { needing } from "../../../test/support/needs.ts";

/** What Node makes of the flags, in threads that are started with them. */

const HOW = { known: process.allowedNodeEnvironmentFlags, wrapped: false, byDescriptor: process.platform === "linux" };
const onlyByDescriptor = (name: string, body: () => Promise<void>): void => void test(name, needing(["linux"], body));

/** Folders, some of whose names begin with those of others, and the files in them. */
const NAMES = ["a", "ab", "abc", "ab-c", "b"];
const FOLDERS = NAMES.flatMap((name) => [name, ...NAMES.map((inner) => `${name}/${inner}`)]);
const FILES = [...FOLDERS.map((folder) => `${folder}/f`), ...FOLDERS.map((folder) => `${folder}/fg`)];

let root = "";
before(async (context) => {
  root = await temporaryFolder(context as unknown as { after: (hook: () => Promise<void>) => void });
  for (const file of FILES) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), "");
  }
});

/** Which paths a thread with these flags may open, by any way there is. */
async function openIn(flags: readonly string[], paths: readonly string[]): Promise<readonly string[]> {
  const reachable = new URL("../../host/filesystem/paths/reachable-path.ts", import.meta.url);
  const code = `
    const { parentPort, workerData: { paths, reachable } } = require("node:worker_threads");
    import(reachable).then(({ reachablePath }) => parentPort.postMessage(
      paths.filter((path) => process.permission.has("fs.read", reachablePath(path)))));`;
  const execArgv = [...flags, `--allow-fs-read=${dirname(reachable.pathname)}/*`];
  const worker = new Worker(code, { eval: true, execArgv, workerData: { paths, reachable: reachable.href } });
  const [open] = (await once(worker, "message")) as [readonly string[]];
  await worker.terminate();
  return open;
}

function some(of: readonly string[]): fc.Arbitrary<string[]> {
  return fc.uniqueArray(fc.constantFrom(...of), { maxLength: 5 });
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

describe("a thread with the flags of a confinement", () => {
  onlyByDescriptor("may open what is granted with all below it, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(some(FOLDERS), some(FILES), some(FOLDERS), async (folders, files, own) => {
        const [granted, ownPaths] = [[...folders, ...files], own].map((names) => names.map((name) => join(root, name)));
        const read = outermost(granted ?? []);
        const confinement = { read, write: [], readOnlyWithin: [], network: false };
        const { worker } = nodeFlags(confinement, { ...HOW, own: ownPaths ?? [] });
        const all = [root, dirname(root), "/", ...[...FOLDERS, ...FILES].map((name) => join(root, name))];
        const isGranted = (path: string): boolean => read.some((one) => isWithin(path, one));
        const open = await openIn(worker, all);
        // Whether the folders themselves may be opened that Cordon is read from is of no use to anybody.
        const notOwn = (path: string): boolean => !(ownPaths ?? []).some((one) => isWithin(path, one));
        assert.deepEqual(
          open.filter((path) => isGranted(path) || notOwn(path)),
          all.filter(isGranted),
        );
      }),
      { numRuns: 12 },
    );
  });

  onlyByDescriptor("cannot climb out of a folder that it holds", async () => {
    const confinement = { read: [join(root, "a")], write: [join(root, "b")], readOnlyWithin: [], network: false };
    const { worker } = nodeFlags(confinement, { ...HOW, own: [] });
    const inFolder = "/proc/self/fd/20";
    const paths = [
      inFolder,
      `${inFolder}/f`,
      `${inFolder}/..`,
      `${inFolder}/ab/../..`,
      `${inFolder}/../f`,
      "/proc/self/fd",
      "/proc/self/root",
      "/proc/self/environ",
    ];
    assert.deepEqual(await openIn(worker, paths), paths.slice(0, 2));
  });
});

test("a folder whose name too many others begin with is refused", async () => {
  const granted = Array.from({ length: 10 }, (_, index) => `/${"a".repeat(index + 1)}`);
  const confinement = { read: granted, write: [], readOnlyWithin: [], network: false };
  assert.ok(nodeFlags({ ...confinement, read: granted.slice(1) }, { ...HOW, own: [], byDescriptor: true }));
  await failsWith("policy", /cannot tell "\/a" from other/, () =>
    nodeFlags(confinement, { ...HOW, own: [], byDescriptor: true }),
  );
  const two = { ...confinement, read: ["/a", "/ab"] };
  await failsWith("policy", /cannot tell/, () => nodeFlags(two, { ...HOW, own: [], byDescriptor: false }));
});
