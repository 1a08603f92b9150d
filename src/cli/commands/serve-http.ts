import { basename } from "node:path";
import { serveHttp } from "../../sandbox/http/serve-http.ts";
import { openToServe } from "../../sandbox/open-to-serve.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { watch, type WatchedSandbox } from "../../sandbox/watch/watched-sandbox.ts";
import { CordonError } from "../../shared/errors.ts";
import type { SandboxOptions } from "../../sandbox/options/sandbox-options.ts";
import { ControlServer } from "../control/control-server.ts";
import { AccessLog } from "../output/access-log.ts";
import { logKeeper } from "../output/log-keeper.ts";
import { EXIT } from "../output/exit-codes.ts";
import { guestOutput } from "../output/guest-output.ts";
import { fail } from "../output/failure.ts";
import { Interruption } from "../interruption.ts";
import { printJson } from "../output/json-output.ts";
import { LoadProgress } from "../output/progress.ts";
import { manifestNotes } from "../output/manifest-report.ts";
import { manifestFromFlags } from "../flags/manifest-file.ts";
import { componentSource, isStdin } from "../flags/component-file.ts";
import { type ManifestFlags, type SandboxFlags, sandboxOptions } from "../flags/run-options.ts";
import { idleFlags } from "../flags/idle-flags.ts";
import { neutralisedLine, styled, writeNote } from "../output/terminal.ts";

/** The flags of `serve-http`, as parsed. */
export interface ServeFlags extends SandboxFlags, ManifestFlags {
  readonly addr: string;
  readonly maxConcurrent?: string;
  readonly freshMemory?: boolean;
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** `cordon serve-http FILE`: answers HTTP requests with a component until it is interrupted. Returns the exit code. */
export async function serveHttpCommand(file: string, flags: ServeFlags): Promise<number> {
  using interruption = new Interruption();
  const served = { begun: false };
  try {
    return await serve(file, flags, interruption.signal, served);
  } catch (thrown) {
    // Once it serves, stdout has its document.
    return fail(thrown, flags.json === true && !served.begun, interruption.exitCode);
  }
}

async function serve(
  file: string,
  flags: ServeFlags,
  interrupted: AbortSignal,
  served: { begun: boolean },
): Promise<number> {
  const { host, port } = parseAddress(flags.addr);
  const maxConcurrent = flags.maxConcurrent === undefined ? undefined : parseCount(flags.maxConcurrent);
  using log = new AccessLog(flags.audit, process.stderr, await logKeeper(flags));
  using progress = new LoadProgress(basename(file), process.stderr);
  const given = sandboxOptions(flags);
  const policy = { files: flags.policy ?? [], folders: true, watch: true, history: true };
  const manifest = manifestFromFlags(flags, file);
  const options = { ...given, policy, manifest, freshMemory: flags.freshMemory };
  await using opened = await open(file, flags.watch === true, {
    ...options,
    signal: interrupted,
    onEvent: log.record,
    onStage: progress.stage,
  });
  const sandbox = "sandbox" in opened ? opened.sandbox : opened;
  progress[Symbol.dispose]();
  const { obstacle } = sandbox.isolation;
  if (obstacle !== undefined) {
    const warning = `no guest process can be started here, so guests run in threads of the server: ${neutralisedLine(obstacle)}`;
    process.stderr.write(`${styled("warning", "warning:", process.stderr)} ${warning}\n`);
  }
  for (const warning of sandbox.policy?.warnings ?? []) writeNote(warning, process.stderr);
  for (const note of idleFlags(flags, sandbox.component.interface)) writeNote(note, process.stderr);
  if (sandbox.manifest !== undefined) {
    for (const note of manifestNotes(sandbox.manifest)) writeNote(note, process.stderr);
  }
  log.showDeniedOnly();
  const output = { stdout: guestOutput(process.stderr), stderr: guestOutput(process.stderr) };
  await using server = await serveHttp(opened, {
    host,
    port,
    maxConcurrent,
    ...output,
    onFailure: (error, { method, path }) => {
      const request = neutralisedLine(`${method} ${path}`.slice(0, 200));
      process.stderr.write(
        `${styled("bad", "failed", process.stderr)} ${request}: ${neutralisedLine(error.message)}\n`,
      );
    },
  });
  using _control = await ControlServer.open(async () => (await server.sandbox.reloadPolicy())?.version);
  const name = neutralisedLine(sandbox.component.name);
  const at = `http://${server.host.includes(":") ? `[${server.host}]` : server.host}:${server.port}`;
  process.stderr.write(`Serving ${name} on ${styled("heading", at, process.stderr)} (Ctrl-C ends it)\n`);
  served.begun = true;
  if (flags.json === true) {
    const { component, isolation, manifest } = sandbox;
    const { host, port } = server;
    printJson(
      {
        status: "ok",
        component: { name: component.name, digest: component.digest },
        host,
        port,
        isolation: isolation.level,
        ...(manifest === undefined ? {} : { manifest }),
      },
      process.stdout,
    );
  }
  await ended(AbortSignal.any([interrupted, log.lost]));
  log.lost.throwIfAborted();
  // What is said to wait takes no more already.
  const closed = server.close();
  if (server.running > 0) {
    process.stderr.write(`Waiting for ${server.running} requests that are being answered (Ctrl-C ends them)\n`);
  }
  await closed;
  return EXIT.done;
}

/** The component; where it is watched, each version that can serve, as it comes. */
async function open(file: string, isWatched: boolean, options: SandboxOptions): Promise<Sandbox | WatchedSandbox> {
  if (!isWatched) {
    const { signal, limits } = options;
    return openToServe(await componentSource(file, { maxBytes: limits?.maxComponentBytes, signal }), options);
  }
  if (isStdin(file)) throw new CordonError("usage", "Cannot watch stdin: name a component file, or leave --watch out");
  return watch(file, {
    sandbox: { ...options, isolation: options.isolation ?? "auto" },
    accepts: (version) => version.assertHttpHandler(),
    onReload: ({ component }) => {
      process.stderr.write(`Serving ${neutralisedLine(component.name)} as it is now (${component.digest})\n`);
    },
    onFailure: (error) => {
      process.stderr.write(
        `${styled("bad", "failed", process.stderr)} to open the changed component: ${neutralisedLine(error.message)}\n`,
      );
    },
  });
}

function ended(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}

function parseAddress(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new CordonError("usage", `Cannot listen on ${JSON.stringify(text)}: write HOST:PORT, such as 127.0.0.1:8080`);
  }
  return { host, port: Number(port) };
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 65_536) {
    throw new CordonError("usage", `Cannot set --max-concurrent to ${JSON.stringify(text)}: it takes 1 to 65536`);
  }
  return count;
}
