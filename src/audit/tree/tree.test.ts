import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { openCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { emptyRoot, type Hash, leafHash, nodeHash } from "./hashing.ts";
import { consistencyProof, extendsTree, includes, inclusionProof } from "./proofs.ts";
import { noteSigner, openNote, readVerifierLine, signNote, verifierLine } from "./signed-note.ts";
import { TreeEdge } from "./tree-edge.ts";

interface Given {
  readonly checkpoint: string;
  readonly consistency: readonly { readonly old: number; readonly size: number; readonly proof: readonly string[] }[];
  readonly inclusion: readonly { readonly index: number; readonly size: number; readonly proof: readonly string[] }[];
  readonly origin: string;
  readonly roots: Readonly<Record<string, string>>;
  readonly seed: string;
  readonly vkey: string;
}

const given = JSON.parse(
  readFileSync(new URL("../../../test/fixtures/audit/tlog-rfc9162.json", import.meta.url), "utf8"),
) as Given;

const SIZE = 1_000;
const leaves = Array.from({ length: SIZE }, (_, at) => leafHash(Buffer.from(`{"sequence":${at + 1}}`)));

const subtrees = new Map<string, Hash>();
const roots: Hash[] = [emptyRoot()];
const edge = TreeEdge.empty();
for (const leaf of leaves) {
  edge.append(leaf, (level, index, hash) => subtrees.set(`${level}/${index}`, hash));
  roots.push(edge.root());
}

function read(level: number, index: number): Hash {
  const found = subtrees.get(`${level}/${index}`);
  assert.ok(found !== undefined, `the subtree ${level}/${index} is not complete`);
  return found;
}

function rootAt(size: number): Hash {
  const root = roots[size];
  assert.ok(root !== undefined);
  return root;
}

const hex = (hashes: readonly Hash[]): readonly string[] => hashes.map((hash) => Buffer.from(hash).toString("hex"));

test("roots, inclusion and consistency are those of Go's tlog", () => {
  for (const [size, root] of Object.entries(given.roots)) assert.deepEqual(hex([rootAt(Number(size))]), [root]);
  for (const { index, size, proof } of given.inclusion) {
    assert.deepEqual(hex(inclusionProof(index, size, read)), proof);
  }
  for (const { old, size, proof } of given.consistency) {
    assert.deepEqual(hex(consistencyProof(old, size, read)), proof);
  }
});

test("every proof of a small tree holds, and none for another leaf, place, size or root", () => {
  const most = 20;
  for (let size = 1; size <= most; size += 1) {
    const tree = { size, root: rootAt(size) };
    for (let index = 0; index < size; index += 1) {
      const proof = inclusionProof(index, size, read);
      const leaf = { index, hash: read(0, index) };
      assert.ok(includes(proof, leaf, tree));
      assert.ok(!includes(proof, { index, hash: read(0, index + 1) }, tree));
      assert.ok(!includes(proof, { index: size, hash: leaf.hash }, tree));
      assert.ok(!includes(proof, { index: -1, hash: leaf.hash }, tree));
      assert.ok(!includes(proof, leaf, { size, root: rootAt(size + 1) }));
      assert.ok(!includes([...proof, leaf.hash], leaf, tree));
      if (proof.length > 0) assert.ok(!includes(proof.slice(0, -1), leaf, tree));
    }
    for (let old = 1; old <= size; old += 1) {
      const proof = consistencyProof(old, size, read);
      const older = { size: old, root: rootAt(old) };
      assert.ok(extendsTree(proof, older, tree), `${old} to ${size}`);
      assert.ok(!extendsTree(proof, { size: old, root: rootAt(old + 30) }, tree));
      assert.ok(!extendsTree(proof, older, { size, root: rootAt(size + 30) }));
      assert.ok(!extendsTree([...proof, read(0, 0)], older, tree));
    }
  }
  assert.ok(!extendsTree([], { size: 0, root: rootAt(0) }, { size: 3, root: rootAt(3) }));
});

test("a tree goes on from the bytes of its edge", () => {
  let part = TreeEdge.empty();
  for (const leaf of leaves.slice(0, 300)) {
    part.append(leaf);
    const again = TreeEdge.from(part.size, part.bytes());
    assert.ok(again !== undefined);
    part = again;
  }
  assert.deepEqual(part.root(), rootAt(300));
  assert.equal(TreeEdge.from(3, part.bytes()), undefined);
  assert.equal(TreeEdge.from(-1, new Uint8Array(0)), undefined);
  assert.deepEqual(nodeHash(read(0, 0), read(0, 1)), rootAt(2));
});

test("a checkpoint is signed as Go's note does it, and its key line is read", () => {
  const signer = noteSigner(given.origin, Buffer.from(given.seed, "hex"));
  assert.equal(verifierLine(signer), given.vkey);
  const verifier = readVerifierLine(given.vkey);
  assert.ok(verifier !== undefined);
  const checkpoint = { origin: given.origin, size: SIZE, root: rootAt(SIZE) };
  assert.equal(signCheckpoint(checkpoint, signer), given.checkpoint);
  const opened = openCheckpoint(given.checkpoint, verifier);
  assert.ok(opened !== undefined);
  assert.deepEqual({ ...opened, root: hex([opened.root]) }, { ...checkpoint, root: hex([checkpoint.root]) });
});

test("a key line whose base64 holds a plus is read", () => {
  const lines = Array.from({ length: 100 }, (_, at) => verifierLine(noteSigner("log.test", Buffer.alloc(32, at))));
  const withPlus = lines.filter((line) => line.split("+").length > 3);
  assert.ok(withPlus.length > 0);
  for (const line of lines) assert.equal(verifierLine(readVerifierLine(line) ?? assert.fail(line)), line);
});

test("a checkpoint is refused that another key signed, or that is not signed as it stands", () => {
  const signer = noteSigner("log.test", Buffer.alloc(32, 1));
  const other = noteSigner("log.test", Buffer.alloc(32, 2));
  const good = signCheckpoint({ origin: "log.test", size: 3, root: rootAt(3) }, signer);
  assert.ok(openCheckpoint(good, signer) !== undefined);
  assert.equal(openCheckpoint(good, other), undefined);
  assert.equal(openCheckpoint(good, { ...signer, name: "another.test" }), undefined);
  for (const bad of [
    good.replace("\n3\n", "\n4\n"),
    good.replace("\n\n", "\nmore\n\n"),
    good.replace("— ", "- "),
    good.trimEnd(),
    `${good}\n`,
    good.slice(0, good.indexOf("—")),
    "",
    "\n\n",
  ]) {
    assert.equal(openCheckpoint(bad, signer), undefined, JSON.stringify(bad));
  }
  // Signed, but no checkpoints.
  for (const text of ["log.test\n03\nAAAA\n", "log.test\n3\nAAAA\n", "log.test\n-1\n", "\n1\n", "log.test\n"]) {
    assert.ok(openNote(signNote(text, signer), signer) !== undefined);
    assert.equal(openCheckpoint(signNote(text, signer), signer), undefined, text);
  }
  // A second signature, of a key that is not known, does not matter; an invalid one of the key does.
  const second = signCheckpoint({ origin: "log.test", size: 3, root: rootAt(3) }, other);
  assert.ok(openCheckpoint(good + second.slice(second.indexOf("—")), signer) !== undefined);
  const invalid = signCheckpoint({ origin: "log.test", size: 4, root: rootAt(3) }, signer);
  assert.equal(openCheckpoint(good + invalid.slice(invalid.indexOf("—")), signer), undefined);
});
