import type { Remedy } from "../../../../shared/text/remedy.ts";
import { isIP } from "node:net";
import type { Use } from "../../../../shared/use.ts";
import type { buildConnector, Client, Dispatcher } from "undici";
import type { AuditResult } from "../../../../audit/event.ts";
import type { HostContext } from "../../../capability.ts";
import { namesHost } from "../../../net/check.ts";
import { checkedAddresses, type Resolver } from "../../../net/resolve.ts";
import { underPolicy } from "../../../under-policy.ts";
import { reachProblem } from "../../hop-under-way.ts";
import { reportUses } from "../../../uses.ts";
import { pinnedConnector } from "../../connect.ts";
import { transportReason } from "../../failure.ts";
import { secretFields, withSecretFields } from "../../secret-fields.ts";
import type { ByteQueue } from "../byte-queue.ts";
import { type ErrorCode, HttpFailure, internalCode, plainCode } from "../error-code.ts";
import { FieldMap } from "../fields/field-map.ts";
import type { IncomingSource } from "../incoming/incoming-body.ts";
import { type FutureIncomingResponse, IncomingResponse } from "../incoming/incoming-response.ts";
import { bodyQueue, observeBodyLimit } from "./outgoing-body.ts";
import type { OutgoingPlan } from "./outgoing-plan.ts";
import { flatFields, type RawHeaders, rawFields } from "../fields/raw-fields.ts";
import { requestBody } from "./request-body.ts";
import { type ExchangePhase, transportErrorCode } from "../transport-error-code.ts";

/** More informational responses than this before the real one are a flood. */
const MAX_INFORMATIONAL = 16;

const TIMEOUTS: Readonly<Record<Exclude<ExchangePhase, "body">, ErrorCode>> = {
  resolving: { tag: "DNS-timeout" },
  connecting: { tag: "connection-timeout" },
  "awaiting-head": { tag: "HTTP-response-timeout" },
};

/**
 * Sends one request whose target the grants allow: its host is resolved once, every address is checked, and the connection goes
 * to one that was. It is a connection of its own, without a proxy; nothing is sent that the guest did not ask for but `host`,
 * `connection` and the framing of the body. Redirects are responses like others, bodies are not decoded.
 *
 * One event is recorded: `Allowed` when there is a connection and before anything is sent over it, `Denied` when no address is
 * allowed, `Error` when it never came to a connection. The result, and whatever goes wrong, goes to `future`.
 *
 * @param context a connection has been taken from its meter, and is given back
 */
export function sendRequest(
  context: HostContext,
  plan: OutgoingPlan,
  future: FutureIncomingResponse,
  resolve: Resolver,
): void {
  new OutgoingExchange(context, plan, future, resolve).start();
}

/** What is used of the module, which is loaded when it is. */
interface Undici {
  readonly Client: typeof Client;
  readonly buildConnector: typeof buildConnector;
}

class OutgoingExchange implements Dispatcher.DispatchHandler {
  readonly #context: HostContext;
  readonly #plan: OutgoingPlan;
  readonly #future: FutureIncomingResponse;
  readonly #resolve: Resolver;
  readonly #queue: ByteQueue;
  readonly #timers = new Set<NodeJS.Timeout>();
  #phase: ExchangePhase = "resolving";
  #recorded = false;
  #closed = false;
  #lookingUp = false;
  #resuming = false;
  #informational = 0;
  #idle: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #client: Client | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #addresses: readonly string[] = [];
  #forget: (() => void) | undefined;

  constructor(context: HostContext, plan: OutgoingPlan, future: FutureIncomingResponse, resolve: Resolver) {
    this.#context = context;
    this.#plan = plan;
    this.#future = future;
    this.#resolve = resolve;
    this.#queue = bodyQueue(context, "response");
    plan.headers.retain();
  }

  start(): void {
    const { signal, limits } = this.#context;
    this.#future.onCancel(this.#cancel);
    signal.addEventListener("abort", this.#onAbort);
    this.#forget = underPolicy(this.#context, {
      eventType: "NetworkAccess",
      action: "http.close",
      resource: this.#plan.resource,
      recheck: () => reachProblem(this.#context.grants.network, this.#plan.target, this.#addresses),
      revoke: (reason) => this.#revoke(reason),
    });
    this.#startedAt = performance.now();
    this.#after(limits.httpTimeoutMs, () => this.#timeOut());
    if (signal.aborted) this.#onAbort();
    else this.#run().catch((error: unknown) => this.#failWith(error));
  }

