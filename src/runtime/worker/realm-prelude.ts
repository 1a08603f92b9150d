/**
 * Code that runs inside the realm of the generated glue. It is sent there as text, so it refers to nothing but its
 * parameter and the realm's own intrinsics; it may not import anything.
 *
 * Objects and functions of the host's realm would lead the glue to the host's `Function`, and so to everything. None gets
 * past this file: the closures below hold them, and hand on primitives and copies made of this realm's own objects.
 */

/** What the host gives to the prelude. Results are primitives or plain data, which the prelude copies. */
export interface HostSide {
  readonly decode: (encoding: string, bytes: Uint8Array) => string;
  readonly encodeInto: (text: string, target: Uint8Array) => { readonly read: number; readonly written: number };
}

/** The guest that is on the processor, as far as the realm has to know it. */
export interface Occupant {
  /** What it may make the realm copy until it next crosses to the host, in bytes. */
  readonly crossingBytes: number;
  /** Called when it asks for more. What it asked for has not been allocated. */
  readonly exceeded: () => void;
  /** Calls back after a delay, in a turn of the guest's own, and not at all when it has ended by then. */
  readonly later: (callback: () => void, delayMs: number) => void;
}

/** A host function as the prelude sees it: arguments of the guest in, a WIT `result` out. */
export type BoundHostFunction = (parameters: unknown[]) => BoundResult | Promise<BoundResult>;

/** What a host function answers. */
export interface BoundResult {
  readonly tag: "ok" | "err";
  readonly val: unknown;
}

/** One import of the component, bound to an invocation. */
export interface BoundImport {
  readonly interface: string;
  readonly property: string;
  readonly blocking: boolean;
  readonly call: BoundHostFunction;
}

/** A linear memory to be made, under the name its module imports it by. Sizes are in 64 KiB pages. */
export interface MemoryRequest {
  readonly field: string;
  readonly initialPages: number;
  readonly maximumPages: number;
  readonly address64: boolean;
}

/** What one core instance is made of. */
export interface CoreInstancePlan {
  readonly module: WebAssembly.Module;
  readonly memories: readonly MemoryRequest[];
}

/** What the glue needs at each instantiation. */
export interface InstantiationSide {
  /** The next core instance, of the module of that name; throws when the plan does not have it. */
  readonly next: (name: string) => CoreInstancePlan;
  /** Tells the host of a memory that was made. */
  readonly made: (memory: WebAssembly.Memory) => void;
}

/** What the prelude hands back to the host. */
export interface RealmSide {
  /** Tells whose code runs from now on, with its budget whole. */
  readonly occupy: (occupant: Occupant) => void;
  readonly instantiate: (
    glue: unknown,
    side: InstantiationSide,
    imports: readonly BoundImport[],
    memoryNamespace: string,
  ) => InstantiatedGuest;
}

/** A box around the exports: a guest may export a function named `then`, and must not be taken for a promise. */
export interface InstantiatedGuest {
  readonly exports: unknown;
}

