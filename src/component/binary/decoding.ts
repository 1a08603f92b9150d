import { CordonError } from "../../shared/errors.ts";
import type { ByteReader } from "../../shared/byte-reader.ts";
import type { DecodeBounds } from "./bounds.ts";

/** How many characters of a name an error message shows. */
export const MAX_QUOTED = 80;

/** Where a core module lies in the component, in bytes. */
export interface CoreModuleRange {
  readonly offset: number;
  readonly size: number;
}

/** A tool that took part in making the component, from a `producers` custom section. */
export interface Producer {
  /** What it did: `language`, `processed-by` or `sdk`. */
  readonly field: string;
  readonly name: string;
  readonly version: string;
}

/** How many definitions the component has, nested ones included, each counted once however often it is instantiated. */
export interface DefinitionCounts {
  /** Component instances and core instances that are made when it is instantiated, nested ones each time. */
  readonly plannedInstances: number;
  readonly plannedCoreInstances: number;
  readonly coreModules: number;
  readonly coreInstances: number;
  readonly components: number;
  readonly instances: number;
  readonly types: number;
  readonly functions: number;
  readonly externs: number;
}

const BOUND_OF_COUNT: Readonly<Record<keyof DefinitionCounts, readonly [bound: keyof DecodeBounds, what: string]>> = {
  plannedInstances: ["maxInstances", "instances of components"],
  plannedCoreInstances: ["maxInstances", "instances of core modules"],
  coreModules: ["maxModules", "core modules"],
  coreInstances: ["maxInstances", "core instances"],
  components: ["maxComponents", "nested components"],
  instances: ["maxInstances", "instances"],
  types: ["maxTypes", "types"],
  // Functions come from imports, aliases and lifts, each of which takes a step.
  functions: ["maxSteps", "functions"],
  externs: ["maxExterns", "imports and exports"],
};

/** The state of decoding one component: its bytes, the work done so far, and what is found on the way. */
export class Decoding {
  readonly bytes: Uint8Array;
  readonly bounds: DecodeBounds;
  readonly counts: Record<keyof DefinitionCounts, number> = {
    plannedInstances: 0,
    plannedCoreInstances: 0,
    coreModules: 0,
    coreInstances: 0,
    components: 0,
    instances: 0,
    types: 0,
    functions: 0,
    externs: 0,
  };
  readonly modules: CoreModuleRange[] = [];
  readonly producers: Map<string, Producer> = new Map();
  /** Whether it uses the asynchronous ABI: async functions, or built-ins for tasks, threads, streams and futures. */
  asynchronous: boolean = false;
  #steps = 0;
  #depth = 0;
  #interfaceNodes = 0;
  #planBytes = 0;

  constructor(bytes: Uint8Array, bounds: DecodeBounds) {
    this.bytes = bytes;
    this.bounds = bounds;
  }

  /** Takes `steps` from the work budget, before the work is done. */
  charge(steps: number): void {
    this.#steps += steps;
    if (this.#steps > this.bounds.maxSteps) this.#exceeded("maxSteps", "steps of evaluation", this.#steps);
  }

  /** Takes `nodes` from the size budget of the interface. */
  chargeInterface(nodes: number): void {
    this.#interfaceNodes += nodes;
    if (this.#interfaceNodes > this.bounds.maxInterfaceNodes) {
      this.#exceeded("maxInterfaceNodes", "nodes in its interface", this.#interfaceNodes);
    }
  }

  /** Takes bytes from the size budget of the plan. */
  chargePlan(bytes: number): void {
    this.#planBytes += bytes;
    if (this.#planBytes > this.bounds.maxPlanBytes)
      this.#exceeded("maxPlanBytes", "bytes of its plan", this.#planBytes);
  }

  checkTypeDepth(depth: number): void {
    if (depth > this.bounds.maxTypeDepth) this.#exceeded("maxTypeDepth", "levels in one type", depth);
  }

  checkTypeSize(size: number): void {
    if (size >= this.bounds.maxTypeSize) this.#exceeded("maxTypeSize", "nodes in one type", size + 1);
  }

  count(what: keyof DefinitionCounts, amount: number = 1): void {
    this.counts[what] += amount;
    const [bound, label] = BOUND_OF_COUNT[what];
    if (this.counts[what] > this.bounds[bound]) this.#exceeded(bound, label, this.counts[what]);
  }

  checkDepth(depth: number): void {
    if (depth > this.bounds.maxDepth) this.#exceeded("maxDepth", "levels of nesting", depth);
  }

  /** Runs `evaluate` one level deeper. */
  nested<T>(evaluate: () => T): T {
    this.#depth += 1;
    this.checkDepth(this.#depth);
    const result = evaluate();
    this.#depth -= 1;
    return result;
  }

  /** The number of elements of a vector, each paid for. */
  elements(reader: ByteReader): number {
    const count = reader.count();
    this.charge(count);
    return count;
  }

  /** A name as plain UTF-8; for those of core WebAssembly, where anything goes. */
  anyName(reader: ByteReader): string {
    const length = reader.u32();
    if (length > reader.remaining)
      reader.fail(`a name of ${length} bytes is announced where ${reader.remaining} are left`);
    if (length > this.bounds.maxNameBytes) this.#exceeded("maxNameBytes", "bytes in one name", length);
    this.charge(1 + (length >>> 5));
    return reader.utf8(length);
  }

  /**
   * A name of the component level. The specification's grammar allows letters, digits and punctuation of ASCII; holding
   * names to visible ASCII keeps control and bidirectional characters away from whoever prints them.
   */
  name(reader: ByteReader): string {
    const start = reader.offset;
    const name = this.anyName(reader);
    if (!/^[\x21-\x7e]+$/.test(name)) reader.fail("a name is empty or has characters other than visible ASCII", start);
    return name;
  }

  #exceeded(bound: keyof DecodeBounds, what: string, used: number): never {
    const cap = this.bounds[bound];
    throw new CordonError(
      "limit",
      `Cannot decode the component: it has more than ${cap} ${what}; the bound \`${bound}\` would have to be raised to accept it.`,
      { limit: { limit: "complexity", cap, used } },
    );
  }
}
