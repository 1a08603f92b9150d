import assert from "node:assert/strict";
import { test } from "node:test";
import { ResponseHeadFilter } from "./response-head.ts";

const OK = "HTTP/1.1 200 OK\r\nx: y\r\n\r\n";
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

/** What the parser gets of a text that comes in pieces of so many bytes. */
function filtered(text: string, size: number): string {
  const filter = new ResponseHeadFilter(1_000);
  let got = "";
  for (let at = 0; at < text.length; at += size) {
    got += filter.take(Buffer.from(text.slice(at, at + size), "latin1"))?.toString("latin1") ?? "";
  }
  return got;
}

const CASES: readonly (readonly [text: string, expected: string])[] = [
  [`${OK}body\r\n\r\n${CONTINUE}`, `${OK}body\r\n\r\n${CONTINUE}`],
  [`${CONTINUE}${OK}body`, `${OK}body`],
  [`HTTP/1.1 100\r\na: b\r\n\r\n${CONTINUE}${OK}`, OK],
  [`HTTP/1.1 103 Early\r\n\r\n${CONTINUE}${OK}x`, `HTTP/1.1 103 Early\r\n\r\n${OK}x`],
  [`HTTP/1.1 1000 X\r\n\r\n${OK}`, `HTTP/1.1 1000 X\r\n\r\n${OK}`],
  [`HTTP/1.1 101 Switching\r\n\r\n${CONTINUE}`, `HTTP/1.1 101 Switching\r\n\r\n${CONTINUE}`],
  // A length that is given twice counts once; other lengths are for the parser to refuse.
  [
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\na: b\r\ncontent-length:3 \r\n\r\nabc",
    "HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 3\r\n\r\nabc",
  ],
  ["HTTP/1.1 200 OK\r\ncontent-length: 3, 3\r\n\r\nabc", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"],
  ...["3\r\ncontent-length: 4", "3, 4", "+3, +3", "3,", ", 3", "0x3, 0x3", "3\r\n 3\r\ncontent-length: 3"].map(
    (lengths) => {
      const text = `HTTP/1.1 200 OK\r\ncontent-length: ${lengths}\r\n\r\nabc`;
      return [text, text] as const;
    },
  ),
  [`HTTP/1.1 200 OK\r\nx: ${"y".repeat(2_000)}`, `HTTP/1.1 200 OK\r\nx: ${"y".repeat(2_000)}`],
  [CONTINUE.repeat(20) + OK, CONTINUE.repeat(4) + OK],
];

test("interim responses that nobody asked for are skipped, and a repeated length is kept once, however it comes", () => {
  for (const [text, expected] of CASES) {
    for (const size of [1, 2, 7, 10_000])
      assert.equal(filtered(text, size), expected, `${text.slice(0, 60)} by ${size}`);
  }
});

test("no more is held than a head may have", () => {
  const filter = new ResponseHeadFilter(1_000);
  assert.equal(filter.take(Buffer.from("HTTP/1.1 200 ".padEnd(1_000, "x"))), null);
  assert.equal(filter.take(Buffer.alloc(1, "x"))?.length, 1_001);
  assert.equal(filter.take(Buffer.from(CONTINUE))?.toString(), CONTINUE);
});

test("a head that comes byte by byte is put together once", (t) => {
  const filter = new ResponseHeadFilter(2 ** 20);
  const head = Buffer.from(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(50_000)}\r\n\r\n`);
  // What it copies is counted, since time is no measure.
  const concat = t.mock.method(Buffer, "concat");
  for (const byte of head) assert.ok(filter.take(Buffer.of(byte)) === null || byte === 10);
  let copied = 0;
  for (const { result } of concat.mock.calls) copied += result?.length ?? 0;
  assert.ok(copied < 8 * head.length, `${copied} bytes of ${head.length}`);
});

test("what is no head of HTTP is not waited for", () => {
  for (const text of ["SSH-2.0-OpenSSH_9.9\r\n", "H2", "\r\n"]) {
    assert.equal(new ResponseHeadFilter(1_000).take(Buffer.from(text))?.toString(), text);
  }
});
