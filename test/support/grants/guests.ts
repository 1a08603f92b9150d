import { testGuest, textGuest, wasiProbe } from "../guests.ts";

/** The guests of the table of grants, by name, as paths of their files. */
export interface GrantGuests {
  /** Reads, writes and fetches through `sandbox:skill`. */
  readonly skill: string;
  /** Runs what it is sent, with all of WASI in reach. */
  readonly probe: string;
  /** `f` hands 41 to the embedder's function `acme:table/more#more`. */
  readonly custom: string;
  /** `f` starts the program `true`: 0 when it ran to its end, else the number of the case of `run-error` and one. */
  readonly starter: string;
}

export async function grantGuests(): Promise<GrantGuests> {
  return {
    skill: await testGuest(),
    probe: await wasiProbe(),
    custom: await textGuest("table-custom", CUSTOM),
    starter: await textGuest("table-starter", STARTER),
  };
}

const CUSTOM = `(component
  (import "acme:table/more" (instance $more (export "more" (func (param "than" u32) (result u32)))))
  (core func $more (canon lower (func $more "more")))
  (core module $m
    (import "" "more" (func $more (param i32) (result i32)))
    (func (export "f") (result i32) (call $more (i32.const 41))))
  (core instance $i (instantiate $m (with "" (instance (export "more" (func $more))))))
  (func (export "f") (result u32) (canon lift (core func $i "f"))))`;

const STARTER = `(component
  (import "cordon:process/run@0.1.0" (instance $run
    (type $status (variant (case "code" u32) (case "signal" string)))
    (export "exit-status" (type $s (eq $status)))
    (type $output (record (field "status" $s) (field "stdout" (list u8)) (field "stderr" (list u8))))
    (export "output" (type $o (eq $output)))
    (type $error (variant
      (case "denied") (case "not-found") (case "timed-out") (case "output-too-large") (case "failed" string)))
    (export "run-error" (type $e (eq $error)))
    (export "run" (func (param "command" string) (param "arguments" (list string)) (param "stdin" (option (list u8)))
      (param "timeout-ms" (option u32)) (result (result $o (error $e)))))))
  (core module $libc
    (memory (export "memory") 1)
    (data (i32.const 16) "true")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096))
  (core instance $libc (instantiate $libc))
  (core func $run
    (canon lower (func $run "run") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core module $m
    (import "" "memory" (memory 1))
    (import "" "run" (func $run (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (func (export "f") (result i32)
      (call $run
        (i32.const 16) (i32.const 4) (i32.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0)
        (i32.const 512))
      (if (result i32) (i32.load8_u (i32.const 512))
        (then (i32.add (i32.load8_u (i32.const 516)) (i32.const 1)))
        (else (i32.load (i32.const 520))))))
  (core instance $i (instantiate $m (with "" (instance
    (export "memory" (memory $libc "memory"))
    (export "run" (func $run))))))
  (func (export "f") (result u32) (canon lift (core func $i "f"))))`;
