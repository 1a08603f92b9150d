import { ValueRow } from "../../abi/function-shape.ts";
import { POINTERS_32 } from "../../abi/pointers.ts";
import { Codecs } from "../../abi/prepare-codecs.ts";
import type { PreparedLift } from "../prepared-plan.ts";
import type { TaskEnds } from "./task.ts";

const NO_VALUES = new ValueRow([], new Codecs([], POINTERS_32));

/** What core code runs as that is called while its module is instantiated: a function that may not wait. */
export const INSTANTIATION: PreparedLift & { readonly ends: TaskEnds } = {
  instance: 0,
  core: { from: "canon", index: -1 },
  shape: { parameters: NO_VALUES, results: NO_VALUES, async: false },
  options: { encoding: "utf8", memory64: false, async: false },
  result: undefined,
  mayReturnMuch: false,
  ends: { start: () => [], resolve: () => undefined, exit: () => undefined },
};
