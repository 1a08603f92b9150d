import { fork, spawnSync } from "node:child_process";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";

/** Runs a program to its end, output discarded, and returns the wall time in milliseconds. */
export function timeProcess(
  command: string,
  parameters: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): number {
  const start = performance.now();
  const { status, error } = spawnSync(command, parameters, { ...options, stdio: "ignore" });
  const elapsed = performance.now() - start;
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${parameters.join(" ")} exited with ${status}`);
  return elapsed;
}

/** A module of this folder, running in a process of its own and talking in messages. */
export class Child {
  readonly #process: ReturnType<typeof fork>;
  readonly #exited: Promise<void>;

  constructor(module: string, parameters: readonly string[] = []) {
    this.#process = fork(fileURLToPath(new URL(module, import.meta.url)), parameters);
    this.#exited = new Promise((resolve) => {
      this.#process.once("exit", () => resolve());
    });
  }

  /** The next message. Rejects when the process ends without one. */
  receive(): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const onMessage = (message: unknown): void => {
      this.#process.off("exit", onExit);
      resolve(message);
    };
    const onExit = (code: number | null): void => {
      this.#process.off("message", onMessage);
      reject(new Error(`a benchmark's child process exited with ${code}`));
    };
    this.#process.once("message", onMessage);
    this.#process.once("exit", onExit);
    return promise;
  }

  send(message: string): void {
    this.#process.send(message);
  }

  /** Ends the process and waits until it is gone. */
  async end(): Promise<void> {
    this.#process.kill();
    await this.#exited;
  }

  /** Waits until the process ends by itself. */
  async ended(): Promise<void> {
    await this.#exited;
  }
}

/** Runs a module of this folder in a process of its own and returns the one message it sends. */
export async function resultOf(module: string, parameters: readonly string[]): Promise<unknown> {
  const child = new Child(module, parameters);
  const message = await child.receive();
  await child.ended();
  return message;
}

/** Sends a message to the process that started this one. */
export function reply(message: unknown): void {
  process.send?.(message);
}

/** Sends the last message to the process that started this one, and lets this one end. */
export function finish(message: unknown): void {
  process.send?.(message, undefined, {}, () => process.disconnect?.());
}
