/**
 * What the binary format of components says, as data: definitions in their order, with indices as they are written and
 * the byte at which each begins. Nothing here is checked against anything else.
 * https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 */

import type { StringEncoding } from "../../shared/plan/plan.ts";
import type { WitPrimitive } from "../../shared/wit/wit.ts";
import type { CoreExternType, CoreModuleBinary, CoreRecursionGroup, CoreSort } from "./core-definitions.ts";

/** The name of an import or export, with its attributes. */
export interface ExternName {
  readonly name: string;
  /** The interface that a plainly named instance implements. */
  readonly implements?: string;
  /** What follows the version in the name. */
  readonly versionSuffix?: string;
  readonly externalId?: string;
}

/** A value type where it is used: a primitive, or an index of the type index space. */
export type ValueTypeUse = WitPrimitive | number;

export interface LabelledUse {
  readonly name: string;
  readonly type: ValueTypeUse;
}

export interface CaseDefinition {
  readonly name: string;
  readonly type: ValueTypeUse | undefined;
}

export type ValueTypeDefinition =
  | { readonly kind: "primitive"; readonly primitive: WitPrimitive }
  | { readonly kind: "record"; readonly fields: readonly LabelledUse[] }
  | { readonly kind: "variant"; readonly cases: readonly CaseDefinition[] }
  | { readonly kind: "list"; readonly element: ValueTypeUse; readonly length: number | undefined }
  | { readonly kind: "tuple"; readonly elements: readonly ValueTypeUse[] }
  | { readonly kind: "flags" | "enum"; readonly names: readonly string[] }
  | { readonly kind: "option"; readonly element: ValueTypeUse }
  | { readonly kind: "result"; readonly ok: ValueTypeUse | undefined; readonly err: ValueTypeUse | undefined }
  | { readonly kind: "own" | "borrow"; /** An index of a type. */ readonly resource: number }
  | { readonly kind: "stream" | "future"; readonly element: ValueTypeUse | undefined }
  | { readonly kind: "map"; readonly key: ValueTypeUse; readonly value: ValueTypeUse };

export interface FunctionTypeDefinition {
  readonly sort: "function";
  readonly parameters: readonly LabelledUse[];
  readonly result: ValueTypeUse | undefined;
  readonly async: boolean;
}

export interface BodyTypeDefinition {
  readonly sort: "component" | "instance";
  readonly declarations: readonly Declaration[];
}

export interface ResourceTypeDefinition {
  readonly sort: "resource";
  readonly rep: "i32" | "i64";
  /** An index of a core function. */
  readonly destructor: number | undefined;
}

export type TypeDefinition =
  | { readonly sort: "value"; readonly type: ValueTypeDefinition }
  | FunctionTypeDefinition
  | BodyTypeDefinition
  | ResourceTypeDefinition;

/** A core type of a component: a recursion group, or a module type. */
export type CoreTypeDefinition =
  | { readonly sort: "group"; readonly group: CoreRecursionGroup }
  | { readonly sort: "module"; readonly declarations: readonly ModuleDeclaration[] };

export type ModuleDeclaration = { readonly offset: number } & (
  | { readonly kind: "import"; readonly module: string; readonly name: string; readonly type: CoreExternType }
  | { readonly kind: "export"; readonly name: string; readonly type: CoreExternType }
  | { readonly kind: "type"; readonly group: CoreRecursionGroup }
  | { readonly kind: "outer-type"; readonly count: number; readonly index: number }
);

/** The sorts that a component can import, export and pass. */
export type Sort = "function" | "type" | "component" | "instance" | "module";

export interface SortedIndex {
  readonly sort: Sort;
  readonly index: number;
}

/** What an import or export is declared to be. Indices are of types. */
export type ExternType =
  | { readonly sort: "function" | "component" | "instance" | "module"; readonly type: number }
  | { readonly sort: "type"; readonly bound: "resource" }
  | { readonly sort: "type"; readonly bound: "equal"; readonly type: number };

export type AliasTarget =
  | { readonly from: "export"; readonly sort: Sort; readonly instance: number; readonly name: string }
  | { readonly from: "core-export"; readonly sort: CoreSort; readonly instance: number; readonly name: string }
  | {
      readonly from: "outer";
      readonly sort: "type" | "component" | "module" | "core-type";
      readonly count: number;
      readonly index: number;
    };

/** The options of a `canon` definition, without checks; indices are of core definitions. */
export interface CanonOptionsDefinition {
  readonly encodings: readonly StringEncoding[];
  readonly memory: readonly number[];
  readonly realloc: readonly number[];
  readonly postReturn: readonly number[];
  readonly callback: readonly number[];
  /** How often `async` stands. */
  readonly async: number;
}

/** The built-ins of threads that are not carried out. They are read so that they can be refused by name. */
export type ThreadBuiltIn =
  | "thread.index"
  | "thread.new-indirect"
  | "thread.resume-later"
  | "thread.suspend"
  | "thread.suspend-then-resume"
  | "thread.yield-then-resume"
  | "thread.suspend-then-promote"
  | "thread.yield-then-promote"
  | "thread.spawn-ref"
  | "thread.spawn-indirect"
  | "thread.available-parallelism";

