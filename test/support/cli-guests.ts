import { scriptGuest, textGuest } from "./guests.ts";

/** `pair: func(a: u64, b: s64) -> tuple<u64, s64>` gives its arguments back, exact to the last bit. */
export function exactGuest(): Promise<string> {
  return textGuest(
    "exact",
    `(component
      (core module $m
        (memory (export "memory") 1)
        (func (export "f") (param i64 i64) (result i32)
          (i64.store (i32.const 0) (local.get 0))
          (i64.store (i32.const 8) (local.get 1))
          i32.const 0))
      (core instance $i (instantiate $m))
      (func (export "pair") (param "a" u64) (param "b" s64) (result (tuple u64 s64))
        (canon lift (core func $i "f") (memory (core memory $i "memory")))))`,
  );
}

/** `failing: func() -> result<_, problem>` returns an error of u64's greatest number and U+009B, a terminal's escape. */
export function failingGuest(): Promise<string> {
  return textGuest(
    "failing",
    `(component
      (type $problem (record (field "code" u64) (field "text" string)))
      (core module $m
        (memory (export "memory") 1)
        (data (i32.const 100) "\\c2\\9b")
        (func (export "f") (result i32)
          (i32.store8 (i32.const 0) (i32.const 1))
          (i64.store (i32.const 8) (i64.const -1))
          (i32.store (i32.const 16) (i32.const 100))
          (i32.store (i32.const 20) (i32.const 2))
          i32.const 0))
      (core instance $i (instantiate $m))
      (func $f (result (result (error $problem))) (canon lift (core func $i "f") (memory (core memory $i "memory"))))
      (instance $api (export "problem" (type $problem)) (export "failing" (func $f)))
      (export "acme:tools/api" (instance $api)))`,
  );
}

/** A component that needs 62 MiB of memory from the start. */
export function largeMemoryGuest(): Promise<string> {
  return textGuest(
    "large-memory",
    `(component
      (core module $m (memory 1000) (func (export "f")))
      (core instance $i (instantiate $m))
      (func (export "f") (canon lift (core func $i "f"))))`,
  );
}

/** What a terminal could be driven with: escape sequences, a C1 control, a bidirectional override. */
export const ESCAPES = "a\u001b[31mred\u009b2J\u202eback\r\nnext\ttab";

/** A skill that returns {@link ESCAPES}. */
export function escapingSkill(): Promise<string> {
  return scriptGuest("escaping", `export const skill = { run: () => ${JSON.stringify(ESCAPES)} };`, "skill-component");
}

/** A skill that returns 10 MB of lines. */
export function wordySkill(): Promise<string> {
  const source = `export const skill = { run: () => "line\\n".repeat(2_000_000) };`;
  return scriptGuest("wordy", source, "skill-component");
}

/** A skill that is denied an access, again and again, for ever. */
export function insistentSkill(): Promise<string> {
  const source = `import { readFile } from "sandbox:skill/filesystem-read";
    export const skill = { run() { for (;;) try { readFile("\\u001b[2J\\nfake"); } catch {} } };`;
  return scriptGuest("insistent", source, "skill-component");
}
