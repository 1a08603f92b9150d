import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { parse } from "../../test/support/wasm-tools.ts";
import { ROOT } from "../../scripts/exec.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

/** A core module that exports `run: func (param i32) (result i32)`, and does as much work as its parameter says. */
export interface Kernel {
  readonly name: string;
  /** The source, in `bench/support/kernels/`: text of WebAssembly, or C for a compiler to WebAssembly. */
  readonly source: string;
  /** The parameter with which it runs some 10 ms. */
  readonly size: number;
}

export const KERNELS: readonly Kernel[] = [
  { name: "integers, as CoreMark mixes them (C)", source: "integers.c", size: 150 },
  { name: "matrices of doubles", source: "matrix.wat", size: 40 },
  { name: "SIMD", source: "simd.wat", size: 4000 },
  { name: "recursion", source: "recursion.wat", size: 31 },
  { name: "calls of small functions", source: "calls.wat", size: 10_000_000 },
  { name: "indirect calls", source: "indirect.wat", size: 1_000_000 },
  { name: "pointers through 8 MiB", source: "chase.wat", size: 100_000 },
  { name: "sums over 4 MiB", source: "sums.wat", size: 20 },
  { name: "small fills and copies", source: "bulk.wat", size: 500_000 },
  { name: "strings (C)", source: "strings.c", size: 25 },
  { name: "sieve", source: "sieve.wat", size: 1_000_000 },
  { name: "interpreter (C)", source: "interpreter.c", size: 100 },
];

const run = promisify(execFile);

/** The module of a kernel, or `undefined` where there is no compiler for its language. */
export async function buildKernel({ source }: Kernel): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const path = join(ROOT, "bench/support/kernels", source);
  if (extname(source) === ".wat") return new Uint8Array(await parse(await readFile(path, "utf8")));
  if (!found("clang") || !found("wasm-ld")) return undefined;
  using folder = new TemporaryFolder();
  const output = join(folder.path, "kernel.wasm");
  // Without a C library: it needs none, and the compiler's own target is everywhere that clang is.
  // prettier-ignore
  await run("clang", [
    "--target=wasm32", "-mbulk-memory", "-nostdlib", "-ffreestanding", "-O2", "-Wl,--no-entry", "-Wl,--strip-all",
    "-o", output, path,
  ]);
  return new Uint8Array(await readFile(output));
}

function found(command: string): boolean {
  return (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, command)));
}
