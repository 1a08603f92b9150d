import type { CanonOptionsDefinition } from "../../binary/definitions.ts";
import type { CoreTypeId } from "../core/core-types.ts";
import { invalid } from "../invalid.ts";
import type { Scope, Validation } from "../scope.ts";

/** Checked options of a `canon` definition, by what the core signature depends on. */
export interface Options {
  readonly memory: number | undefined;
  readonly address64: boolean;
  readonly realloc: number | undefined;
  readonly postReturn: CoreTypeId | undefined;
  readonly async: boolean;
  readonly callback: CoreTypeId | undefined;
}

/** Whether the memory's addresses are of 64 bits. It has to be one that values can be passed through. */
export function checkMemory(scope: Scope, index: number, offset: number): boolean {
  const { shared, limits } = scope.memoryAt(index, offset);
  if (shared) invalid("values cannot be passed through a shared memory", offset);
  return limits.address64;
}

/** Checks the options among themselves: each at most once, none that excludes another, functions of the types they need. */
export function checkOptions(
  { coreTypes }: Validation,
  scope: Scope,
  definition: CanonOptionsDefinition,
  offset: number,
): Options {
  const { encodings } = definition;
  if (encodings.length > 1) invalid("a canonical definition has more than one string encoding", offset);
  const once = (name: "memory" | "realloc" | "postReturn" | "callback"): number | undefined => {
    if (definition[name].length > 1) invalid(`a canonical definition has the option ${name} twice`, offset);
    return definition[name][0];
  };
  if (definition.async > 1) invalid("a canonical definition has the option async twice", offset);
  const memory = once("memory");
  const address64 = memory !== undefined && checkMemory(scope, memory, offset);
  const realloc = once("realloc");
  const postReturn = once("postReturn");
  const callback = once("callback");
  const async = definition.async === 1;
  if (callback !== undefined && !async) invalid("a callback is of async functions only", offset);
  if (postReturn !== undefined && async) invalid("an async function has no post-return", offset);
  if (realloc !== undefined) {
    if (memory === undefined) invalid("realloc is given without the memory", offset);
    const address = address64 ? "i64" : "i32";
    const isFitting = coreTypes.hasSignature(
      scope.coreFunctionAt(realloc, offset),
      [address, address, address, address],
      [address],
    );
    if (!isFitting) invalid("realloc is not of the type that it has to have", offset);
  }
  const typeOf = (index: number | undefined): CoreTypeId | undefined =>
    index === undefined ? undefined : scope.coreFunctionAt(index, offset);
  return { memory, address64, realloc, postReturn: typeOf(postReturn), async, callback: typeOf(callback) };
}

export function requireMemory({ memory }: Options, offset: number): void {
  if (memory === undefined) invalid("the option memory is required, since values are passed through it", offset);
}

export function requireRealloc(options: Options, offset: number): void {
  requireMemory(options, offset);
  if (options.realloc === undefined) invalid("the option realloc is required, since values need memory", offset);
}

/** Refuses what is of lifted functions only. */
export function checkLowering({ postReturn, callback }: Options, offset: number): void {
  if (postReturn !== undefined) invalid("a post-return is of lifted functions only", offset);
  if (callback !== undefined) invalid("a callback is of lifted functions only", offset);
}
