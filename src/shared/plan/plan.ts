/**
 * What is done to instantiate a component, as data: which core modules are instantiated with what, which functions are
 * lifted and lowered with which options, and what comes of it. A plan is made once from a validated component
 * (`component/plan/`), kept in the artifact and executed for each instance (`runtime/engine/`). Nested components are
 * gone from it: each instantiation of one is written out, with types and resources of its own.
 *
 * Everything here is plain and structured-cloneable. Names come from whoever made the component; they are values, never
 * keys of ordinary objects.
 */

import type { WitPrimitive } from "../wit/wit.ts";

/** An index into {@link Plan.types}. */
export type TypeIndex = number;

/** An index into {@link Plan.functionTypes}. */
export type FunctionTypeIndex = number;

/** An index into {@link Plan.resources}: two resource types are the same exactly when their indices are. */
export type ResourceIndex = number;

/** An index into {@link Plan.componentInstances}. */
export type ComponentInstanceIndex = number;

/** The position of an `instantiate` step among the plan's `instantiate` steps. */
export type CoreInstanceIndex = number;

/** A value type. Types of the same structure have the same index, so that indices can be compared. */
export type PlanType =
  | { readonly kind: WitPrimitive }
  | { readonly kind: "record"; readonly fields: readonly PlanField[] }
  | { readonly kind: "variant"; readonly cases: readonly PlanCase[] }
  | { readonly kind: "list"; readonly element: TypeIndex; readonly length?: number }
  | { readonly kind: "tuple"; readonly elements: readonly TypeIndex[] }
  | { readonly kind: "flags" | "enum"; readonly names: readonly string[] }
  | { readonly kind: "option"; readonly element: TypeIndex }
  | { readonly kind: "result"; readonly ok?: TypeIndex; readonly err?: TypeIndex }
  | { readonly kind: "own" | "borrow"; readonly resource: ResourceIndex }
  | { readonly kind: "stream" | "future"; readonly element?: TypeIndex }
  | { readonly kind: "map"; readonly key: TypeIndex; readonly value: TypeIndex };

export interface PlanField {
  readonly name: string;
  readonly type: TypeIndex;
}

export interface PlanCase {
  readonly name: string;
  readonly type?: TypeIndex;
}

export interface PlanFunctionType {
  readonly parameters: readonly PlanField[];
  readonly result?: TypeIndex;
  /** Whether it is declared `async`: it may block its caller. */
  readonly async: boolean;
}

/** A core value type of a function of the Canonical ABI. */
export type CoreType = "i32" | "i64" | "f32" | "f64";

/** A function, memory, table, global or tag that a core instance exports. */
export interface CoreExport {
  readonly from: "export";
  readonly instance: CoreInstanceIndex;
  readonly name: string;
  /** Set for a function that traps until the plan's `link` step of this number has been executed. */
  readonly linkedBy?: number;
}

/** A core function that a `canon` definition makes: an index into {@link Plan.coreFunctions}. */
export interface CoreFunctionMade {
  readonly from: "canon";
  readonly index: number;
}

/** A core definition that is passed on: to a module as an import, or to a `canon` definition as an option. */
export type CoreItem = CoreExport | CoreFunctionMade;

export type StringEncoding = "utf8" | "utf16" | "latin1+utf16";

/** The options of a `canon` definition; what is left out was not given. */
export interface CanonOptions {
  readonly encoding: StringEncoding;
  readonly memory?: CoreItem;
  /** Whether addresses of the memory are of 64 bits. */
  readonly memory64: boolean;
  readonly realloc?: CoreItem;
  readonly postReturn?: CoreItem;
  readonly async: boolean;
  readonly callback?: CoreItem;
}

/** A component function: one of the embedder's, or one that a component instance lifts. */
export type PlanFunction =
  | {
      readonly from: "import";
      /** Names from the root import inwards: `["f"]`, or `["wasi:io/streams@0.2.0", "[method]input-stream.read"]`. */
      readonly path: readonly string[];
      readonly type: FunctionTypeIndex;
    }
  | {
      readonly from: "lift";
      readonly instance: ComponentInstanceIndex;
      readonly core: CoreItem;
      readonly type: FunctionTypeIndex;
      readonly options: CanonOptions;
    };

/** Where a resource type comes from. */
export type PlanResource =
  | { readonly from: "import"; readonly path: readonly string[] }
  | {
      readonly from: "definition";
      readonly instance: ComponentInstanceIndex;
      /** Called with the representation when the last handle that owns it is dropped. */
      readonly destructor?: CoreItem;
      /** Whether representations are of 64 bits. */
      readonly rep64: boolean;
    };

