// oxlint-disable unicorn/consistent-function-scoping -- what runs in the guest is sent there as one function
/**
 * What the probe's code works with. {@link coreTools}, and those of files, sockets and HTTP, run within the guest: their text is
 * sent there, so each uses nothing but its parameters and the engine's own globals, of which there are few (no `TextEncoder`, no
 * timers).
 */

/** The imports of the probe, by the names in `test/guests/wasi-probe.js`. 64-bit integers are numbers in this engine. */
export type Wasi = Readonly<Record<string, object>>;

/** How to call what is imported. */
export interface CoreTools {
  readonly wasi: Wasi;
  /** Calls a function of an object: its value, `ok` when it has none, or its error code as a string that begins with `!`. */
  readonly call: (of: unknown, name: string, ...parameters: readonly unknown[]) => unknown;
  /** The class of a resource, which has its static functions. */
  readonly resource: (module: string, name: string) => object;
  readonly make: (module: string, name: string, ...parameters: readonly unknown[]) => unknown;
  readonly drop: (...handles: readonly unknown[]) => void;
  /** Waits for what an object's `subscribe` gives. */
  readonly wait: (on: unknown) => void;
  /** An error code as text. */
  readonly code: (error: unknown) => string;
  readonly bytes: (text: string) => Uint8Array;
  readonly text: (bytes: unknown) => string;
}

export function coreTools(wasi: Wasi): CoreTools {
  const code = (error: unknown): string => {
    if (typeof error === "string") return error;
    return typeof error === "object" && error !== null && "tag" in error ? String(error.tag) : "error";
  };
  const call = (of: unknown, name: string, ...parameters: readonly unknown[]): unknown => {
    const called = (of as Record<string, ((...given: readonly unknown[]) => unknown) | undefined>)[name];
    if (called === undefined) throw new Error(`there is no ${name}`);
    try {
      const value = Reflect.apply(called, of, parameters);
      return value === undefined ? "ok" : value;
    } catch (error) {
      if (typeof error === "object" && error !== null && "payload" in error) return `!${code(error.payload)}`;
      throw error;
    }
  };
  const resource = (module: string, name: string): object => (wasi[module] as Record<string, object>)[name] ?? {};
  const make = (module: string, name: string, ...parameters: readonly unknown[]): unknown =>
    Reflect.construct(resource(module, name) as new () => object, parameters);
  const drop = (...handles: readonly unknown[]): void => {
    for (const one of handles) if (typeof one === "object" && one !== null) (one as Disposable)[Symbol.dispose]();
  };
  const wait = (on: unknown): void => {
    const pollable = call(on, "subscribe");
    call(pollable, "block");
    drop(pollable);
  };
  const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
  const text = (of: unknown): string => {
    let all = "";
    for (const byte of of as Uint8Array) all += String.fromCharCode(byte);
    return all;
  };
  return { wasi, call, resource, make, drop, wait, code, bytes, text };
}
