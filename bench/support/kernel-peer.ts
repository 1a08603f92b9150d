import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "../../scripts/exec.ts";

/** How wasmtime can bound what it runs: not at all, by time, by fuel. */
export type PeerMode = "plain" | "epoch" | "fuel";

/** PyPI's wasmtime, in a process that stays, so that its runs come between the others. */
export class KernelPeer implements AsyncDisposable {
  readonly #process = spawn("python3", [join(ROOT, "bench/support/wasmtime-kernels.py")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  readonly #answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();

  /** Compiles a module for every mode. */
  async load(path: string): Promise<void> {
    await this.#ask({ load: path });
  }

  /** Runs what was loaded last. The time is in milliseconds, and the result a signed integer. */
  async run(mode: PeerMode, n: number): Promise<{ readonly result: number; readonly ms: number }> {
    return (await this.#ask({ run: mode, n })) as { readonly result: number; readonly ms: number };
  }

  async #ask(request: unknown): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error("the peer ended before it answered");
    return JSON.parse(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin.end();
    if (this.#process.exitCode === null) await once(this.#process, "exit");
  }
}
