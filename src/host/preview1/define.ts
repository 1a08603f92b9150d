import type { CoreFunction, CoreGuest } from "../core/core-function.ts";
import { FilesystemError } from "../filesystem/wasi/error-code.ts";
import { ERRNO, Preview1Error } from "./errno.ts";

/** A parameter: i32 is given unsigned, i64 signed. */
type Parameter = "i32" | "i64";

type ParameterOf<P> = P extends "i64" ? bigint : number;

type ParametersOf<Ps extends readonly Parameter[]> = { readonly [K in keyof Ps]: ParameterOf<Ps[K]> };

/** The parts of a function that answers with an `errno`. */
export interface Definition<Ps extends readonly Parameter[]> {
  readonly name: string;
  readonly parameters: Ps;
  /** Does the work; throws a {@link Preview1Error} when it fails. */
  readonly call: (guest: CoreGuest, ...parameters: ParametersOf<Ps>) => void;
}

/** The same, for one that may wait. */
export interface BlockingDefinition<Ps extends readonly Parameter[]> {
  readonly name: string;
  readonly parameters: Ps;
  readonly call: (guest: CoreGuest, ...parameters: ParametersOf<Ps>) => Promise<void> | undefined;
}

/** A function that answers at once, with an `errno`. */
export function direct<const Ps extends readonly Parameter[]>({
  name,
  parameters,
  call,
}: Definition<Ps>): CoreFunction {
  return {
    name,
    type: `(${parameters.join(", ")}) -> i32`,
    blocking: false,
    call: (guest: CoreGuest, ...given: readonly unknown[]) => {
      try {
        call(guest, ...(given as unknown as ParametersOf<Ps>));
        return ERRNO.success;
      } catch (thrown) {
        return errnoOf(thrown);
      }
    },
  };
}

/** A function that may wait, and answers with an `errno`. */
export function blocking<const Ps extends readonly Parameter[]>({
  name,
  parameters,
  call,
}: BlockingDefinition<Ps>): CoreFunction {
  return {
    name,
    type: `(${parameters.join(", ")}) -> i32`,
    blocking: true,
    call: (guest: CoreGuest, ...given: readonly unknown[]) => {
      try {
        const waits = call(guest, ...(given as unknown as ParametersOf<Ps>));
        return waits === undefined ? ERRNO.success : waits.then(() => ERRNO.success, errnoOf);
      } catch (thrown) {
        return errnoOf(thrown);
      }
    },
  };
}

/** What fails for a reason that files have, such as one that was closed meanwhile, has a number too; anything else is a trap. */
function errnoOf(thrown: unknown): number {
  if (thrown instanceof Preview1Error) return thrown.errno;
  return Preview1Error.of(FilesystemError.from(thrown).code).errno;
}
