import { clockOf } from "../clocks/clock-of.ts";
import type { CoreFunction, CoreGuest } from "../core/core-function.ts";
import { direct } from "./define.ts";
import { ERRNO, Preview1Error } from "./errno.ts";

/** `clockid`. The clocks of processor time are not provided. */
export const CLOCK = { realtime: 0, monotonic: 1 } as const;

export const CLOCK_FUNCTIONS: readonly CoreFunction[] = [
  direct({
    name: "clock_res_get",
    parameters: ["i32", "i32"],
    call: ({ context, memory }: CoreGuest, id, result) => {
      memory.assertPlace(result, 8);
      assertClock(id);
      const { resolution, wallResolution } = clockOf(context);
      memory.setU64(result, id === CLOCK.monotonic ? resolution : wallResolution);
    },
  }),
  direct({
    name: "clock_time_get",
    parameters: ["i32", "i64", "i32"],
    call: ({ context, memory }: CoreGuest, id, _precision, result) => {
      memory.assertPlace(result, 8);
      assertClock(id);
      const clock = clockOf(context);
      memory.setU64(result, id === CLOCK.monotonic ? clock.monotonic() : clock.wall());
    },
  }),
];

/** @throws Preview1Error `inval` for a clock that is not provided. */
export function assertClock(id: number): void {
  if (id !== CLOCK.realtime && id !== CLOCK.monotonic) throw new Preview1Error(ERRNO.invalid);
}
