import "./built-workers.ts";
import { parseGrants } from "../../src/policy/parse-grants.ts";
import type { Program } from "../../src/runtime/messages.ts";
import type { Job } from "../../src/runtime/pending.ts";
import { HostFunctions } from "../../src/sandbox/host-functions/host-functions.ts";
import { loadProgram } from "../../src/sandbox/loading/program.ts";
import { beginReading } from "../../src/sandbox/loading/source.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/shared/limits.ts";
import { TEST_CACHE } from "./guests.ts";
import { parse } from "./wasm-tools.ts";

const GRANTS = parseGrants({ custom: { take: true } }, { cwd: "/" });

const FUNCTIONS = new HostFunctions(
  [
    {
      interface: "acme:sink/sink",
      name: "take",
      type: "func(given: list<u8>)",
      capability: "take",
      call: () => undefined,
    },
    { interface: "acme:sink/sink", name: "told", type: "func()", capability: "take", call: () => undefined },
  ],
  GRANTS.custom,
);

/** What such a function answers. */
export const DONE = { kind: "returned", value: undefined } as const;

const MEMORY = (bytes: number): string =>
  `(core module $memory (memory (export "memory") ${Math.ceil(bytes / 65_536) + 1})) (core instance $mem (instantiate $memory))`;

const SINK = `(import "acme:sink/sink" (instance $sink (export "take" (func (param "given" (list u8)))) (export "told" (func))))`;

/** Its `f` passes so many bytes to a function of the host. */
export function passing(bytes: number): string {
  return `(component ${SINK} ${MEMORY(bytes)}
    (core func $take (canon lower (func $sink "take") (memory (core memory $mem "memory"))))
    (core module $m (import "" "take" (func $take (param i32 i32))) (func (export "f") (call $take (i32.const 0) (i32.const ${bytes}))))
    (core instance $c (instantiate $m (with "" (instance (export "take" (func $take))))))
    (func (export "f") (canon lift (core func $c "f"))))`;
}

/** Its `f` returns a text of so many bytes. */
export function returning(bytes: number): string {
  return `(component ${MEMORY(bytes)}
    (core module $m (import "" "memory" (memory 1)) (func (export "f") (result i32)
      (memory.fill (i32.const 8) (i32.const 65) (i32.const ${bytes}))
      (i32.store (i32.const 0) (i32.const 8)) (i32.store (i32.const 4) (i32.const ${bytes})) i32.const 0))
    (core instance $c (instantiate $m (with "" (instance $mem))))
    (func (export "f") (result string) (canon lift (core func $c "f") (memory (core memory $mem "memory")))))`;
}

/** Its `f` answers with a text of so many bytes by `task.return`, then tells the host, and waits for that. */
export function answering(bytes: number): string {
  return `(component ${SINK} ${MEMORY(bytes)}
    (core func $return (canon task.return (result string) (memory (core memory $mem "memory"))))
    (core func $told (canon lower (func $sink "told")))
    (core module $m (import "" "return" (func $return (param i32 i32))) (import "" "told" (func $told))
      (func (export "f") (call $return (i32.const 0) (i32.const ${bytes})) (call $told)))
    (core instance $c (instantiate $m (with "" (instance (export "return" (func $return)) (export "told" (func $told))))))
    (func (export "f") async (result string) (canon lift (core func $c "f") async (memory (core memory $mem "memory")))))`;
}

/** Loads one of them for a pool. */
export async function loaded(text: string): Promise<Program> {
  const load = { signal: new AbortController().signal, hold: () => undefined };
  const options = { cache: TEST_CACHE };
  const { program } = await loadProgram(beginReading(await parse(text)), options, FUNCTIONS.descriptors, load);
  return program;
}

/** A call of `f`; an instance that stays, when it is not to be called at once. */
export function jobOf(
  program: Program,
  part: Partial<Job> & {
    readonly limits?: Partial<Limits>;
    readonly stays?: boolean;
    readonly parameters?: readonly unknown[];
  } = {},
): Job {
  const { limits, stays = false, parameters = [], ...rest } = part;
  return {
    program,
    invocation: {
      programId: program.id,
      ...(stays ? {} : { target: ["f"] }),
      parameters,
      programArguments: ["guest"],
      grants: GRANTS,
      limits: { ...DEFAULT_LIMITS, ...limits },
    },
    observe: () => undefined,
    ...rest,
  };
}
