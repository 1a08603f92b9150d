import { types } from "node:util";
import { a, type Shape } from "./shape.ts";

/** A real one: what listens to it asks more than its looks. */
export const abortSignal: Shape<AbortSignal> = a(
  "an AbortSignal",
  (value) => value instanceof AbortSignal && !types.isProxy(value) && typeof value.aborted === "boolean",
);
