import { exit } from "wasi:cli/exit@0.2.12";
import { getStdout } from "wasi:cli/stdout@0.2.12";
import { subscribeDuration } from "wasi:clocks/monotonic-clock@0.2.12";
import { Fields, IncomingBody, OutgoingBody, OutgoingResponse, ResponseOutparam } from "wasi:http/types@0.2.12";

const LETTER = 97;

const bytesOf = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const textOf = (bytes) => String.fromCharCode(...bytes);

function drop(handle) {
  handle[Symbol.dispose]();
}

/** Answers with a head, and returns the body. Fields are pairs of text. */
function answer(responseOut, status = 200, fields = []) {
  const headers = Fields.fromList(fields.map(([name, value]) => [name, bytesOf(value)]));
  const response = new OutgoingResponse(headers);
  response.setStatusCode(status);
  const body = response.body();
  ResponseOutparam.set(responseOut, { tag: "ok", val: response });
  return body;
}

/** Writes all bytes, as far as there is room, and waits for more. */
function writeAll(stream, bytes) {
  let at = 0;
  while (at < bytes.length) {
    const room = Number(stream.checkWrite());
    if (room === 0) {
      const pollable = stream.subscribe();
      pollable.block();
      drop(pollable);
      continue;
    }
    stream.write(bytes.subarray(at, at + room));
    at += room;
  }
}

function finish(body, trailers) {
  OutgoingBody.finish(body, trailers);
}

/** A whole body. */
function send(body, text) {
  const stream = body.write();
  writeAll(stream, bytesOf(text));
  drop(stream);
  finish(body);
}

/** Hands every part of the request's body on, until its end; returns the body, to be finished. */
function eachPart(request, take) {
  const incoming = request.consume();
  const stream = incoming.stream();
  for (;;) {
    try {
      take(stream.blockingRead(65536));
    } catch (error) {
      if (error?.payload?.tag !== "closed") throw error;
      drop(stream);
      return incoming;
    }
  }
}

function fieldsOf(request) {
  const headers = request.headers();
  const list = headers.entries().map(([name, value]) => [name, textOf(value)]);
  drop(headers);
  return list;
}

function print(text) {
  const stdout = getStdout();
  stdout.blockingWriteAndFlush(bytesOf(text));
  drop(stdout);
}

function sleep(milliseconds) {
  const pollable = subscribeDuration(milliseconds * 1e6);
  pollable.block();
  drop(pollable);
}

let calls = 0;

/** What each first part of a path does; `rest` is what follows it, without the slash. */
const ROUTES = {
  hello: ({ out }) => send(answer(out, 200, [["content-type", "text/plain"]]), "hello\n"),

  count({ out }) {
    calls += 1;
    send(answer(out), String(calls));
  },

  request({ request, out }) {
    const shown = {
      method: request.method(),
      scheme: request.scheme(),
      authority: request.authority() ?? null,
      path: request.pathWithQuery() ?? null,
      headers: fieldsOf(request),
    };
    send(answer(out), JSON.stringify(shown));
  },

  echo({ request, out }) {
    const body = answer(out);
    const stream = body.write();
    const incoming = eachPart(request, (part) => writeAll(stream, part));
    drop(stream);
    const future = IncomingBody.finish(incoming);
    const pollable = future.subscribe();
    pollable.block();
    drop(pollable);
    const trailers = future.get()?.val?.val;
    const copy = trailers === undefined || trailers === null ? undefined : trailers.clone();
    if (copy !== undefined) drop(trailers);
    drop(future);
    finish(body, copy);
  },

  /** Reads the body to its end, then says how long it was, or how it failed; to stdout, too. */
  measure({ request, out }) {
    let size = 0;
    try {
      eachPart(request, (part) => {
        size += part.length;
      });
      print("whole");
      send(answer(out), String(size));
    } catch (error) {
      send(answer(out, 413), `${size} ${error?.payload?.tag ?? error}`);
    }
  },

  /** Reads a part of the body, and answers without the rest. */
  taste({ request, out }) {
    const incoming = request.consume();
    const stream = incoming.stream();
    const part = stream.blockingRead(10);
    send(answer(out), textOf(part));
  },

  trap() {
    throw new Error("trapped");
  },

  spin() {
    for (;;);
  },

  sleep({ out, rest }) {
    sleep(Number(rest));
    send(answer(out), "slept");
  },

  "no-answer"() {},

  refuse({ out }) {
    ResponseOutparam.set(out, { tag: "err", val: { tag: "HTTP-request-denied" } });
  },

  exit({ rest }) {
    exit({ tag: rest === "bad" ? "err" : "ok" });
  },

  /** A head and half a body, and then the end named in the path, when the client had time to see them. */
  partial({ out, rest }) {
    const body = answer(out);
    const stream = body.write();
    writeAll(stream, bytesOf("half"));
    // On a busy machine a sleep may be over when it begins, and then the head is still here.
    for (let turn = 0; turn < 10; turn += 1) sleep(5);
    if (rest === "trap") throw new Error("trapped");
    if (rest === "spin") for (;;);
    if (rest === "exit") exit({ tag: "ok" });
    if (rest === "sleep") {
      sleep(300);
      writeAll(stream, bytesOf(" and half"));
    }
    drop(stream);
    if (rest === "drop") drop(body);
    if (rest === "sleep") finish(body);
  },

  /** A body of so many bytes. */
  large({ out, rest }) {
    const body = answer(out);
    const stream = body.write();
    const part = new Uint8Array(65536).fill(LETTER);
    for (let left = Number(rest); left > 0; left -= part.length) {
      writeAll(stream, left < part.length ? part.subarray(0, left) : part);
    }
    drop(stream);
    finish(body);
  },

  status({ out, rest }) {
    send(answer(out, Number(rest)), "body");
  },

  /** Answers with the fields of the JSON in the request's body, and the body it names; says so when the fields are refused. */
  fields({ request, out }) {
    let json = "";
    drop(
      eachPart(request, (part) => {
        json += textOf(part);
      }),
    );
    const { status = 200, fields, body = "" } = JSON.parse(json);
    let headers;
    try {
      headers = Fields.fromList(fields.map(([name, value]) => [name, bytesOf(value)]));
    } catch (error) {
      return send(answer(out, 500), `refused: ${error?.payload?.tag}`);
    }
    const response = new OutgoingResponse(headers);
    try {
      response.setStatusCode(status);
    } catch {
      return send(answer(out, 500), "refused: status");
    }
    const outgoing = response.body();
    ResponseOutparam.set(out, { tag: "ok", val: response });
    const stream = outgoing.write();
    writeAll(stream, bytesOf(body));
    drop(stream);
    finish(outgoing);
  },

  trailers({ out, rest }) {
    const body = answer(out);
    const stream = body.write();
    writeAll(stream, bytesOf("body"));
    drop(stream);
    const [name = "x-trailer", value = "1"] = rest === "" ? [] : rest.split("=");
    finish(body, Fields.fromList([[name, bytesOf(value)]]));
  },

  /** Writes to stdout what the path says. */
  print({ out, rest }) {
    print(decodeURIComponent(rest));
    send(answer(out), "printed");
  },
};

export const incomingHandler = {
  handle(request, out) {
    const path = (request.pathWithQuery() ?? "/").split("?")[0];
    const [, name = "", rest = ""] = /^\/([^/]*)\/?(.*)$/.exec(path) ?? [];
    const route = ROUTES[name];
    if (route === undefined) return send(answer(out, 404), "no such path");
    return route({ request, out, rest });
  },
};
