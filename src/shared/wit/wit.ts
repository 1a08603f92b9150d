/**
 * WIT types as data, as the Component Model defines them
 * (https://github.com/WebAssembly/component-model/blob/main/design/mvp/WIT.md).
 * Everything here is plain, JSON-serialisable and structured-cloneable.
 */

/** A WIT primitive type. */
export type WitPrimitive =
  | "bool"
  | "s8"
  | "u8"
  | "s16"
  | "u16"
  | "s32"
  | "u32"
  | "s64"
  | "u64"
  | "f32"
  | "f64"
  | "char"
  | "string"
  | "error-context";

/** A record field or function parameter. Names are kebab-case, as in WIT. */
export interface WitField {
  /** Its name in WIT. */
  readonly name: string;
  /** What it holds. */
  readonly type: WitType;
}

/** A variant case; without `type` it carries no payload. */
export interface WitCase {
  /** Its name in WIT. */
  readonly name: string;
  /** What it carries; absent when it carries nothing. */
  readonly type?: WitType;
}

/**
 * A WIT value type. `name`, where present, is the name the type has in its interface; two types are the same when they
 * are structurally equal without their names.
 */
export type WitType =
  | {
      /** Which of the types that are made of no others. */
      readonly kind: WitPrimitive;
    }
  | {
      readonly kind: "list";
      /** The type of each element. */
      readonly element: WitType;
      /** How many there are; absent where that is not fixed. */
      readonly length?: number;
      /** What its interface calls it; absent where it has no name. */
      readonly name?: string;
    }
  | {
      readonly kind: "record";
      /** Its fields, in order. */
      readonly fields: readonly WitField[];
      /** What its interface calls it; absent where it has no name. */
      readonly name?: string;
    }
  | {
      readonly kind: "tuple";
      /** The type of each element, in order. */
      readonly elements: readonly WitType[];
      /** What its interface calls it; absent where it has no name. */
      readonly name?: string;
    }
  | {
      readonly kind: "variant";
      /** Its cases, in order. */
      readonly cases: readonly WitCase[];
      /** What its interface calls it; absent where it has no name. */
      readonly name?: string;
    }
  | {
      readonly kind: "enum";
      /** The names of its cases, in order. */
      readonly names: readonly string[];
      /** What its interface calls it; absent where it has no name. */
      readonly name?: string;
    }
  | {
      readonly kind: "flags";
      /** The names of its flags, in order. */
      readonly names: readonly string[];
      /** What its interface calls it; absent where it has no name. */
      readonly name?: string;
    }
  | {
      readonly kind: "option";
      /** The type of what there may be. */
      readonly element: WitType;
      /** What its interface calls it; absent where it has no name. */
      readonly name?: string;
    }
  | {
      readonly kind: "result";
      /** What success carries, if anything. */
      readonly ok?: WitType;
      /** What an error carries, if anything. */
      readonly err?: WitType;
      /** What its interface calls it; absent where it has no name. */
      readonly name?: string;
    }
  | {
      readonly kind: "own" | "borrow";
      /** The name of the resource that it is a handle of. */
      readonly resource: string;
    }
  | {
      readonly kind: "stream" | "future";
      /** The type of what comes through it, if anything. */
      readonly element?: WitType;
      /** What its interface calls it; absent where it has no name. */
      readonly name?: string;
    }
  | {
      readonly kind: "map";
      /** The type of its keys. */
      readonly key: WitType;
      /** The type of its values. */
      readonly value: WitType;
      /** What its interface calls it; absent where it has no name. */
      readonly name?: string;
    };

/** The types that a type is made of, in order; `undefined` for a case without a payload. */
export function partsOfType(type: WitType): readonly (WitType | undefined)[] {
  switch (type.kind) {
    case "list":
    case "option":
    case "stream":
    case "future":
      return [type.element];
    case "record":
      return type.fields.map((field) => field.type);
    case "tuple":
      return type.elements;
    case "variant":
      return type.cases.map((one) => one.type);
    case "result":
      return [type.ok, type.err];
    case "map":
      return [type.key, type.value];
    default:
      return [];
  }
}

/** A function of an interface or a world; `name` is as in the binary, so `[method]descriptor.read` for methods. */
export interface WitFunction {
  /** Its name in WIT; methods as `[method]resource.name`. */
  readonly name: string;
  /** What it takes, in order. */
  readonly parameters: readonly WitField[];
  /** What it returns; absent when it returns nothing. */
  readonly result?: WitType;
  /** Whether the function is declared `async` (component-model async). */
  readonly async: boolean;
}

/** An interface that a component imports or exports. */
export interface WitInterface {
  /** The name that it is imported or exported by, mostly the full one, such as `wasi:io/streams@0.2.3`. */
  readonly name: string;
  /**
   * The full name of the interface where `name` is not: that of one imported under a plain name, or `a:b/c@1.2.3` of one
   * whose name has the part of its version that compatible ones share.
   */
  readonly implements?: string;
  /** Its functions, those of resources included. */
  readonly functions: readonly WitFunction[];
  /** Names of the resource types the interface defines. */
  readonly resources: readonly string[];
  /** The named value types the interface defines, aliases left out. */
  readonly types: readonly WitField[];
}

/** One direction of a component's interface. */
export interface WitWorldSide {
  /** Whole interfaces. */
  readonly interfaces: readonly WitInterface[];
  /** Functions at the root of the world. */
  readonly functions: readonly WitFunction[];
  /**
   * Root-level items that are neither functions nor interfaces. Of these, resources can be given by the embedder and used on an
   * instance; modules, components and values can neither be provided nor called.
   */
  readonly other: readonly {
    /** Its name in the world. */
    readonly name: string;
    /** What it is. */
    readonly kind: "component" | "module" | "resource" | "value";
  }[];
}

/** All that a component imports and exports. */
export interface ComponentInterface {
  /** What it needs. */
  readonly imports: WitWorldSide;
  /** What it gives. */
  readonly exports: WitWorldSide;
}
