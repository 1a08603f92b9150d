import * as z from "zod/mini";
import type { Check } from "./formats.ts";

/** A text that a check takes. */
export function text(check: Check, description: string): z.ZodMiniString {
  return z.string().check(problem(check), z.describe(description));
}

/** What a check finds no problem with. */
export function problem<T>(check: (value: T) => string | undefined): z.core.$ZodCheck<T> {
  return z.check<T>((payload) => {
    const message = check(payload.value);
    if (message !== undefined) payload.issues.push({ code: "custom", message, input: payload.value });
  });
}
