import { spawn } from "node:child_process";
import { ROOT } from "./exec.ts";

/** How a program is started. */
export interface CaptureOptions {
  /** The folder it runs in; default the repository's root. */
  readonly cwd?: string;
  /** Its environment; default that of this process. */
  readonly env?: NodeJS.ProcessEnv;
}

/** What became of a program. */
export interface Captured {
  /** Its exit code; 128 when a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program without input to its end and keeps what it prints. */
export async function capture(
  command: string,
  parameters: readonly string[],
  { cwd = ROOT, env = process.env }: CaptureOptions = {},
): Promise<Captured> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const child = spawn(command, parameters, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8");
    child[stream].on("data", (text: string) => (output[stream] += text));
  }
  child.once("error", reject);
  child.once("close", (code) => resolve(code ?? 128));
  return { status: await promise, ...output };
}

/**
 * What a program prints to stdout.
 *
 * @throws Error with all it printed, when it does not exit with 0.
 */
export async function outputOf(
  command: string,
  parameters: readonly string[],
  options: CaptureOptions = {},
): Promise<string> {
  const { status, stdout, stderr } = await capture(command, parameters, options);
  if (status === 0) return stdout;
  throw new Error(`${command} ${parameters.join(" ")} exited with ${status}\n${stdout}${stderr}`.trimEnd());
}
