import assert from "node:assert/strict";
import {
  callHost,
  hostContext,
  type TestContext,
  type TestContextOptions,
} from "../../../../test/support/host-context.ts";
import { parseGrants } from "../../../policy/parsing/parse-grants.ts";
import type { NetworkGrantsInput } from "../../../policy/parsing/parse-network.ts";
import type { HostResult } from "../../capability.ts";
import { ioPoll } from "../../io/poll-binding.ts";
import { ioStreams } from "../../io/streams-binding.ts";
import type { Resolver } from "../../net/resolve.ts";
import { outgoingHandler } from "../outgoing-handler.ts";
import { httpTypes } from "../types-binding.ts";
import type { ErrorCode } from "./error-code.ts";

// What a guest does, written against the functions of the interfaces alone. Shared by tests; has no tests of its own.

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const noLookup: Resolver = (name) => assert.fail(`the name ${name} was looked up`);

export interface GuestOptions extends Omit<TestContextOptions, "grants"> {
  readonly network?: NetworkGrantsInput;
  readonly resolve?: Resolver;
}

/** What the guest sends. Absent parts are not set. */
export interface GuestRequest {
  readonly method?: { readonly tag: string; readonly val?: string };
  readonly scheme?: { readonly tag: string; readonly val?: string };
  readonly authority?: string;
  readonly path?: string;
  readonly headers?: readonly (readonly [string, string])[];
  /** Absent: the body is not even asked for. */
  readonly body?: string | Uint8Array;
  readonly options?: Readonly<Record<string, bigint>>;
}

export interface GuestResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** The error the body ended with. */
  readonly failure: ErrorCode | undefined;
}

/** A host object that a handle stands for. */
export type Handle = Disposable;

export class Guest {
  readonly context: TestContext;
  readonly #resolve: Resolver;

  constructor({ network = {}, resolve = noLookup, ...options }: GuestOptions = {}) {
    const grants = parseGrants({ network }, { cwd: "/" });
    this.context = hostContext({ ...options, grants });
    this.#resolve = resolve;
  }

  /** Calls a function of `wasi:http/types` that answers at once. */
  types(name: string, ...parameters: readonly unknown[]): HostResult {
    const result = callHost(httpTypes, name, this.context, ...parameters);
    assert.ok(!(result instanceof Promise));
    return result;
  }

  /** The same for one that has to succeed. */
  must(name: string, ...parameters: readonly unknown[]): Handle {
    return this.value(name, ...parameters) as Handle;
  }

  /** The same for one that answers with something else than a handle. */
  value(name: string, ...parameters: readonly unknown[]): unknown {
    const result = this.types(name, ...parameters);
    assert.equal(result.tag, "ok", name);
    return result.val;
  }

  stream(name: string, ...parameters: readonly unknown[]): HostResult | Promise<HostResult> {
    return callHost(ioStreams, name, this.context, ...parameters);
  }

  fields(entries: readonly (readonly [string, string | Uint8Array])[] = []): Handle {
    const list = entries.map(([name, value]) => [name, typeof value === "string" ? text(value) : value]);
    return this.must("[static]fields.from-list", list);
  }

  entries(fields: Handle): [string, string][] {
    const found = this.value("[method]fields.entries", fields) as [string, Uint8Array][];
    return found.map(([name, value]) => [name, Buffer.from(value).toString("latin1")]);
  }

  /** An outgoing request with everything but its body. */
  request({ method, scheme = { tag: "HTTP" }, authority, path, headers = [] }: GuestRequest): Handle {
    const request = this.must("[constructor]outgoing-request", this.fields(headers));
    if (method !== undefined) this.must("[method]outgoing-request.set-method", request, method);
    this.must("[method]outgoing-request.set-scheme", request, scheme);
    if (authority !== undefined) this.must("[method]outgoing-request.set-authority", request, authority);
    if (path !== undefined) this.must("[method]outgoing-request.set-path-with-query", request, path);
    return request;
  }

