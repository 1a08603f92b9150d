import type { LiftContext } from "./context.ts";
import type { CoreValue } from "./core-values.ts";
import type { ValueRow } from "./function-shape.ts";
import { LIST_BYTES, SLOT_BYTES, STRING_BYTES } from "./host-bytes.ts";
import { GuestList } from "./list-codec.ts";
import type { MemoryAccess } from "./memory-access.ts";
import { Chosen } from "./variant-codec.ts";

/** Lifts without an effect: handles stay where they are, and nothing is charged, since no more is looked at than is asked for. */
const WITHOUT_EFFECT: Pick<LiftContext, "receiver" | "handles" | "charges"> = {
  receiver: "guest",
  handles: {
    liftOwn: () => 0,
    liftBorrow: () => 0,
    lowerOwn: () => 0,
    lowerBorrow: () => 0,
    liftReadable: () => 0,
    lowerReadable: () => 0,
    liftErrorContext: () => 0,
    lowerErrorContext: () => 0,
  },
  charges: { copy: () => undefined, make: () => undefined, work: () => undefined },
};

/**
 * Whether the host would make no more than so many bytes of values when it lifts them. They are looked at where they lie, until they take
 * more.
 */
export function areWithin(
  bytes: number,
  row: ValueRow,
  { memory, options }: { readonly memory: MemoryAccess | undefined; readonly options: Pick<LiftContext, "encoding"> },
  most: number,
  given: readonly CoreValue[],
): boolean {
  try {
    memory?.refresh();
    const { encoding } = options;
    return isWithin(bytes, row.lift({ ...WITHOUT_EFFECT, memory, encoding }, most, given));
  } catch {
    // What cannot be lifted takes nothing: that is a trap when it is.
    return true;
  }
}

function isWithin(bytes: number, lifted: unknown): boolean {
  const unseen: unknown[] = [lifted];
  for (let left = bytes; unseen.length > 0;) {
    const next = unseen.pop();
    left -= SLOT_BYTES;
    if (next instanceof Chosen) unseen.push(next.payload);
    else if (next instanceof GuestList) {
      left -= LIST_BYTES + (next.isPlain ? next.bytes.length : next.length * SLOT_BYTES);
      if (!next.isPlain && left >= 0)
        for (let index = 0; index < next.length; index += 1) unseen.push(next.item(index));
    } else if (Array.isArray(next)) {
      for (const item of next as readonly unknown[]) unseen.push(item);
    } else if (isText(next)) {
      // A character of one byte may be one of two to the host.
      left -= STRING_BYTES + 2 * next.bytes.length;
    }
    if (left < 0) return false;
  }
  return true;
}

function isText(value: unknown): value is { readonly bytes: Uint8Array } {
  return (
    typeof value === "object" && value !== null && (value as { readonly bytes?: unknown }).bytes instanceof Uint8Array
  );
}
