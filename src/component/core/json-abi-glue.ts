/** What the glue of a JSON module is told. */
export interface JsonAbiSettings {
  /** The interface the host functions come from. */
  readonly interface: string;
  /** The module the core module imports them from. */
  readonly module: string;
  /** The name by which the host knows the core module. */
  readonly core: string;
  /** The imports that may suspend the guest, by the core module's names. */
  readonly suspending: readonly string[];
}

/** Functions of the glue that stand by themselves. */
export interface JsonAbiParts {
  readonly isJson: (bytes: Uint8Array) => boolean;
  readonly goOn: typeof goOn;
  readonly returned: typeof returned;
}

/** The core module's exports; that they have these types was seen when the artifact was made. */
interface CoreExports {
  readonly memory: WebAssembly.Memory;
  readonly alloc: (length: number) => number;
  readonly execute: (pointer: number, length: number) => unknown;
  readonly _initialize?: () => unknown;
}

/** The host's functions, as the realm gives them: those that may wait answer with a promise when they do. */
interface Host {
  readonly fsRead: (path: string) => Answer<Uint8Array> | Promise<Answer<Uint8Array>>;
  readonly fsWrite: (path: string, content: Uint8Array) => Answer<undefined> | Promise<Answer<undefined>>;
  readonly envGet: (name: string) => string | undefined;
  readonly log: (level: number, text: string) => unknown;
}

type Answer<T> = { readonly tag: "ok"; readonly val: T } | { readonly tag: "err"; readonly val: string };

/** What the host calls to make an instance; the same as a component's. */
type Instantiate = (
  getCoreModule: (name: string) => object,
  imports: Readonly<Record<string, unknown>>,
  instantiateCore: (module: object, imports: WebAssembly.Imports) => { readonly exports: unknown },
) => Readonly<Record<string, unknown>>;

/** Goes on with a value that may be on its way. A part of the glue. */
export function goOn<T, U>(value: T | Promise<T>, next: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? (async () => next(await value))() : next(value);
}

/** Ends the call with an `err`, as the host knows it. A part of the glue. */
export function returned(message: string): never {
  throw Object.assign(new Error("the module failed"), { payload: message });
}

/**
 * The glue of core modules with the JSON interface of docs/core-modules.md, which is the same for all of them. It is sent to
 * their realm as text, so it refers to nothing but its parameters and the realm's own intrinsics.
 *
 * Pointers and lengths of the guest are unsigned, and checked against its memory as it is at that moment; one that is out of
 * bounds ends the call, whatever the guest catches. What is copied out of the memory is charged by the realm before it is.
 */
export function jsonAbiGlue(parts: JsonAbiParts, settings: JsonAbiSettings): Instantiate {
  "use strict";
  const { isJson, goOn, returned } = parts;
  return function instantiate(getCoreModule, imports, instantiateCore) {
    const host = imports[settings.interface] as Host;
    const utf8 = new TextDecoder();
    const encoder = new TextEncoder();
    let fault: Error | undefined;

    const fail = (problem: string): never => {
      fault ??= new WebAssembly.RuntimeError(`the module ${problem}`);
      throw fault;
    };

    const bytesAt = (at: number, length: number, what: string): Uint8Array => {
      const { buffer } = exports.memory;
      if (at + length > buffer.byteLength) fail(`gave ${what} that lies outside of its memory`);
      return new Uint8Array(buffer, at, length);
    };
    const decoded = (bytes: Uint8Array, what: string): string => {
      try {
        return utf8.decode(bytes);
      } catch {
        // More than a crossing may hold, which the host knows of, or ill-formed.
        return fail(`gave ${what} that is not valid UTF-8`);
      }
    };
    const textAt = (pointer: number, length: number, what: string): string =>
      decoded(bytesAt(pointer >>> 0, length >>> 0, what), what);
    const placed = (bytes: Uint8Array): number => {
      if (bytes.length > 0x7fffffff) fail("was to be given more than its memory could ever hold");
      const at = exports.alloc(bytes.length) >>> 0;
      bytesAt(at, bytes.length, "a block").set(bytes);
      return at;
    };
    /** A block for the guest, as its length and its address in one number that is not negative. */
    const block = (bytes: Uint8Array): bigint =>
      bytes.length === 0 ? 0n : (BigInt(bytes.length) << 32n) | BigInt(placed(bytes));
    const problem = (message: string): bigint => ~block(encoder.encode(message));

    const functions: Record<string, (...parameters: number[]) => unknown> = {
      fs_read: (path = 0, pathLength = 0) =>
        goOn(host.fsRead(textAt(path, pathLength, "a path")), (answer) =>
          answer.tag === "ok" ? block(answer.val) : problem(answer.val),
        ),
      fs_write: (path = 0, pathLength = 0, data = 0, dataLength = 0) => {
        const named = textAt(path, pathLength, "a path");
        const content = bytesAt(data >>> 0, dataLength >>> 0, "content");
        // The realm charges this copy; a view's own `slice` it would not.
        const copy = exports.memory.buffer.slice(content.byteOffset, content.byteOffset + content.length);
        return goOn(host.fsWrite(named, new Uint8Array(copy)), (answer) =>
          answer.tag === "ok" ? 0n : problem(answer.val),
        );
      },
      env_get: (name = 0, nameLength = 0) => {
        const value = host.envGet(textAt(name, nameLength, "a name"));
        return value === undefined || value === null ? -1n : block(encoder.encode(value));
      },
      log: (level = 0, text = 0, textLength = 0) =>
        goOn(host.log(level >>> 0, textAt(text, textLength, "a text")), () => undefined),
    };
    const vak: Record<string, unknown> = Object.create(null);
    for (const name of Object.keys(functions)) {
      const call = functions[name] as (...parameters: number[]) => unknown;
      const guarded = (...parameters: number[]): unknown => {
        if (fault !== undefined) throw fault;
        return call(...parameters);
      };
      vak[name] = settings.suspending.includes(name) ? new WebAssembly.Suspending(guarded) : guarded;
    }
    const { exports: made } = instantiateCore(getCoreModule(settings.core), { [settings.module]: vak });
    const exports = made as CoreExports;

    const started = <P extends number[]>(fn: (...parameters: P) => unknown): ((...parameters: P) => unknown) =>
      settings.suspending.length === 0 ? fn : WebAssembly.promising(fn);
    const resultAt = (pointer: number): string => {
      if (fault !== undefined) throw fault;
      const at = pointer >>> 0;
      if (at === 0) return returned("the module gave no result");
      const head = bytesAt(at, 4, "a result");
      const length = new DataView(head.buffer, at, 4).getUint32(0, true);
      const body = bytesAt(at + 4, length, "a result");
      const text = decoded(body, "a result");
      return isJson(body) ? text : returned("the module's result is not JSON");
    };
    const execute = (input: string): unknown => {
      const given = encoder.encode(input);
      if (!isJson(given)) returned("the input is not JSON");
      const { _initialize, execute: run } = exports;
      return goOn(_initialize === undefined ? undefined : started(_initialize)(), () =>
        goOn(started(run)(placed(given), given.length), (pointer) => resultAt(pointer as number)),
      );
    };
    return { execute };
  };
}
