/** The part of the WebAssembly JavaScript API that Cordon uses; Node's own types leave it out. */
declare namespace WebAssembly {
  interface MemoryDescriptor {
    initial: number;
    maximum?: number;
    shared?: boolean;
  }
  class Memory {
    constructor(descriptor: MemoryDescriptor);
    readonly buffer: ArrayBuffer;
  }
  class Module {
    constructor(bytes: Uint8Array);
    private readonly brand: "module";
  }
  class Global<T extends "i32"> {
    constructor(descriptor: { readonly value: T; readonly mutable: boolean }, value: number);
    value: number;
  }
  type ModuleImports = Record<string, unknown>;
  type Imports = Record<string, ModuleImports>;
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Record<string, unknown>;
  }
  class RuntimeError extends Error {}
  class CompileError extends Error {}
  /** What code of a guest throws. It is no `Error`. */
  class Exception {
    private readonly brand: "exception";
  }
  /** Wraps a function that may answer with a promise: a guest that imports it is suspended until that settles (JSPI). */
  class Suspending {
    constructor(fn: (...parameters: never[]) => unknown);
  }
  /** Wraps an export that may be suspended, so that it answers with a promise. */
  function promising<P extends unknown[]>(fn: (...parameters: P) => unknown): (...parameters: P) => Promise<unknown>;
  function compile(bytes: Uint8Array): Promise<Module>;
  function validate(bytes: Uint8Array): boolean;
}
