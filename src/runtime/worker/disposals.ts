/** Disposes of the host's objects that a guest had, each once. */
export class Disposals {
  readonly #disposed = new WeakSet();
  readonly #dropped: (number: number) => void;

  /** @param dropped Told of an object of the embedder's, which is a number here. */
  constructor(dropped: (number: number) => void) {
    this.#dropped = dropped;
  }

  dispose(object: unknown): void {
    if (typeof object === "number") this.#dropped(object);
    if (typeof object !== "object" || object === null || this.#disposed.has(object)) return;
    this.#disposed.add(object);
    const hook = (object as Partial<Disposable>)[Symbol.dispose];
    if (typeof hook === "function") Reflect.apply(hook, object, []);
  }

  /** Disposes of objects, the last first; what one of them throws is thrown when all are done. */
  disposeAll(objects: readonly unknown[]): void {
    if (objects.length === 0) return;
    using stack = new DisposableStack();
    for (const object of objects) stack.defer(() => this.dispose(object));
  }

  /** Disposes of the objects in what a host function answered, which nobody will be given. */
  disposeWithin(value: unknown): void {
    const found: object[] = [];
    collect(value, found);
    this.disposeAll(found);
  }
}

/** Answers are plain data with host objects in it; those have classes, and data has none. */
function collect(value: unknown, found: object[]): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
  if (typeof (value as Partial<Disposable>)[Symbol.dispose] === "function") {
    found.push(value);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value)) for (const item of value as unknown[]) collect(item, found);
  else if (prototype === null || prototype === Object.prototype) {
    for (const item of Object.values(value)) collect(item, found);
  }
}