/** Built-ins that have nothing but their name. */
export type PlainBuiltIn =
  | "task.cancel"
  | "backpressure.inc"
  | "backpressure.dec"
  | "subtask.drop"
  | "thread.yield"
  | "waitable-set.new"
  | "waitable-set.drop"
  | "waitable.join"
  | "error-context.drop";

/** Built-ins that make or drop the ends of a stream or future. */
export type EndBuiltIn =
  | "stream.new"
  | "stream.drop-readable"
  | "stream.drop-writable"
  | "future.new"
  | "future.drop-readable"
  | "future.drop-writable";

export type CopyBuiltIn = "stream.read" | "stream.write" | "future.read" | "future.write";

export type CancelBuiltIn = "stream.cancel-read" | "stream.cancel-write" | "future.cancel-read" | "future.cancel-write";

export interface LiftDefinition {
  readonly kind: "lift";
  readonly core: number;
  readonly options: CanonOptionsDefinition;
  readonly type: number;
}

export interface LowerDefinition {
  readonly kind: "lower";
  readonly function: number;
  readonly options: CanonOptionsDefinition;
}

export interface TaskReturnDefinition {
  readonly kind: "task.return";
  readonly result: ValueTypeUse | undefined;
  readonly options: CanonOptionsDefinition;
}

export interface ContextDefinition {
  readonly kind: "context.get" | "context.set";
  readonly type: "i32" | "i64";
  readonly slot: number;
}

export interface CopyDefinition {
  readonly kind: CopyBuiltIn;
  readonly type: number;
  readonly options: CanonOptionsDefinition;
}

export interface ErrorContextDefinition {
  readonly kind: "error-context.new" | "error-context.debug-message";
  readonly options: CanonOptionsDefinition;
}

export interface ThreadDefinition {
  readonly kind: "thread";
  readonly name: ThreadBuiltIn;
  readonly type?: number;
  readonly table?: number;
}

export type CanonDefinition =
  | LiftDefinition
  | LowerDefinition
  | { readonly kind: "resource.new" | "resource.rep" | "resource.drop"; readonly resource: number }
  | TaskReturnDefinition
  | ContextDefinition
  | { readonly kind: "subtask.cancel"; readonly async: boolean }
  | { readonly kind: "waitable-set.wait" | "waitable-set.poll"; readonly memory: number }
  | { readonly kind: EndBuiltIn; readonly type: number }
  | CopyDefinition
  | { readonly kind: CancelBuiltIn; readonly type: number; readonly async: boolean }
  | ErrorContextDefinition
  | { readonly kind: PlainBuiltIn }
  | ThreadDefinition;

export interface ImportDefinition {
  readonly kind: "import";
  readonly name: ExternName;
  readonly type: ExternType;
}

export interface AliasDefinition {
  readonly kind: "alias";
  readonly target: AliasTarget;
}

/** What a component or instance type declares. */
export type Declaration = { readonly offset: number } & (
  | { readonly kind: "core-type"; readonly type: CoreTypeDefinition }
  | { readonly kind: "type"; readonly type: TypeDefinition }
  | AliasDefinition
  | ImportDefinition
  | { readonly kind: "export-type"; readonly name: ExternName; readonly type: ExternType }
);

export interface CoreArgumentDefinition {
  readonly name: string;
  /** An index of a core instance. */
  readonly instance: number;
}

export interface CoreExportDefinition {
  readonly name: string;
  readonly sort: CoreSort;
  readonly index: number;
}

export interface ArgumentDefinition extends SortedIndex {
  readonly name: string;
}

export interface ExportDefinition extends SortedIndex {
  readonly kind: "export";
  readonly name: ExternName;
  readonly ascribed: ExternType | undefined;
}

export interface BagExport extends SortedIndex {
  readonly name: ExternName;
}

/** One definition of a component. */
export type Definition = { readonly offset: number } & (
  | { readonly kind: "core-module"; readonly module: CoreModuleBinary }
  | {
      readonly kind: "core-instantiate";
      readonly module: number;
      readonly arguments: readonly CoreArgumentDefinition[];
    }
  | { readonly kind: "core-bag"; readonly exports: readonly CoreExportDefinition[] }
  | { readonly kind: "core-type"; readonly type: CoreTypeDefinition }
  | { readonly kind: "component"; readonly component: ComponentBinary }
  | { readonly kind: "instantiate"; readonly component: number; readonly arguments: readonly ArgumentDefinition[] }
  | { readonly kind: "bag"; readonly exports: readonly BagExport[] }
  | AliasDefinition
  | { readonly kind: "type"; readonly type: TypeDefinition }
  | { readonly kind: "canon"; readonly canon: CanonDefinition }
  | {
      readonly kind: "start";
      readonly function: number;
    }
  | ImportDefinition
  | ExportDefinition
);

/** A component as it is written. */
export interface ComponentBinary {
  readonly offset: number;
  readonly definitions: readonly Definition[];
}
