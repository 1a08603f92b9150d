/** Of which module the guests' instances of this thread are, by its index among those of its program. */
const modules = new WeakMap<object, number>();

/** Instances of modules that the host makes for itself. */
const own = new WeakSet();

/**
 * Makes an instance of a guest's module.
 *
 * @param onStack The instances on the stack of an error: what was made for a start function that traps is known by that alone.
 */
export function guestInstance(
  module: WebAssembly.Module,
  imports: WebAssembly.Imports,
  index: number,
  onStack: (thrown: unknown) => readonly object[],
): WebAssembly.Instance {
  try {
    const instance = new WebAssembly.Instance(module, imports);
    modules.set(instance, index);
    return instance;
  } catch (thrown) {
    for (const instance of onStack(thrown)) {
      if (!own.has(instance) && !modules.has(instance)) modules.set(instance, index);
    }
    throw thrown;
  }
}

/** Makes an instance of a module of the host's, which may come to lie on a guest's stack and is none of its own. */
export function hostInstance(module: WebAssembly.Module, imports?: WebAssembly.Imports): WebAssembly.Instance {
  const instance = new WebAssembly.Instance(module, imports);
  own.add(instance);
  return instance;
}

/** The index of the guest's module that an instance is of; undefined for every other. */
export function guestModuleOf(instance: unknown): number | undefined {
  return typeof instance === "object" && instance !== null ? modules.get(instance) : undefined;
}