  async #run(): Promise<void> {
    const { target } = this.#plan;
    // A lookup cannot be stopped, so it counts as a connection until it is over, whoever still waits for it: a guest could
    // otherwise start and drop requests until the process does nothing but look up names.
    const isName = isIP(target.host) === 0;
    this.#lookingUp = isName;
    const candidates = await checkedAddresses(() => this.#context.grants.network, target, this.#resolve);
    this.#lookingUp = false;
    if (this.#closed) {
      if (isName) this.#context.meters.connections.release();
      return;
    }
    const isNamed = namesHost(this.#context.grants.network, target.host);
    // Of a host that no grant names, a guest must not learn whether it exists.
    const unknown = plainCode("destination-not-found");
    if (candidates.kind === "denied") {
      this.#record("Denied", candidates.reason, candidates.remedies);
      this.#fail(isNamed ? plainCode("destination-IP-prohibited") : unknown);
      return;
    }
    if (candidates.kind === "unresolved") {
      const code: ErrorCode = { tag: "DNS-error", val: { rcode: undefined, infoCode: undefined } };
      this.#fail(isNamed ? code : unknown, "the host name could not be resolved");
      return;
    }
    this.#addresses = candidates.addresses;
    const label = { eventType: "NetworkAccess", action: "http.handle", resource: this.#plan.resource } as const;
    const uses = candidates.addresses.map((address): Use => ({ kind: "http", ...target, address }));
    reportUses(this.#context, label, uses);
    const undici = await this.#load();
    if (!this.#closed) this.#connect(undici, candidates.addresses);
  }

  /**
   * Loading undici takes some 50 ms once for each thread, and several times that where it is started on a busy machine. Guests that send
   * nothing need not wait for it, and it is no time of the server's: the timers stand still.
   */
  async #load(): Promise<Undici> {
    const left = this.#startedAt + this.#context.limits.httpTimeoutMs - performance.now();
    this.#clearTimers();
    const undici = await import("undici");
    if (!this.#closed) this.#after(left, () => this.#timeOut());
    return undici;
  }

  #connect(undici: Undici, addresses: readonly string[]): void {
    this.#phase = "connecting";
    this.#after(this.#plan.connectMs, () => {
      if (this.#phase === "connecting") this.#timeOut();
    });
    this.#dispatch(undici, addresses);
  }

  #dispatch({ Client, buildConnector }: Undici, addresses: readonly string[]): void {
    const { target, method, path, headers, body } = this.#plan;
    const { limits, grants } = this.#context;
    const connect = pinnedConnector(buildConnector, addresses, limits.httpTimeoutMs, limits.maxHeaderBytes);
    const host = target.host.includes(":") ? `[${target.host}]` : target.host;
    this.#client = new Client(`${target.scheme}://${host}:${target.port}`, {
      connect: (options, callback) =>
        connect(options, (...result) => {
          if (result[0] === null) this.#onConnect(result[1].remoteAddress);
          callback(...result);
        }),
      allowH2: false,
      maxHeaderSize: limits.maxHeaderBytes,
      // The timers here are exact, and know what a guest asked for.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const content = requestBody(body, this.#context.signal);
    // Into what is sent alone: the guest can go on to read its own fields.
    const fields = withSecretFields(flatFields(headers), secretFields(grants.secrets, target, method));
    this.#client.dispatch({ method, path, headers: fields, body: content, reset: true }, this);
  }

  #onConnect(address: string | undefined): void {
    if (this.#closed || this.#phase !== "connecting") return;
    if (address !== undefined) this.#addresses = [address];
    this.#phase = "awaiting-head";
    this.#record("Allowed");
    this.#after(this.#plan.firstByteMs, () => {
      if (this.#phase === "awaiting-head") this.#fail(plainCode("connection-read-timeout"));
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#closed) controller.abort(new Error("the exchange is over"));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (this.#closed) return;
    if (status < 200) {
      this.#informational += 1;
      if (this.#informational > MAX_INFORMATIONAL) this.#fail(plainCode("HTTP-protocol-error"));
      return;
    }
    const headers = this.#received(controller.rawHeaders);
    if (headers === undefined) {
      this.#fail({ tag: "HTTP-response-header-section-size", val: undefined });
      return;
    }
    this.#phase = "body";
    this.#clearTimers();
    this.#idle = this.#after(this.#plan.betweenBytesMs, () => this.#onIdle());
    const source: IncomingSource = { queue: this.#queue, onRoom: this.#onRoom, cancel: this.#cancel };
    this.#future.settle({ tag: "ok", val: new IncomingResponse(this.#context, status, headers, source) });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#closed) return;
    this.#idle?.refresh();
    this.#queue.push(chunk);
    if (this.#queue.ending !== undefined) {
      observeBodyLimit(this.#context, "response");
      this.#close();
    } else if (this.#queue.room === 0) controller.pause();
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#closed) return;
    const raw = rawFields(controller.rawTrailers);
    const trailers = raw.length === 0 ? undefined : this.#received(controller.rawTrailers);
    if (raw.length > 0 && trailers === undefined) {
      this.#fail({ tag: "HTTP-response-trailer-section-size", val: undefined });
      return;
    }
    this.#queue.finish({ kind: "end", trailers });
    this.#close();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#failWith(error);
  }

  readonly #onRoom = (): void => {
    const controller = this.#controller;
    if (this.#closed || this.#resuming || controller?.paused !== true || this.#queue.room === 0) return;
    this.#resuming = true;
    // In a turn of its own: undici parses on at once, and calls back.
    setImmediate(() => {
      this.#resuming = false;
      if (this.#closed) return;
      this.#idle?.refresh();
      controller.resume();
    });
  };

  readonly #cancel = (): void => {
    this.#forget?.();
    this.#queue.abandon();
    this.#fail(plainCode("connection-terminated"), "the program dropped the request");
  };

  /** Neither what has come nor what is to come is for the guest any more. */
  #revoke(reason: string): void {
    const code = plainCode("HTTP-request-denied");
    this.#recorded = true;
    this.#fail(code, reason);
    this.#queue.revoke(code);
    this.#future.revoke(code);
  }

  readonly #onAbort = (): void => {
    this.#fail(plainCode("connection-terminated"), "the invocation has ended");
  };

  #onIdle(): void {
    // A guest that does not read is not the server's fault.
    if (this.#controller?.paused === true) this.#idle?.refresh();
    else this.#fail(plainCode("connection-read-timeout"));
  }

  #timeOut(): void {
    if (this.#phase === "body") return;
    this.#fail(TIMEOUTS[this.#phase], `no answer within ${this.#context.limits.httpTimeoutMs} ms`);
  }

  #failWith(error: unknown): void {
    const reason = error instanceof HttpFailure ? error.message : transportReason(error);
    this.#fail(transportErrorCode(error, this.#phase), reason);
  }

  #fail(code: ErrorCode, reason: string = code.tag): void {
    if (this.#closed) return;
    this.#record("Error", reason);
    if (this.#phase === "body") this.#queue.finish({ kind: "failed", code });
    else {
      this.#future.settle({ tag: "err", val: code });
      this.#forget?.();
    }
    this.#close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { signal, meters } = this.#context;
    signal.removeEventListener("abort", this.#onAbort);
    this.#clearTimers();
    this.#plan.body?.abandon();
    this.#plan.headers.release();
    if (!this.#lookingUp) meters.connections.release();
    // A destroyed client tells its request so, which is over by now.
    if (this.#client !== undefined) this.#client.destroy().catch(() => undefined);
  }

  #record(result: AuditResult, reason?: string, remedies?: readonly Remedy[]): void {
    if (this.#recorded) return;
    this.#recorded = true;
    const { resource } = this.#plan;
    const event = { eventType: "NetworkAccess", action: "http.handle", resource, result } as const;
    this.#context.observe({
      ...event,
      ...(reason === undefined ? {} : { reason }),
      ...(remedies === undefined ? {} : { remedies }),
    });
  }

  #received(raw: RawHeaders): FieldMap | undefined {
    const fields = FieldMap.received(this.#context, rawFields(raw));
    if (fields === undefined) return undefined;
    // What has come over the rate is made up for by what is read next.
    if (this.#context.meters.read.charge(fields.bytes)) return fields;
    fields.release();
    throw new HttpFailure(internalCode("the program has read all the bytes it may read"));
  }

  #after(milliseconds: number, act: () => void): NodeJS.Timeout {
    const timer = setTimeout(act, milliseconds);
    this.#timers.add(timer);
    return timer;
  }

  #clearTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