  options(values: Readonly<Record<string, bigint>> = {}): Handle {
    const options = this.must("[constructor]request-options");
    for (const [name, value] of Object.entries(values)) {
      this.must(`[method]request-options.set-${name}`, options, value);
    }
    return options;
  }

  /** Hands a request over; the future, or why there is none. */
  handle(request: Handle, options?: Handle): HostResult<Handle, ErrorCode> {
    const result = callHost(outgoingHandler(this.#resolve), "handle", this.context, request, options);
    assert.ok(!(result instanceof Promise));
    return result as HostResult<Handle, ErrorCode>;
  }

  /** Waits until a future has something, and takes it. */
  async settled(kind: "future-incoming-response" | "future-trailers", future: Handle): Promise<HostResult> {
    const pollable = this.must(`[method]${kind}.subscribe`, future);
    await callHost(ioPoll, "[method]pollable.block", this.context, pollable);
    const taken = this.value(`[method]${kind}.get`, future) as HostResult | undefined;
    assert.equal(taken?.tag, "ok");
    assert.deepEqual(this.must(`[method]${kind}.get`, future), { tag: "err", val: undefined }, "taken once");
    return taken.val as HostResult;
  }

  response(future: Handle): Promise<HostResult<Handle, ErrorCode>> {
    return this.settled("future-incoming-response", future) as Promise<HostResult<Handle, ErrorCode>>;
  }

  /** Writes a body to its end, as fast as it is taken. */
  async write(body: Handle, bytes: Uint8Array): Promise<HostResult> {
    const stream = this.must("[method]outgoing-body.write", body);
    for (let start = 0; start < bytes.length; start += 4096) {
      const part = bytes.slice(start, start + 4096);
      const written = await this.stream("[method]output-stream.blocking-write-and-flush", stream, part);
      if (written.tag === "err") return written;
    }
    stream[Symbol.dispose]();
    return this.types("[static]outgoing-body.finish", body, undefined);
  }

  /** Reads a body to its end. */
  async read(body: Handle): Promise<{ readonly body: string; readonly failure: ErrorCode | undefined }> {
    const stream = this.must("[method]incoming-body.stream", body);
    const chunks: Uint8Array[] = [];
    for (;;) {
      const read = (await this.stream("[method]input-stream.blocking-read", stream, 65_536n)) as HostResult<
        Uint8Array,
        { tag: string; val?: unknown }
      >;
      if (read.tag === "ok") {
        chunks.push(read.val);
        continue;
      }
      stream[Symbol.dispose]();
      const failure =
        read.val.tag === "closed" ? undefined : (this.value("http-error-code", read.val.val) as ErrorCode);
      return { body: Buffer.concat(chunks).toString("latin1"), failure };
    }
  }

  /** A whole exchange: the response, or the error code that came instead of it. */
  async fetch(wanted: GuestRequest): Promise<HostResult<GuestResponse, ErrorCode>> {
    const request = this.request(wanted);
    const body = wanted.body === undefined ? undefined : this.must("[method]outgoing-request.body", request);
    const handled = this.handle(request, wanted.options === undefined ? undefined : this.options(wanted.options));
    if (handled.tag === "err") return handled;
    const sending = body === undefined ? undefined : this.write(body, bytesOf(wanted.body ?? ""));
    const result = await this.response(handled.val);
    await sending;
    handled.val[Symbol.dispose]();
    if (result.tag === "err") return result;
    const headers = this.must("[method]incoming-response.headers", result.val);
    const incoming = this.must("[method]incoming-response.consume", result.val);
    const read = await this.read(incoming);
    const response: GuestResponse = {
      status: this.value("[method]incoming-response.status", result.val) as number,
      headers: this.entries(headers),
      ...read,
    };
    for (const handle of [headers, incoming, result.val]) handle[Symbol.dispose]();
    return { tag: "ok", val: response };
  }

  /** `RESULT METHOD URL` for each recorded request, other events left out. */
  get events(): readonly string[] {
    return this.context.observations
      .filter(({ action }) => action === "http.handle")
      .map(({ result, resource }) => `${result} ${resource}`);
  }
}

function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === "string" ? text(body) : body;
}
