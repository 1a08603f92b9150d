import assert from "node:assert/strict";
import { test } from "node:test";
import { DECLARED_INTERFACES } from "./declared-interfaces.ts";
import { HOST_INTERFACES } from "./interfaces.ts";

test("the interfaces that are not WASI's are those of the packages in wit/", () => {
  assert.deepEqual(
    HOST_INTERFACES.filter(({ name }) => !name.startsWith("wasi:")).map(({ name, functions }) =>
      [name].concat(functions.map((f) => `${f.name}: ${f.type}`)),
    ),
    [
      [
        "cordon:process/run",
        "run: func(command: string, arguments: list<string>, stdin: option<list<u8>>, timeout-ms: option<u32>) -> " +
          "result<record { status: variant { code(u32), signal(string) }, stdout: list<u8>, stderr: list<u8> }, " +
          "variant { denied, not-found, timed-out, output-too-large, failed(string) }>",
      ],
      ["sandbox:skill/filesystem-read", "read-file: func(path: string) -> result<string, string>"],
      ["sandbox:skill/filesystem-write", "write-file: func(path: string, content: string) -> result<_, string>"],
      [
        "sandbox:skill/network",
        "http-get: func(url: string) -> result<string, string>",
        "http-post: func(url: string, body: string) -> result<string, string>",
      ],
      [
        "cordon:vak/host",
        "fs-read: func(path: string) -> result<list<u8>, string>",
        "fs-write: func(path: string, content: list<u8>) -> result<_, string>",
        "env-get: func(name: string) -> option<string>",
        "log: func(level: u32, text: string)",
      ],
    ],
  );
});

test("their declarations are all of them, as data that a file can hold", () => {
  assert.deepEqual(JSON.parse(JSON.stringify(DECLARED_INTERFACES)), DECLARED_INTERFACES);
  assert.deepEqual(linkedBy(DECLARED_INTERFACES), linkedBy(HOST_INTERFACES));
});

function linkedBy(interfaces: typeof DECLARED_INTERFACES): unknown {
  return interfaces.map(({ name, version, resources, functions }) => ({
    name,
    version,
    resources: resources && [...resources],
    functions: functions.map((fn) => [fn.name, fn.type, fn.blocking]),
  }));
}
