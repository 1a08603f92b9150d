import type { CoreType } from "../../../shared/plan/plan.ts";
import type {
  CanonDefinition,
  ContextDefinition,
  CopyDefinition,
  ErrorContextDefinition,
  LiftDefinition,
  PlainBuiltIn,
  TaskReturnDefinition,
} from "../../binary/definitions.ts";
import {
  checkLowering,
  checkMemory,
  checkOptions,
  type Options,
  requireMemory,
  requireRealloc,
} from "./canon-options.ts";
import { signatureOf } from "./canon-signature.ts";
import type { CoreTypeId } from "../core/core-types.ts";
import { valueType } from "../types/define-type.ts";
import { invalid } from "../invalid.ts";
import type { Scope, Validation } from "../scope.ts";
import { checkThread } from "./threads.ts";
import type { FunctionType, ValueType } from "../types/types.ts";

/** Built-ins whose type depends on nothing. */
const FIXED: Readonly<Record<PlainBuiltIn, readonly [parameters: readonly CoreType[], results: readonly CoreType[]]>> =
  {
    "task.cancel": [[], []],
    "backpressure.inc": [[], []],
    "backpressure.dec": [[], []],
    "subtask.drop": [["i32"], []],
    "thread.yield": [[], ["i32"]],
    "waitable-set.new": [[], ["i32"]],
    "waitable-set.drop": [["i32"], []],
    "waitable.join": [["i32", "i32"], []],
    "error-context.drop": [["i32"], []],
  };

/** Defines a function: a component's by `lift`, a core function by all others. */
export function defineCanon(validation: Validation, scope: Scope, canon: CanonDefinition, offset: number): void {
  if (canon.kind === "lift") {
    const type = scope.functionTypeAt(canon.type, offset);
    checkLift(validation, scope, canon, type, offset);
    if (type.async) validation.decoding.asynchronous = true;
    scope.push({ sort: "function", type }, validation.decoding);
    return;
  }
  scope.coreFunctions.push(typeOfBuiltIn(validation, scope, canon, offset));
}

function checkLift(
  validation: Validation,
  scope: Scope,
  { core, options: definition }: LiftDefinition,
  type: FunctionType,
  offset: number,
): void {
  const { coreTypes } = validation;
  const found = scope.coreFunctionAt(core, offset);
  const options = checkOptions(validation, scope, definition, offset);
  if (options.postReturn !== undefined) {
    const results = coreTypes.functionType(found)?.results ?? [];
    if (!coreTypes.hasSignature(options.postReturn, results, [])) {
      invalid("post-return is not of the type that it has to have", offset);
    }
  }
  if (options.callback !== undefined && !coreTypes.hasSignature(options.callback, ["i32", "i32", "i32"], ["i32"])) {
    invalid("callback is not of the type that it has to have", offset);
  }
  checkAsync(options, type, offset);
  validation.charge(type.parameters.length);
  const { parameters, results } = signatureOf(type, options, "lift", offset);
  if (found !== coreTypes.ofFunction(parameters, results)) {
    const expected = `(${parameters.join(", ")}) -> (${results.join(", ")})`;
    invalid(`a core function is lifted that is not of the type that it has to have, ${expected}`, offset);
  }
}

function checkAsync({ async }: Options, type: FunctionType, offset: number): void {
  if (async && !type.async) invalid("the option async is of functions that are declared async only", offset);
}

function typeOfBuiltIn(
  validation: Validation,
  scope: Scope,
  canon: Exclude<CanonDefinition, LiftDefinition>,
  offset: number,
): CoreTypeId {
  const of = (parameters: readonly CoreType[], results: readonly CoreType[]): CoreTypeId =>
    validation.coreTypes.ofFunction(parameters, results);
  switch (canon.kind) {
    case "lower": {
      const type = scope.functionAt(canon.function, offset);
      if (type.async) validation.decoding.asynchronous = true;
      const options = checkOptions(validation, scope, canon.options, offset);
      checkLowering(options, offset);
      checkAsync(options, type, offset);
      validation.charge(type.parameters.length);
      const { parameters, results } = signatureOf(type, options, "lower", offset);
      return of(parameters, results);
    }
    case "resource.new":
      return of([ownRepresentation(scope, canon.resource, offset)], ["i32"]);
    case "resource.rep":
      return of(["i32"], [ownRepresentation(scope, canon.resource, offset)]);
    case "resource.drop":
      scope.resourceAt(canon.resource, offset);
      return of(["i32"], []);
    case "task.return":
      return typeOfTaskReturn(validation, scope, canon, offset);
    case "context.get":
    case "context.set":
      checkContext(scope, canon, offset);
      return canon.kind === "context.get" ? of([], [canon.type]) : of([canon.type], []);
    case "subtask.cancel":
      return of(["i32"], ["i32"]);
    case "waitable-set.wait":
    case "waitable-set.poll":
      return of(["i32", checkMemory(scope, canon.memory, offset) ? "i64" : "i32"], ["i32"]);
    case "stream.new":
    case "future.new":
      checkCrossing(scope, canon, offset);
      return of([], ["i64"]);
    case "stream.drop-readable":
    case "stream.drop-writable":
    case "future.drop-readable":
    case "future.drop-writable":
      checkCrossing(scope, canon, offset);
      return of(["i32"], []);
    case "stream.cancel-read":
    case "stream.cancel-write":
    case "future.cancel-read":
    case "future.cancel-write":
      checkCrossing(scope, canon, offset);
      return of(["i32"], ["i32"]);
    case "stream.read":
    case "stream.write":
    case "future.read":
    case "future.write":
      return typeOfCopy(validation, scope, canon, offset);
    case "error-context.new":
    case "error-context.debug-message":
      return typeOfErrorContext(validation, scope, canon, offset);
    case "thread":
      return checkThread(validation, scope, canon, offset);
    default: {
      const [parameters, results] = FIXED[canon.kind];
      return of(parameters, results);
    }
  }
}

