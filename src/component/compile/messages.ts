/** What the thread that compiles is given, as its `workerData`. */
export interface CompileRequest {
  readonly modules: readonly Uint8Array[];
}

/** What it answers. */
export type CompileAnswer =
  | { readonly type: "compiled"; readonly modules: readonly WebAssembly.Module[] }
  /** The engine's reason why one of them cannot be compiled. */
  | { readonly type: "invalid"; readonly reason: string };