/** A core function that is made by `canon`. All are of the component instance `instance`. */
export type PlanCoreFunction = {
  readonly instance: ComponentInstanceIndex;
  /** Set where it traps until the plan's `link` step of this number has been executed. */
  readonly linkedBy?: number;
} & (
  | {
      readonly kind: "lower";
      /** An index into {@link Plan.functions}. */
      readonly function: number;
      readonly options: CanonOptions;
    }
  | { readonly kind: "resource.new" | "resource.rep" | "resource.drop"; readonly resource: ResourceIndex }
  | { readonly kind: "task.return"; readonly result?: TypeIndex; readonly options: CanonOptions }
  | { readonly kind: "context.get" | "context.set"; readonly slot: number; readonly type: "i32" | "i64" }
  | { readonly kind: "subtask.cancel"; readonly async: boolean }
  | { readonly kind: "thread.yield"; readonly cancellable: boolean }
  | {
      readonly kind: "waitable-set.wait" | "waitable-set.poll";
      readonly cancellable: boolean;
      readonly memory: CoreItem;
      readonly memory64: boolean;
    }
  | {
      readonly kind: "stream.new" | "stream.drop-readable" | "stream.drop-writable";
      /** The stream's type. */
      readonly type: TypeIndex;
    }
  | {
      readonly kind: "future.new" | "future.drop-readable" | "future.drop-writable";
      /** The future's type. */
      readonly type: TypeIndex;
    }
  | {
      readonly kind: "stream.read" | "stream.write" | "future.read" | "future.write";
      readonly type: TypeIndex;
      readonly options: CanonOptions;
    }
  | {
      readonly kind: "stream.cancel-read" | "stream.cancel-write" | "future.cancel-read" | "future.cancel-write";
      readonly type: TypeIndex;
      readonly async: boolean;
    }
  | { readonly kind: "error-context.new" | "error-context.debug-message"; readonly options: CanonOptions }
  | {
      readonly kind:
        | "task.cancel"
        | "backpressure.set"
        | "backpressure.inc"
        | "backpressure.dec"
        | "subtask.drop"
        | "waitable-set.new"
        | "waitable-set.drop"
        | "waitable.join"
        | "error-context.drop";
    }
);

/** Where a core module comes from: the component's bytes, or an import of the root. */
export type PlanModule =
  | { readonly from: "bytes"; /** Its position among the artifact's core modules. */ readonly index: number }
  | { readonly from: "import"; readonly path: readonly string[] };

/** What a core module is given under one name. */
export interface CoreArgument {
  /** The first name of the import. */
  readonly module: string;
  /** The second name of the import. */
  readonly name: string;
  readonly item: CoreItem;
}

/** What is done, in this order, when the component is instantiated. */
export type PlanStep =
  | {
      readonly step: "instantiate";
      readonly module: PlanModule;
      /** The component instance that it becomes part of. */
      readonly instance: ComponentInstanceIndex;
      /** Only what the module imports, in the order in which it imports it. */
      readonly arguments: readonly CoreArgument[];
    }
  | {
      /** A component's start function, which takes and gives no values. */
      readonly step: "start";
      readonly function: number;
    }
  /** From now on functions can be called that wait for it: see `linkedBy`. */
  | { readonly step: "link"; readonly link: number };

/** What the component, or one of its instances, exports. */
export type PlanExport = { readonly name: string } & (
  | { readonly kind: "function"; /** An index into {@link Plan.functions}. */ readonly function: number }
  | { readonly kind: "instance"; readonly exports: readonly PlanExport[] }
  | { readonly kind: "resource"; readonly resource: ResourceIndex }
  | { readonly kind: "type" }
  | { readonly kind: "module"; readonly module: PlanModule }
  | { readonly kind: "component" }
);

/** What is expected of what the embedder gives for an import, by its path. */
export type PlanImport = { readonly path: readonly string[] } & (
  | { readonly kind: "function"; readonly type: FunctionTypeIndex }
  | { readonly kind: "instance" }
  | { readonly kind: "resource"; readonly resource: ResourceIndex }
  | { readonly kind: "type" }
  | { readonly kind: "module" }
  | { readonly kind: "component" }
);

export interface Plan {
  readonly types: readonly PlanType[];
  readonly functionTypes: readonly PlanFunctionType[];
  readonly resources: readonly PlanResource[];
  /** The component instances, each with the one it is nested in; the root is the first and has none. */
  readonly componentInstances: readonly { readonly parent?: ComponentInstanceIndex }[];
  readonly functions: readonly PlanFunction[];
  readonly coreFunctions: readonly PlanCoreFunction[];
  readonly steps: readonly PlanStep[];
  readonly imports: readonly PlanImport[];
  readonly exports: readonly PlanExport[];
}
