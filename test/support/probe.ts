import assert from "node:assert/strict";
import type { AuditEvent } from "../../src/audit/event.ts";
import { type CallOptions, type GrantsInput, type Limits, Sandbox } from "../../src/sandbox/index.ts";
import type { Usage } from "../../src/shared/limits/usage.ts";
import { TEST_CACHE, wasiProbe } from "./guests.ts";
import { type CoreTools, coreTools } from "./probe-core.ts";
import { type FileTools, fileTools } from "./probe-files.ts";
import { type HttpTools, httpTools } from "./probe-http.ts";
import { type SocketTools, socketTools } from "./probe-sockets.ts";

/** What the probe's code is given. */
export type Tools = CoreTools & FileTools & SocketTools & HttpTools;

/** What the guest runs before the code of a test. */
const PRELUDE = `const core = (${coreTools.toString()})(wasi);
const tools = { ...core, ...(${fileTools.toString()})(core), ...(${socketTools.toString()})(core), ...(${httpTools.toString()})(core) };`;

/** What the probe's `run` is called with to run a function within the guest: see {@link Probe.run}. */
export function probeCode<Given>(work: (guest: Tools, given: Given) => unknown, given?: Given): string {
  return `${PRELUDE}\nreturn (${work.toString()})(tools, ${JSON.stringify(given)});`;
}

/**
 * A guest with all of WASI in reach, under the given grants and limits. Disposing of it makes one more call, which must work:
 * whatever the guest tried, the host goes on.
 */
export async function probe(grants: GrantsInput = {}, limits: Partial<Limits> = {}): Promise<Probe> {
  const events: AuditEvent[] = [];
  const onEvent = (event: AuditEvent): void => void events.push(event);
  return new Probe(await Sandbox.open(await wasiProbe(), { cache: TEST_CACHE, grants, limits, onEvent }), events);
}

export class Probe implements AsyncDisposable {
  readonly sandbox: Sandbox;
  /** Everything that was recorded so far. */
  readonly events: readonly AuditEvent[];
  /** What the last call that ended well used. */
  usage: Usage | undefined;

  constructor(sandbox: Sandbox, events: readonly AuditEvent[]) {
    this.sandbox = sandbox;
    this.events = events;
  }

  /**
   * Runs a function within the guest, on a fresh instance. Its text is sent there, so it uses nothing but its parameters; `given`
   * and what it returns go as JSON, bytes as lists. Rejects when it throws, or when the call fails.
   */
  async run<Given, Result>(
    work: (guest: Tools, given: Given) => Result,
    given?: Given,
    options?: CallOptions,
  ): Promise<Result> {
    const { value, usage } = await this.sandbox.call("run", [probeCode(work, given)], options);
    this.usage = usage;
    const answer = JSON.parse(String(value)) as { readonly ok: Result } | { readonly err: unknown };
    if ("ok" in answer) return answer.ok;
    assert.fail(`the guest threw ${JSON.stringify(answer.err)}`);
  }

  /** The resources of the events with that result, in order. */
  resources(result: AuditEvent["result"]): readonly string[] {
    return this.events.filter((event) => event.result === result).map(({ resource }) => resource);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      assert.equal(await this.run(() => "well", undefined, { limits: { timeoutMs: 30_000 } }), "well");
    } finally {
      await this.sandbox.close();
    }
  }
}
