import { messageOf } from "../../../shared/errors.ts";
import { type StopSignal, StopSwitch } from "../../../shared/stop-signal.ts";
import type { CompiledModule, Invocation, Program } from "../../messages.ts";
import type { AskUsage, Ended, Ending, InstancePort } from "../../pending.ts";
import { WorkerPool } from "../../threads/pool.ts";
import { KeptValues } from "../../programs/sent-once.ts";
import type { FromProcess, PortableProgram, ToProcess } from "../messages.ts";

/** What a guest process does: compiles the program it is sent, and runs it in worker threads as the parent would. */
export class GuestService {
  readonly #send: (message: FromProcess) => void;
  readonly #stops = new Map<number, StopSwitch>();
  readonly #asks = new Map<number, PromiseWithResolvers<unknown>>();
  /** Instances that stay, and wait for a call. */
  readonly #ready = new Map<number, InstancePort>();
  /** What asks invocations that a worker has what they used so far. */
  readonly #usages = new Map<number, AskUsage>();
  readonly #kept = new KeptValues();
  #pool: WorkerPool | undefined;
  #program: Promise<Program> | undefined;
  #lastAsk = 0;

  constructor(send: (message: FromProcess) => void) {
    this.#send = send;
  }

  take(message: ToProcess): void {
    switch (message.type) {
      case "open":
        this.#pool = new WorkerPool(undefined, { workerFlags: message.workerFlags });
        this.#pool.warm();
        break;
      case "load":
        void this.#load(message.program);
        break;
      case "keep":
        this.#kept.keep(message);
        break;
      case "policy":
        this.#pool?.setPolicy(message.change);
        this.#send({ type: "policy-held", generation: message.change.generation });
        break;
      case "start":
        void this.#run(message.ticket, this.#kept.invocation(message.invocation));
        break;
      case "cancel":
        this.#stops.get(message.ticket)?.abort();
        break;
      case "report":
        void this.#report(message.ticket);
        break;
      case "enter":
        this.#takeReady(message.ticket)?.enter(message.call);
        break;
      case "leave":
        this.#takeReady(message.ticket)?.leave();
        break;
      case "answer":
        this.#answer(message);
        break;
    }
  }

  async #load(program: PortableProgram): Promise<void> {
    this.#program = compiled(program);
    try {
      await this.#program;
      this.#send({ type: "loaded", problem: undefined });
    } catch (thrown) {
      this.#send({ type: "loaded", problem: messageOf(thrown) });
    }
  }

  async #run(ticket: number, invocation: Invocation): Promise<void> {
    const stop = new StopSwitch();
    this.#stops.set(ticket, stop);
    const ended = await this.#outcome(ticket, invocation, stop);
    this.#stops.delete(ticket);
    this.#ready.delete(ticket);
    this.#usages.delete(ticket);
    this.#end(ticket, ended);
  }

  async #outcome(ticket: number, invocation: Invocation, signal: StopSignal): Promise<Ended> {
    const program = await this.#program?.catch(() => undefined);
    if (program === undefined || this.#pool === undefined) {
      return { ending: { kind: "fault", message: "the program was not loaded into the process" }, wallMs: 0 };
    }
    return this.#pool.run({
      program,
      invocation,
      signal,
      started: () => this.#send({ type: "started", ticket }),
      taken: (ask) => void this.#usages.set(ticket, ask),
      observe: (observation) => this.#send({ type: "observed", ticket, observation }),
      ready: (port, ending, usage) => {
        this.#ready.set(ticket, port);
        this.#sendEnding(ending, (sent) => ({ type: "ready", ticket, ending: sent, usage }));
      },
      answer: (service, payload, asking) => this.#ask(ticket, service, payload, asking),
    });
  }

  async #report(ticket: number): Promise<void> {
    const usage = await this.#usages.get(ticket)?.();
    this.#send({ type: "reported", ticket, usage });
  }

  #takeReady(ticket: number): InstancePort | undefined {
    const port = this.#ready.get(ticket);
    this.#ready.delete(ticket);
    return port;
  }

  #end(ticket: number, ended: Ended): void {
    // Why it was cancelled is known to who cancelled it.
    const { ending } = ended;
    const known: Ending = ending.kind === "cancelled" ? { kind: "cancelled", reason: undefined } : ending;
    this.#sendEnding(known, (sent) => ({ type: "ended", ticket, ended: { ...ended, ending: sent } }));
  }

  #sendEnding<E extends Ending | undefined>(ending: E, message: (sent: E | Ending) => FromProcess): void {
    try {
      this.#send(message(ending));
    } catch (thrown) {
      this.#send(message({ kind: "fault", message: `the result cannot leave the sandbox: ${messageOf(thrown)}` }));
    }
  }

  async #ask(ticket: number, service: string, payload: unknown, signal: AbortSignal): Promise<unknown> {
    if (signal.aborted) throw new Error("the invocation has ended");
    this.#lastAsk += 1;
    const ask = this.#lastAsk;
    const answer = Promise.withResolvers<unknown>();
    const onAbort = (): void => answer.reject(new Error("the invocation has ended"));
    this.#asks.set(ask, answer);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      this.#send({ type: "ask", ticket, ask, service, payload });
      return await answer.promise;
    } finally {
      this.#asks.delete(ask);
      signal.removeEventListener("abort", onAbort);
    }
  }

  #answer({ ask, failed, value }: Extract<ToProcess, { readonly type: "answer" }>): void {
    const open = this.#asks.get(ask);
    if (failed) open?.reject(new Error("the embedder could not answer"));
    else open?.resolve(value);
  }
}

async function compiled(program: PortableProgram): Promise<Program> {
  const modules: readonly CompiledModule[] = await Promise.all(
    program.modules.map(async ({ name, bytes, memories }) => ({
      name,
      memories,
      module: await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>),
    })),
  );
  return { ...program, modules };
}
