import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import type { Readable } from "node:stream";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The built command. */
const COMMAND = join(ROOT, "dist/bin/cordon.js");

/** The command's `XDG_CACHE_HOME`, so that a guest is prepared once for all tests. */
const CLI_CACHE = join(ROOT, "build/test-cli-cache");

/** How the command is started. Its environment holds nothing but what is named here and where its cache is. */
export interface CliOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** The Node it runs on; default this one. */
  readonly node?: string;
  /** What it reads from stdin; default nothing. `open` leaves that to the test. */
  readonly stdin?: string | { readonly open: true };
}

/** How a command ended. */
export interface CliResult {
  /** The exit code; `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface RunningCli {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves when it has ended and nobody holds its output any more, so no process that it started is left either. */
  readonly ended: Promise<CliResult>;
  /** Resolves when stderr has had this text. */
  readonly said: (text: string) => Promise<void>;
  /** The same of stdout. */
  readonly printed: (text: string) => Promise<void>;
}

/** Runs `cordon` to its end. No command may ever print a stack trace. */
export async function cordon(words: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCordon(words, options).ended;
}

/** Starts `cordon`. */
export function startCordon(words: readonly string[], options: CliOptions = {}): RunningCli {
  const child = spawn(options.node ?? process.execPath, [COMMAND, ...words], {
    cwd: options.cwd ?? ROOT,
    env: { XDG_CACHE_HOME: CLI_CACHE, ...options.environment },
  });
  // One that ends before it has read all of it is not at fault.
  child.stdin.on("error", () => undefined);
  if (typeof options.stdin !== "object") child.stdin.end(options.stdin);
  const { stdout, stderr, code } = collect(child);
  const ended = code.then((exit) => {
    assertNoStack(stderr() + stdout());
    return { code: exit, stdout: stdout(), stderr: stderr() };
  });
  return { child, ended, said: waiting(child.stderr, stderr), printed: waiting(child.stdout, stdout) };

  function waiting(stream: Readable, text: () => string): (wanted: string) => Promise<void> {
    return (wanted) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const check = (): void => {
        if (text().includes(wanted)) resolve();
      };
      stream.on("data", check);
      check();
      void ended.then(() => reject(new Error(`it ended without saying so: ${stderr()}`)));
      return promise;
    };
  }
}

/** Runs `cordon` in a shell, which has the command as `"$@"`: for what only a shell can set up. */
export async function cordonInShell(
  script: string,
  words: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const child = spawn("bash", ["--norc", "-c", script, "bash", process.execPath, COMMAND, ...words], {
    cwd: options.cwd ?? ROOT,
    env: { PATH: process.env["PATH"], XDG_CACHE_HOME: CLI_CACHE, ...options.environment },
  });
  child.stdin.end();
  const { stdout, stderr, code } = collect(child);
  const exit = await code;
  assertNoStack(stderr() + stdout());
  return { code: exit, stdout: stdout(), stderr: stderr() };
}

/** Runs `cordon` with both outputs on a terminal of 100 columns, and returns what that was sent. */
export async function cordonOnTerminal(words: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const quoted = [process.execPath, COMMAND, ...words].map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`);
  const child = spawn("script", ["-qec", `stty cols 100; exec ${quoted.join(" ")}`, "/dev/null"], {
    cwd: options.cwd ?? ROOT,
    env: { PATH: process.env["PATH"], TERM: "xterm-256color", XDG_CACHE_HOME: CLI_CACHE, ...options.environment },
  });
  child.stdin.end();
  const { stdout, stderr, code } = collect(child);
  const exit = await code;
  // The terminal itself puts a carriage return before each line feed.
  return { code: exit, stdout: stdout().replaceAll(/\r+\n/g, "\n"), stderr: stderr() };
}

/** What stdout is with `--json`: one document and nothing else. */
export function documentOf({ stdout }: CliResult): Record<string, unknown> {
  assert.match(stdout, /^\{[^]*\}\n$/);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Asserts that the cache holds finished entries only. */
export async function assertNoLeftovers(cacheHome: string = CLI_CACHE): Promise<void> {
  const files = await readdir(cacheHome, { recursive: true });
  assert.deepEqual(
    files.filter((name) => name.endsWith(".tmp")),
    [],
  );
}

function assertNoStack(text: string): void {
  assert.doesNotMatch(text, /^ {4}at .*:\d+\)?$|node:internal|Unhandled/m);
}

function collect(child: ChildProcessWithoutNullStreams): {
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly code: Promise<number | null>;
} {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", reject);
  child.once("close", resolve);
  return {
    stdout: () => Buffer.concat(out).toString("utf8"),
    stderr: () => Buffer.concat(err).toString("utf8"),
    code: promise,
  };
}
