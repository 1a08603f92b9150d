import type { HandleShape } from "../../shared/handle-shape.ts";

/** A guest has a handle too many. */
export class TooManyHandles extends Error {}

interface Entry {
  readonly resource: string;
  readonly value: object;
}

/**
 * The host objects that an invocation has handles for. Handles are numbers here; the guest's own numbers for them are the
 * glue's affair, and neither is trusted: every use says of which resource the object has to be.
 */
export class ResourceTable {
  readonly #entries = new Map<number, Entry>();
  readonly #cap: number;
  #last = 0;
  #highWater = 0;
  #closed = false;

  /** @param cap How many handles there may be at once. */
  constructor(cap: number) {
    this.#cap = cap;
  }

  /** The most handles there were at once. */
  get highWater(): number {
    return this.#highWater;
  }

  /**
   * What a host function is given for what the guest passed: objects for handles, and everything else but bytes in objects of
   * this realm, whose methods are the host's. Owned objects leave the table and are added to `owned`; when one of the handles is
   * wrong, none has left it.
   */
  lift(parameters: readonly unknown[], shapes: readonly (HandleShape | undefined)[], owned: object[]): unknown[] {
    const taken: number[] = [];
    // Not by the list's own `map`, which may be another realm's: it would be given a function of this one.
    const values = Array.from(parameters, (one, index) =>
      mapHandles(one, shapes[index], plainCopy, (handle, { kind, resource }) => {
        const entry = this.#entries.get(handle as number);
        if (entry?.resource !== resource || taken.includes(handle as number)) {
          throw new Error(`the guest passed what is no handle of a ${resource}`);
        }
        if (kind === "own") taken.push(handle as number);
        return entry.value;
      }),
    );
    for (const handle of taken) {
      const entry = this.#entries.get(handle);
      this.#entries.delete(handle);
      if (entry !== undefined) owned.push(entry.value);
    }
    return values;
  }

  /**
   * What the guest is given for what a host function answered: handles for objects.
   *
   * @throws TooManyHandles when there is no room for one of them; it and those after it are disposed of. After {@link clear}
   *   there is room for none.
   */
  lower(value: unknown, shape: HandleShape | undefined): unknown {
    let isFull = false;
    const lowered = mapHandles(value, shape, asItIs, (object, { resource }) => {
      isFull ||= this.#closed || this.#entries.size >= this.#cap;
      if (isFull) {
        dispose(object as object);
        return 0;
      }
      this.#last += 1;
      this.#entries.set(this.#last, { resource, value: object as object });
      this.#highWater = Math.max(this.#highWater, this.#entries.size);
      return this.#last;
    });
    if (isFull) throw new TooManyHandles();
    return lowered;
  }

  /** Disposes of what a host function answered, which nobody will be given. */
  discard(value: unknown, shape: HandleShape | undefined): void {
    mapHandles(value, shape, asItIs, (object) => dispose(object as object));
  }

  /** The guest dropped a handle that it owned. */
  drop(handle: number): void {
    const entry = this.#entries.get(handle);
    if (entry === undefined) return;
    this.#entries.delete(handle);
    dispose(entry.value);
  }

  /**
   * Disposes of everything there is, last made first, and takes nothing more. What cannot be disposed of keeps nothing else from
   * it, and is thrown at the end.
   */
  clear(): void {
    this.#closed = true;
    disposeAll([...this.#entries.values()].map(({ value }) => value));
    this.#entries.clear();
  }
}

/** Disposes of objects, the last first; what one of them throws is thrown when all are done. */
export function disposeAll(objects: readonly object[]): void {
  if (objects.length === 0) return;
  using stack = new DisposableStack();
  for (const object of objects) stack.defer(() => dispose(object));
}

function dispose(value: object): void {
  const hook = (value as Partial<Disposable>)[Symbol.dispose];
  if (typeof hook === "function") Reflect.apply(hook, value, []);
}

type HandleAt = Extract<HandleShape, { readonly resource: string }>;

function asItIs(value: unknown): unknown {
  return value;
}

/** A copy made of this realm's arrays and objects. Typed arrays stay what they are. */
function plainCopy(value: unknown): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_item, index) => plainCopy(value[index]));
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plainCopy(one)]));
}

/** A copy of a value with its handles replaced, and `rest` applied to what holds none. */
function mapHandles(
  value: unknown,
  shape: HandleShape | undefined,
  rest: (value: unknown) => unknown,
  replace: (found: unknown, at: HandleAt) => unknown,
): unknown {
  switch (shape?.kind) {
    case undefined:
      return rest(value);
    case "own":
    case "borrow":
      return replace(value, shape);
    case "list":
      return Array.from(value as ArrayLike<unknown>, (item) => mapHandles(item, shape.element, rest, replace));
    case "option":
      return value === undefined || value === null ? value : mapHandles(value, shape.element, rest, replace);
    case "tuple":
      return Array.from(value as ArrayLike<unknown>, (item, index) =>
        mapHandles(item, shape.elements[index], rest, replace),
      );
    case "record": {
      const at = (name: string): HandleShape | undefined =>
        Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
      const fields = Object.entries(value as Record<string, unknown>);
      return Object.fromEntries(fields.map(([name, one]) => [name, mapHandles(one, at(name), rest, replace)]));
    }
    case "variant": {
      const { tag, val } = value as { readonly tag: string; readonly val?: unknown };
      const inner = Object.hasOwn(shape.cases, tag) ? shape.cases[tag] : undefined;
      return inner === undefined ? rest(value) : { tag, val: mapHandles(val, inner, rest, replace) };
    }
  }
}
