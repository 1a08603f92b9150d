/** How much a component may ask of whoever reads and validates it. Every bound covers the component with all that is nested in it. */
export interface DecodeBounds {
  /** Size of the component, in bytes; default 256 MiB. */
  readonly maxBytes: number;
  /** How deep components and types may nest, and instantiations may lead to further instantiations; default 64. */
  readonly maxDepth: number;
  /** Number of core modules; default 1,000. */
  readonly maxModules: number;
  /** Number of nested components; default 1,000. */
  readonly maxComponents: number;
  /** Number of component instances, and of core instances; default 10,000. */
  readonly maxInstances: number;
  /** Number of component-level types; default 100,000. */
  readonly maxTypes: number;
  /**
   * Size of what is executed for each instance, in bytes as it is stored; default 2 MiB. Every worker thread that runs it has a copy.
   * The largest of real components, of a Python interpreter, takes 340 KB.
   */
  readonly maxPlanBytes: number;
  /** Number of imports and exports together, those of instance and component types included; default 20,000. */
  readonly maxExterns: number;
  /** Length of one name, in bytes of UTF-8; default 4,096. */
  readonly maxNameBytes: number;
  /** How deep one value type may nest, so that whoever walks it does not run out of stack; default 100. */
  readonly maxTypeDepth: number;
  /** Size of one type written out as a tree, in nodes; default 1,000,000. Other engines have the same bound. */
  readonly maxTypeSize: number;
  /**
   * Size of the interface written out as a tree, in nodes: each use of a type counts with everything in it, long names
   * count more than once; default 250,000.
   */
  readonly maxInterfaceNodes: number;
  /** Units of work, about one for every item read, again for each instantiation; default 1,000,000. */
  readonly maxSteps: number;
}

/** The bounds of a caller that sets none. Toolchains' largest components stay below a tenth of each. */
export const DEFAULT_DECODE_BOUNDS: DecodeBounds = Object.freeze({
  maxBytes: 256 * 1024 * 1024,
  maxDepth: 64,
  maxModules: 1_000,
  maxComponents: 1_000,
  maxInstances: 10_000,
  maxTypes: 100_000,
  maxExterns: 20_000,
  maxPlanBytes: 2 * 1024 * 1024,
  maxNameBytes: 4_096,
  maxTypeDepth: 100,
  maxTypeSize: 1_000_000,
  maxInterfaceNodes: 250_000,
  maxSteps: 1_000_000,
});