/** How values of a resource are represented, which only the component knows that defines it. */
function ownRepresentation(scope: Scope, index: number, offset: number): "i32" | "i64" {
  const { resource } = scope.resourceAt(index, offset);
  return scope.definedResources.get(resource) ?? invalid(`type ${index} is not a resource of this component`, offset);
}

function typeOfTaskReturn(
  validation: Validation,
  scope: Scope,
  { result: use, options: definition }: TaskReturnDefinition,
  offset: number,
): CoreTypeId {
  const result = use === undefined ? undefined : valueType(scope, use, offset);
  if (result?.borrows === true) invalid("task.return would hand over a borrowed handle", offset);
  const options = checkOptions(validation, scope, definition, offset);
  checkLowering(options, offset);
  if (options.realloc !== undefined) invalid("task.return does not take realloc", offset);
  if (options.async) invalid("task.return does not take async", offset);
  const parameters = result === undefined ? [] : [{ name: "v", type: result }];
  const type: FunctionType = {
    sort: "function",
    parameters,
    result: undefined,
    async: false,
    size: 1,
    depth: 1,
    open: false,
  };
  const signature = signatureOf(type, options, "lower", offset);
  return validation.coreTypes.ofFunction(signature.parameters, signature.results);
}

function checkContext(scope: Scope, { type, slot }: ContextDefinition, offset: number): void {
  scope.contextType ??= type;
  if (scope.contextType !== type) invalid("the slots of the context are of another type", offset);
  if (slot > 1) invalid("the context has two slots, 0 and 1", offset);
}

/** The type of the elements of a stream or future, which the definition has to name. */
function checkCrossing(
  scope: Scope,
  { kind, type: index }: { readonly kind: string; readonly type: number },
  offset: number,
): ValueType | undefined {
  const { shape } = scope.valueTypeAt(index, offset);
  const expected = kind.startsWith("stream") ? "stream" : "future";
  if (shape.kind !== "stream" && shape.kind !== "future")
    return invalid(`${kind} needs the type of a ${expected}`, offset);
  return shape.kind === expected ? shape.element : invalid(`${kind} needs the type of a ${expected}`, offset);
}

function typeOfCopy(validation: Validation, scope: Scope, canon: CopyDefinition, offset: number): CoreTypeId {
  const element = checkCrossing(scope, canon, offset);
  const options = checkOptions(validation, scope, canon.options, offset);
  const isRead = canon.kind === "stream.read" || canon.kind === "future.read";
  if (element !== undefined) requireMemory(options, offset);
  if (isRead && element?.pointers === true) requireRealloc(options, offset);
  checkLowering(options, offset);
  const address = options.address64 ? "i64" : "i32";
  return canon.kind === "stream.read" || canon.kind === "stream.write"
    ? validation.coreTypes.ofFunction(["i32", address, address], [address])
    : validation.coreTypes.ofFunction(["i32", address], ["i32"]);
}

function typeOfErrorContext(
  validation: Validation,
  scope: Scope,
  { kind, options: definition }: ErrorContextDefinition,
  offset: number,
): CoreTypeId {
  const options = checkOptions(validation, scope, definition, offset);
  requireMemory(options, offset);
  if (kind === "error-context.debug-message") requireRealloc(options, offset);
  if (options.async) invalid(`${kind} does not take async`, offset);
  checkLowering(options, offset);
  const address = options.address64 ? "i64" : "i32";
  return kind === "error-context.new"
    ? validation.coreTypes.ofFunction([address, address], ["i32"])
    : validation.coreTypes.ofFunction(["i32", address], []);
}
