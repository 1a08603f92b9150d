/** Parts of guests in the text format that call WASI as no library would. */

/** The functions of `wasi:io/streams` that such guests use. */
const STREAM_FUNCTIONS = {
  "check-write": `(export "[method]output-stream.check-write"
      (func (param "self" (borrow $out)) (result (result u64 (error $stream-error)))))`,
  write: `(export "[method]output-stream.write"
      (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $stream-error)))))`,
  "write-zeroes": `(export "[method]output-stream.write-zeroes"
      (func (param "self" (borrow $out)) (param "len" u64) (result (result (error $stream-error)))))`,
  "blocking-write-and-flush": `(export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $stream-error)))))`,
  "blocking-read": `(export "[method]input-stream.blocking-read"
      (func (param "self" (borrow $in)) (param "len" u64) (result (result (list u8) (error $stream-error)))))`,
} as const;

/**
 * Imports of streams with the given functions, of stdin and of stdout, as the instances $error, $streams, $stdin and $stdout and
 * the types $input and $output.
 */
export function stdioImports(version: string, functions: readonly (keyof typeof STREAM_FUNCTIONS)[]): string {
  return `
  (import "wasi:io/error@${version}" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error-type))
  (import "wasi:io/streams@${version}" (instance $streams
    (alias outer 1 $error-type (type $e))
    (export "error" (type (eq $e)))
    (export "output-stream" (type $out (sub resource)))
    (export "input-stream" (type $in (sub resource)))
    (type $failure (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    ${functions.map((name) => STREAM_FUNCTIONS[name]).join("\n    ")}))
  (alias export $streams "output-stream" (type $output))
  (alias export $streams "input-stream" (type $input))
  (import "wasi:cli/stdout@${version}" (instance $stdout
    (alias outer 1 $output (type $o)) (export "output-stream" (type (eq $o)))
    (export "get-stdout" (func (result (own $o))))))
  (import "wasi:cli/stdin@${version}" (instance $stdin
    (alias outer 1 $input (type $i)) (export "input-stream" (type (eq $i)))
    (export "get-stdin" (func (result (own $i))))))`;
}

/** A function that core code calls as `$name`: the `canon` that makes it, and its core type. */
export type CoreImport = readonly [name: string, canon: string, type: string];

/** What lowers a function of an imported instance, such as `(func $stdout "get-stdout")`. */
export function lower(source: string): string {
  return `canon lower ${source} (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))`;
}

/** What a component with one core module is made of. */
export interface CoreParts {
  /** What the component imports. */
  readonly imports: string;
  /** What the core module imports. */
  readonly functions: readonly CoreImport[];
  /** Its memory, in pages of 64 KiB. */
  readonly pages: number;
  /** The fields of the module with the memory that come after it, `realloc` among them. */
  readonly allocator: string;
  /** The fields of the core module that come after its imports. */
  readonly fields: string;
  /** What the component exports of the core instance $i. */
  readonly exports: string;
}

/** A component whose one core module of note shares its memory with an allocator. */
export function coreComponent({ imports, functions, pages, allocator, fields, exports }: CoreParts): string {
  const made = functions.map(([name, canon]) => `(core func $${name} (${canon}))`);
  const imported = functions.map(([name, , type]) => `(import "host" "${name}" (func $${name} ${type}))`);
  const given = functions.map(([name]) => `(export "${name}" (func $${name}))`);
  return `(component ${imports}
  (core module $libc
    (memory (export "memory") ${pages})
    ${allocator})
  (core instance $libc (instantiate $libc))
  ${made.join("\n  ")}
  (core module $m
    ${imported.join("\n    ")}
    (import "libc" "memory" (memory ${pages}))
    ${fields})
  (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "host" (instance ${given.join(" ")}))))
  ${exports})`;
}
