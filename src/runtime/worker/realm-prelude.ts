/**
 * Code that runs inside the realm of the generated glue. It is sent there as text, so it refers to nothing but its
 * parameter and the realm's own intrinsics; it may not import anything.
 *
 * Objects and functions of the host's realm would lead the glue to the host's `Function`, and so to everything. None gets
 * past this file: the closures below hold them, and hand on primitives and copies made of this realm's own objects.
 */

import type { HandleShape } from "../../shared/handle-shape.ts";
import type { ImportedFunction, ImportedInterface } from "../messages.ts";

/** What the host gives to the prelude. Results are primitives or plain data, which the prelude copies. */
export interface HostSide {
  readonly decode: (encoding: string, bytes: Uint8Array) => string;
  readonly encodeInto: (text: string, target: Uint8Array) => { readonly read: number; readonly written: number };
  readonly isMap: (value: object) => boolean;
  /** How many bytes a host function answered with that are to be read yet; `undefined` for anything else. */
  readonly lazyLength: (value: object) => number | undefined;
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

/** A function that the component imports, bound to an invocation. Handles are numbers in what it takes and answers. */
export interface BoundFunction extends ImportedFunction {
  /** The class that a method, a static function or a constructor belongs to. */
  readonly className: string;
  readonly blocking: boolean;
  readonly call: BoundHostFunction;
}

/** One interface of the component's imports, bound to an invocation. */
export interface BoundInterface {
  readonly name: string;
  readonly resources: ImportedInterface["resources"];
  readonly functions: readonly BoundFunction[];
}

/** A linear memory to be made, under the name its module imports it by. Sizes are in 64 KiB pages. */
export interface MemoryRequest {
  readonly field: string;
  readonly initialPages: number;
  readonly maximumPages: number;
  readonly address64: boolean;
  readonly shared: boolean;
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
  /** What metered modules import, under the namespace of that name. The glue does not see it. */
  readonly guard: WebAssembly.ModuleImports;
  /** Tells the host of a core instance that was made, before the glue has it. */
  readonly made: (instance: WebAssembly.Instance) => void;
  /** Tells the host that the guest dropped a handle it owned. */
  readonly drop: (handle: number) => void;
  /** Reads bytes that were to be read yet into memory, from an offset on; returns how many there were. */
  readonly pour: (lazy: object, memory: ArrayBuffer, offset: number) => number;
}

/** The import namespaces of hardened modules that the host fills. */
export interface HostNamespaces {
  readonly memory: string;
  readonly guard: string;
}

/** What the prelude hands back to the host. */
export interface RealmSide {
  /** Tells whose code runs from now on, with its budget whole. */
  readonly occupy: (occupant: Occupant) => void;
  readonly instantiate: (
    glue: unknown,
    side: InstantiationSide,
    imports: readonly BoundInterface[],
    namespaces: HostNamespaces,
  ) => InstantiatedGuest;
}

/** A box around the exports: a guest may export a function named `then`, and must not be taken for a promise. */
export interface InstantiatedGuest {
  readonly exports: unknown;
  /** What stands for a host resource, to be passed to an export; throws when the component does not import the resource. */
  readonly resource: (handle: number, name: string) => unknown;
  /** A copy of plain data in the realm, to be passed to an export. */
  readonly parameter: (value: unknown) => unknown;
}

/** Prepares the realm and returns what the host calls. */
export function realmPrelude(host: HostSide): RealmSide {
  "use strict";
  const { WebAssembly, Promise, Array, Object, Error, String, ArrayBuffer, Map, WeakMap, Math, Reflect, Symbol } =
    globalThis;
  const { Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array } = globalThis;
  const { BigUint64Array, BigInt64Array, Float32Array, Float64Array } = globalThis;
  // Held here, since what is called with an object of the host's must not be what the glue has put in its place.
  const { assign, create, defineProperty, freeze, hasOwn, keys } = Object;
  const { apply, construct } = Reflect;
  const { isArray } = Array;
  const { Instance: CoreInstance, Memory: CoreMemory } = WebAssembly;
  const { isView } = ArrayBuffer;
  const { forEach: forEachEntry, set: setEntry } = Map.prototype;
  const { max, trunc } = Math;

  /** How often what a guest hands over is copied at most: here, into a message to another thread, there, and for who asked. */
  const COPIES = 4;
  /** What the objects take that bytes and lists of other values lie in. */
  const BUFFER_BYTES = 1_024;
  const LIST_BYTES = 448;

  let budget = 0;
  let largest = 0;
  let exceeded: () => void = () => undefined;
  let later: Occupant["later"] = () => undefined;

  /** Charges what is made for the guest to its budget, before it is. */
  function charge(bytes: number): void {
    budget -= max(0, bytes);
    if (budget >= 0) return;
    budget = 0;
    try {
      exceeded();
    } catch (thrown) {
      throw inThisRealm(thrown);
    }
    throw new Error("the guest made the host copy more than one crossing may");
  }

  /**
   * Charges a copy of guest memory: every copy of it, but one only of the largest, so that a single string or list of numbers may be as
   * large as the budget.
   */
  function chargeCopy(bytes: number): void {
    charge(COPIES * bytes - (COPIES - 1) * max(0, bytes - largest));
    largest = max(largest, bytes);
  }

  /** Called by the glue before it makes a list of other values than numbers, with what each of them takes. */
  function chargeList(length: number, itemBytes: number, at: number, size: number, memory: WebAssembly.Memory): void {
    if (!(at >= 0 && length >= 0 && at + length * size <= memory.buffer.byteLength)) {
      throw new Error("the guest passed a list that is not within its memory");
    }
    charge(LIST_BYTES + length * itemBytes);
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
      const { byteLength } = bytes;
      chargeCopy(byteLength);
      let text: string;
      try {
        text = host.decode(this.#encoding, bytes);
      } catch (thrown) {
        throw inThisRealm(thrown);
      }
      // One character that is not of Latin 1 makes all of them take two bytes, and the copy of them more than that.
      if (text.length < byteLength && 2 * text.length > byteLength) chargeCopy(2 * text.length);
      return text;
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
  replacements["_chargeList"] = chargeList;
  for (const name of keys(replacements)) {
    defineProperty(globalThis, name, { value: replacements[name], configurable: false, writable: false });
  }
  // Lists of numbers are lifted with this; the heap's limit does not see what it allocates.
  const slice = ArrayBuffer.prototype.slice;
  const chargedSlice = function (this: ArrayBuffer, start?: number, end?: number): ArrayBuffer {
    const { byteLength } = this;
    const whole = (value: unknown, otherwise: number): number => (typeof value === "number" ? trunc(value) : otherwise);
    const [from, to] = [whole(start, 0), whole(end, byteLength)];
    if (!(from >= 0 && from <= to && to <= byteLength)) {
      throw new Error("the guest passed a list that is not within its memory");
    }
    charge(BUFFER_BYTES);
    chargeCopy(to - from);
    return apply(slice, this, [from, to]) as ArrayBuffer;
  };
  defineProperty(ArrayBuffer.prototype, "slice", { value: chargedSlice, configurable: false, writable: false });
  // Nothing may bring a guest's code back after its end, when no deadline watches it; the glue would run destructors from
  // a registry.
  for (const name of ["FinalizationRegistry", "WeakRef", "Atomics"]) Reflect.deleteProperty(globalThis, name);
  // With this tag a guest could catch host exceptions as values, and so swallow the end of its invocation.
  Reflect.deleteProperty(WebAssembly, "JSTag");

  function inThisRealm(thrown: unknown): Error {
    let message = "the host function failed";
    try {
      if (typeof thrown === "object" && thrown !== null && "message" in thrown) message = String(thrown.message);
    } catch {
      // An exotic object that throws when asked for its message has none.
    }
    return new Error(message);
  }

  /** What stands for a host resource in the glue. The number is the host's, and says nothing without its table. */
  class Resource {
    readonly #handle: number;
    constructor(handle: number) {
      this.#handle = handle;
    }
    static handleOf(value: unknown): number {
      if (typeof value !== "object" || value === null || !(#handle in value)) {
        throw new Error("the guest passed a handle that is none of the host's");
      }
      return value.#handle;
    }
  }

  type Class = new (...parameters: unknown[]) => object;
  type Classes = Record<string, Class>;

  /** What belongs to one instance of the component. */
  interface Instance {
    readonly classes: Classes;
    readonly side: InstantiationSide;
  }

  /** A copy of plain data in this realm, with an object for each handle in it. Host functions return no cycles. */
  function copy(value: unknown, shape: HandleShape | undefined, instance: Instance): unknown {
    if (shape?.kind === "own" || shape?.kind === "borrow") {
      const given = instance.classes[shape.resource];
      if (given === undefined) throw new Error("the host answered with a resource that the component does not import");
      return construct(Resource, [value], given) as object;
    }
    // A handle is a number here, so an option that holds one is looked into before plain values are handed on.
    if (shape?.kind === "option" && value !== undefined && value !== null) return copy(value, shape.element, instance);
    if (typeof value !== "object" || value === null) return typeof value === "function" ? undefined : value;
    if (isView(value)) return copyOfView(value);
    const lazyLength = host.lazyLength(value);
    if (lazyLength !== undefined) return lazyBytes(value, lazyLength, instance);
    if (isArray(value)) {
      const items: unknown[] = [];
      for (let index = 0; index < value.length; index += 1) {
        const at = shape?.kind === "list" ? shape.element : shape?.kind === "tuple" ? shape.elements[index] : undefined;
        items[index] = copy(value[index], at, instance);
      }
      return items;
    }
    if (host.isMap(value)) {
      const entries = new Map();
      const add = (item: unknown, key: unknown): void =>
        void apply(setEntry, entries, [copy(key, undefined, instance), copy(item, undefined, instance)]);
      apply(forEachEntry, value, [add]);
      return entries;
    }
    const plain: Record<string, unknown> = {};
    for (const key of keys(value)) {
      const own = copy((value as Record<string, unknown>)[key], shapeAt(value, key, shape), instance);
      defineProperty(plain, key, { value: own, enumerable: true, configurable: true, writable: true });
    }
    return plain;
  }

  function shapeAt(value: object, key: string, shape: HandleShape | undefined): HandleShape | undefined {
    if (shape?.kind === "record") return hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
    if (shape?.kind !== "variant" || key !== "val") return undefined;
    const { tag } = value as { readonly tag: string };
    return hasOwn(shape.cases, tag) ? shape.cases[tag] : undefined;
  }

  /** Bytes to be read yet, as the glue's lowering takes them. Where it does not know them, it finds what it expects. */
  function lazyBytes(lazy: object, byteLength: number, { side }: Instance): object {
    const pourInto = (memory: ArrayBuffer, offset: number): number => {
      try {
        return side.pour(lazy, memory, offset);
      } catch (thrown) {
        throw inThisRealm(thrown);
      }
    };
    return {
      byteLength,
      byteOffset: 0,
      pourInto,
      get buffer(): ArrayBuffer {
        const own = new ArrayBuffer(byteLength);
        if (pourInto(own, 0) < byteLength) throw new Error("a file became shorter while it was read");
        return own;
      },
    };
  }

  const views = [Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, BigUint64Array, BigInt64Array];
  const viewNames = [
    "Int8Array",
    "Uint16Array",
    "Int16Array",
    "Uint32Array",
    "Int32Array",
    "BigUint64Array",
    "BigInt64Array",
  ];

  function copyOfView(value: object): unknown {
    const name = (value as { readonly [Symbol.toStringTag]: unknown })[Symbol.toStringTag];
    const kind = viewNames.indexOf(name as string);
    const View = (views[kind] ??
      (name === "Float32Array"
        ? Float32Array
        : name === "Float64Array"
          ? Float64Array
          : Uint8Array)) as Uint8ArrayConstructor;
    return new View(value as ArrayLike<number>);
  }

  /** What the host gets for what the glue passes: numbers for handles. What holds no handle is passed as it is. */
  function handles(value: unknown, shape: HandleShape | undefined): unknown {
    switch (shape?.kind) {
      case undefined:
        return value;
      case "own":
      case "borrow":
        return Resource.handleOf(value);
      case "option":
        return value === undefined || value === null ? value : handles(value, shape.element);
      case "list":
      case "tuple": {
        const items: unknown[] = [];
        const given = value as ArrayLike<unknown>;
        for (let index = 0; index < given.length; index += 1) {
          items[index] = handles(given[index], shape.kind === "tuple" ? shape.elements[index] : shape.element);
        }
        return items;
      }
      case "record": {
        const record: Record<string, unknown> = assign(create(null), value);
        for (const name of keys(shape.fields)) record[name] = handles(record[name], shape.fields[name]);
        return record;
      }
      case "variant": {
        const { tag, val } = value as { readonly tag: string; readonly val?: unknown };
        const inner = hasOwn(shape.cases, tag) ? shape.cases[tag] : undefined;
        return inner === undefined ? value : { tag, val: handles(val, inner) };
      }
    }
  }

  /** Turns a function of the host into one of this realm, which takes all parameters, `self` among them. */
  function boundFunction(bound: BoundFunction, instance: Instance): (parameters: unknown[]) => unknown {
    const { fallible, call } = bound;
    // The host's objects stay in the closures; their lists are copied, so that no method of theirs is called.
    const shapes = bound.parameters;
    const answered = ({ tag, val }: BoundResult): unknown => {
      if (!fallible) return copy(val, bound.result, instance);
      const shape = bound.result?.kind === "variant" ? bound.result.cases[tag] : undefined;
      return { tag, val: copy(val, shape, instance) };
    };
    const failed = (thrown: unknown): never => {
      throw inThisRealm(thrown);
    };
    return (parameters) => {
      try {
        const given: unknown[] = [];
        for (let index = 0; index < parameters.length; index += 1) {
          given[index] = handles(parameters[index], shapes[index]);
        }
        const result = call(given);
        // A promise of the host's realm is no instance of this one's, and must not reach the glue.
        if (!bound.blocking || !("then" in result)) return answered(result as BoundResult);
        return new Promise((resolve, reject) => {
          result.then(
            (settled) => {
              try {
                resolve(answered(settled));
              } catch (thrown) {
                reject(inThisRealm(thrown));
              }
            },
            (thrown: unknown) => reject(inThisRealm(thrown)),
          );
        });
      } catch (thrown) {
        return failed(thrown);
      }
    };
  }

  type Holder = Record<string, unknown>;

  function importObject(imports: readonly BoundInterface[], instance: Instance): Record<string, Holder> {
    const { classes } = instance;
    const object: Record<string, Holder> = create(null);
    for (let index = 0; index < imports.length; index += 1) {
      const { name, resources, functions } = imports[index] as BoundInterface;
      const holder = (object[name] ??= create(null) as Holder);
      for (let at = 0; at < resources.length; at += 1) {
        const { name: resource, className } = resources[at] as (typeof resources)[number];
        const constructing = functions.find((one) => one.kind === "constructor" && one.resource === resource);
        classes[resource] ??= resourceClass(constructing, instance);
        holder[className] = classes[resource];
      }
    }
    for (let index = 0; index < imports.length; index += 1) {
      const { name, functions } = imports[index] as BoundInterface;
      for (let at = 0; at < functions.length; at += 1) {
        place(functions[at] as BoundFunction, object[name] as Holder, instance);
      }
    }
    return object;
  }

  function place(bound: BoundFunction, holder: Holder, instance: Instance): void {
    if (bound.kind === "constructor") return;
    const call = boundFunction(bound, instance);
    if (bound.kind === "function") {
      holder[bound.property] = (...parameters: unknown[]) => call(parameters);
      return;
    }
    const owner = holder[bound.className] as Class;
    const value =
      bound.kind === "static"
        ? (...parameters: unknown[]) => call(parameters)
        : function (this: unknown, ...parameters: unknown[]) {
            return call([this, ...parameters]);
          };
    defineProperty(bound.kind === "static" ? owner : (owner.prototype as object), bound.property, {
      value,
      configurable: true,
      writable: true,
    });
  }

  function resourceClass(constructing: BoundFunction | undefined, instance: Instance): Class {
    const made = constructing === undefined ? undefined : boundFunction(constructing, instance);
    return class extends Resource {
      constructor(...parameters: unknown[]) {
        if (made === undefined) throw new Error("the resource has no constructor");
        super(Resource.handleOf(made(parameters)));
      }
      [Symbol.dispose](): void {
        try {
          instance.side.drop(Resource.handleOf(this));
        } catch (thrown) {
          throw inThisRealm(thrown);
        }
      }
    };
  }

  function memoriesOf(requests: readonly MemoryRequest[]): Record<string, WebAssembly.Memory> {
    const memories: Record<string, WebAssembly.Memory> = create(null);
    for (let index = 0; index < requests.length; index += 1) {
      const { field, initialPages, maximumPages, address64, shared } = requests[index] as MemoryRequest;
      const descriptor = address64
        ? { initial: BigInt(initialPages), maximum: BigInt(maximumPages), address: "i64", shared }
        : { initial: initialPages, maximum: maximumPages, shared };
      const memory = new CoreMemory(descriptor as WebAssembly.MemoryDescriptor);
      memories[field] = memory;
    }
    return memories;
  }

  return {
    occupy(occupant) {
      budget = occupant.crossingBytes;
      largest = 0;
      exceeded = occupant.exceeded;
      later = occupant.later;
    },
    instantiate(glue, side, imports, namespaces) {
      // The glue holds a token for each core module: the module itself is an object of the host's realm.
      const names = new WeakMap<object, string>();
      const getCoreModule = (name: string): object => {
        const token = freeze({});
        names.set(token, String(name));
        return token;
      };
      const instantiateCore = (token: object, given?: WebAssembly.Imports): WebAssembly.Instance => {
        try {
          const { module, memories } = side.next(names.get(token) ?? "");
          const own = { [namespaces.memory]: memoriesOf(memories), [namespaces.guard]: side.guard };
          const instance = new CoreInstance(module, assign(create(null), given, own));
          side.made(instance);
          return instance;
        } catch (thrown) {
          // What the module's start function threw is of this realm, and says more than a copy would.
          throw thrown instanceof Error ? thrown : inThisRealm(thrown);
        }
      };
      const instantiate = (glue as () => (...parameters: unknown[]) => unknown)();
      // Core instances are made at once, so the glue never has to wait, and answers with the exports themselves.
      const instance: Instance = { classes: create(null) as Classes, side };
      const exports = instantiate(getCoreModule, importObject(imports, instance), instantiateCore);
      if (exports instanceof Promise) throw new Error("the glue waits where it has nothing to wait for");
      return {
        exports,
        resource: (handle, name) => copy(handle, { kind: "own", resource: name }, instance),
        parameter: (value) => copy(value, undefined, instance),
      };
    },
  };
}
