/** The threads that have the modules of a program, and that the engine therefore has to keep them for. */
export class ModuleHolders {
  /** How many functions the modules have together. */
  readonly functions: number;
  readonly #others = new Set<Int32Array>();

  constructor(functions: number) {
    this.functions = functions;
  }

  /** Notes that another thread is sent the modules. Returns how many of them it has, which that thread counts down to zero. */
  add(modules: number): Int32Array {
    const left = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    left[0] = modules;
    this.#others.add(left);
    return left;
  }

  /** Whether a thread that was sent the modules may have one of them still. */
  get hasOthers(): boolean {
    for (const left of this.#others) {
      if (Atomics.load(left, 0) > 0) return true;
      this.#others.delete(left);
    }
    return false;
  }
}

const holdersOf = new WeakMap<WebAssembly.Module, ModuleHolders>();

/** Notes who has these modules. */
export function trackHolders(modules: readonly WebAssembly.Module[], holders: ModuleHolders): void {
  for (const module of modules) holdersOf.set(module, holders);
}

/** Who has these modules, which are of one program; undefined when nobody keeps track of them. */
export function moduleHolders(modules: readonly WebAssembly.Module[]): ModuleHolders | undefined {
  const [first] = modules;
  return first === undefined ? undefined : holdersOf.get(first);
}
