/**
 * Types of core WebAssembly (core specification 5.3, with garbage collection, 64-bit memories and exceptions) as they are
 * written, and what a core module imports and exports. Indices are of the module's or component's own index spaces.
 */

export type NumericType = "i32" | "i64" | "f32" | "f64" | "v128";

export type AbstractHeap =
  | "func"
  | "nofunc"
  | "extern"
  | "noextern"
  | "any"
  | "eq"
  | "i31"
  | "struct"
  | "array"
  | "none"
  | "exn"
  | "noexn";

/** A reference; `heap` is abstract, or the index of a type. */
export interface ReferenceType {
  readonly nullable: boolean;
  readonly heap: AbstractHeap | number;
}

export type CoreValueType = NumericType | ReferenceType;

export interface CoreField {
  readonly type: CoreValueType | "i8" | "i16";
  readonly mutable: boolean;
}

export interface CoreFunctionType {
  readonly kind: "func";
  readonly parameters: readonly CoreValueType[];
  readonly results: readonly CoreValueType[];
}

export type CompositeType =
  | CoreFunctionType
  | { readonly kind: "struct"; readonly fields: readonly CoreField[] }
  | { readonly kind: "array"; readonly field: CoreField };

export interface CoreSubtype {
  readonly final: boolean;
  readonly supertype: number | undefined;
  readonly composite: CompositeType;
}

/** Types that may refer to each other. */
export interface CoreRecursionGroup {
  readonly offset: number;
  readonly types: readonly CoreSubtype[];
}

export interface Limits {
  readonly address64: boolean;
  readonly minimum: bigint;
  readonly maximum: bigint | undefined;
}

export interface TableType {
  readonly kind: "table";
  readonly element: ReferenceType;
  readonly limits: Limits;
}

export interface MemoryType {
  readonly kind: "memory";
  readonly limits: Limits;
  readonly shared: boolean;
}

export interface GlobalType {
  readonly kind: "global";
  readonly type: CoreValueType;
  readonly mutable: boolean;
}

/** What a core module imports or exports. */
export type CoreExternType =
  | { readonly kind: "function" | "tag"; /** The index of a function type. */ readonly type: number }
  | TableType
  | MemoryType
  | GlobalType;

/** The sorts of what a core instance exports. */
export type CoreSort = CoreExternType["kind"];

export interface CoreImportDefinition {
  readonly offset: number;
  readonly module: string;
  readonly name: string;
  readonly type: CoreExternType;
}

export interface CoreModuleExport {
  readonly offset: number;
  readonly name: string;
  readonly sort: CoreSort;
  readonly index: number;
}

/** A core module, as far as its type goes. Its code is the engine's to validate. */
export interface CoreModuleBinary {
  /** Its position among all core modules of the bytes. */
  readonly index: number;
  readonly types: readonly CoreRecursionGroup[];
  readonly imports: readonly CoreImportDefinition[];
  /** Type indices of the functions that it defines. */
  readonly functions: Uint32Array;
  readonly tables: readonly TableType[];
  readonly memories: readonly MemoryType[];
  readonly globals: readonly GlobalType[];
  /** Type indices of the tags that it defines. */
  readonly tags: readonly number[];
  readonly exports: readonly CoreModuleExport[];
}