/** Prepares the realm and returns what the host calls. */
export function realmPrelude(host: HostSide): RealmSide {
  "use strict";
  const { WebAssembly, Promise, Uint8Array, Array, Object, Error, String, ArrayBuffer, WeakMap, Math, Reflect } =
    globalThis;
  const { isView } = ArrayBuffer;
  const { max, min, trunc } = Math;

  let budget = 0;
  let exceeded: () => void = () => undefined;
  let later: Occupant["later"] = () => undefined;

  /** Charges a copy of guest memory to the guest's budget, before it is made. */
  function charge(bytes: number): void {
    budget -= bytes;
    if (budget >= 0) return;
    budget = 0;
    exceeded();
    throw new Error("the guest made the host copy more than one crossing may");
  }

  /**
   * The glue lifts strings with this. The Canonical ABI traps on bytes that are not well-formed and keeps a byte order mark,
   * which the platform's decoder does not do unless it is told; this one does nothing else.
   */
  class TextDecoder {
    readonly #encoding: string;
    constructor(encoding?: string) {
      this.#encoding = encoding === undefined ? "utf-8" : String(encoding);
    }
    decode(bytes?: Uint8Array): string {
      if (bytes === undefined) return "";
      charge(bytes.byteLength);
      try {
        return host.decode(this.#encoding, bytes);
      } catch (thrown) {
        throw inThisRealm(thrown);
      }
    }
  }

  class TextEncoder {
    encode(text?: string): Uint8Array {
      const source = text === undefined ? "" : String(text);
      const target = new Uint8Array(source.length * 3);
      return target.slice(0, this.encodeInto(source, target).written);
    }
    encodeInto(text: string, target: Uint8Array): { read: number; written: number } {
      try {
        const { read, written } = host.encodeInto(String(text), target);
        return { read, written };
      } catch (thrown) {
        throw inThisRealm(thrown);
      }
    }
  }

  const silent = (): void => undefined;
  const replacements: Record<string, unknown> = {
    TextDecoder,
    TextEncoder,
    console: { debug: silent, error: silent, info: silent, log: silent, warn: silent },
    queueMicrotask: (callback: () => void): void => void Promise.resolve().then(callback),
    setTimeout: (callback: () => void, delay?: number): void => {
      try {
        later(() => callback(), typeof delay === "number" ? delay : 0);
      } catch (thrown) {
        throw inThisRealm(thrown);
      }
    },
  };
  for (const name of Object.keys(replacements)) {
    Object.defineProperty(globalThis, name, { value: replacements[name], configurable: false, writable: false });
  }
  // Lists of numbers are lifted with this; the heap's limit does not see what it allocates.
  const slice = ArrayBuffer.prototype.slice;
  const chargedSlice = function (this: ArrayBuffer, start?: number, end?: number): ArrayBuffer {
    const size = this.byteLength;
    const position = (value: number): number => (value < 0 ? max(size + trunc(value), 0) : min(trunc(value), size));
    charge(max(0, (end === undefined ? size : position(end)) - position(start ?? 0)));
    return Reflect.apply(slice, this, [start, end]) as ArrayBuffer;
  };
  Object.defineProperty(ArrayBuffer.prototype, "slice", { value: chargedSlice, configurable: false, writable: false });
  // Nothing may bring a guest's code back after its end, when no deadline watches it; the glue would run destructors from
  // a registry.
  for (const name of ["FinalizationRegistry", "WeakRef", "Atomics"]) Reflect.deleteProperty(globalThis, name);
  // With this tag a guest could catch host exceptions as values, and so swallow the end of its invocation.
  Reflect.deleteProperty(WebAssembly, "JSTag");

  /** The error a guest sees as the `err` of a `result`; the glue looks for `payload`. */
  class ReturnedError extends Error {
    readonly payload: unknown;
    constructor(payload: unknown) {
      super("the host function returned an error");
      this.payload = payload;
    }
  }

  function inThisRealm(thrown: unknown): Error {
    let message = "the host function failed";
    try {
      if (typeof thrown === "object" && thrown !== null && "message" in thrown) message = String(thrown.message);
    } catch {
      // An exotic object that throws when asked for its message has none.
    }
    return new Error(message);
  }

  /** Copies plain data into this realm. Host functions return no cycles. */
  function copy(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return typeof value === "function" ? undefined : value;
    if (isView(value)) return new Uint8Array(value as unknown as ArrayLike<number>);
    if (Array.isArray(value)) return Array.from(value, copy);
    const plain: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      const own = copy((value as Record<string, unknown>)[key]);
      Object.defineProperty(plain, key, { value: own, enumerable: true, configurable: true, writable: true });
    }
    return plain;
  }

  function unwrap(result: BoundResult): unknown {
    const val = copy(result.val);
    if (result.tag === "ok") return val;
    throw new ReturnedError(val);
  }

  function importedFunction({ blocking, call }: BoundImport): (...parameters: unknown[]) => unknown {
    if (blocking) {
      return async (...parameters) => {
        let result: BoundResult;
        try {
          result = await call(parameters);
        } catch (thrown) {
          throw inThisRealm(thrown);
        }
        return unwrap(result);
      };
    }
    return (...parameters) => {
      let result: BoundResult;
      try {
        result = call(parameters) as BoundResult;
      } catch (thrown) {
        throw inThisRealm(thrown);
      }
      return unwrap(result);
    };
  }

  function importObject(imports: readonly BoundImport[]): Record<string, Record<string, unknown>> {
    const object: Record<string, Record<string, unknown>> = Object.create(null);
    for (let index = 0; index < imports.length; index += 1) {
      const bound = imports[index] as BoundImport;
      object[bound.interface] ??= Object.create(null) as Record<string, unknown>;
      (object[bound.interface] as Record<string, unknown>)[bound.property] = importedFunction(bound);
    }
    return object;
  }

  function memoriesOf(side: InstantiationSide, requests: readonly MemoryRequest[]): Record<string, WebAssembly.Memory> {
    const memories: Record<string, WebAssembly.Memory> = Object.create(null);
    for (let index = 0; index < requests.length; index += 1) {
      const { field, initialPages, maximumPages, address64 } = requests[index] as MemoryRequest;
      const descriptor = address64
        ? { initial: BigInt(initialPages), maximum: BigInt(maximumPages), address: "i64" }
        : { initial: initialPages, maximum: maximumPages };
      const memory = new WebAssembly.Memory(descriptor as WebAssembly.MemoryDescriptor);
      side.made(memory);
      memories[field] = memory;
    }
    return memories;
  }

  return {
    occupy(occupant) {
      budget = occupant.crossingBytes;
      exceeded = occupant.exceeded;
      later = occupant.later;
    },
    instantiate(glue, side, imports, memoryNamespace) {
      // The glue holds a token for each core module: the module itself is an object of the host's realm.
      const names = new WeakMap<object, string>();
      const getCoreModule = (name: string): object => {
        const token = Object.freeze({});
        names.set(token, String(name));
        return token;
      };
      const instantiateCore = (token: object, given?: WebAssembly.Imports): WebAssembly.Instance => {
        try {
          const { module, memories } = side.next(names.get(token) ?? "");
          const own = { [memoryNamespace]: memoriesOf(side, memories) };
          return new WebAssembly.Instance(module, Object.assign(Object.create(null), given, own));
        } catch (thrown) {
          // What the module's start function threw is of this realm, and says more than a copy would.
          throw thrown instanceof Error ? thrown : inThisRealm(thrown);
        }
      };
      const instantiate = (glue as () => (...parameters: unknown[]) => unknown)();
      // Core instances are made at once, so the glue never has to wait, and answers with the exports themselves.
      const exports = instantiate(getCoreModule, importObject(imports), instantiateCore);
      if (exports instanceof Promise) throw new Error("the glue waits where it has nothing to wait for");
      return { exports };
    },
  };
}
