import type { Description } from "../../component/description.ts";
import { runLoad } from "../../component/load/load.ts";
import { outlineInWorker } from "../../component/preparation/in-worker.ts";
import { beginReading, type ComponentSource, type ReadComponent } from "./source.ts";

/** What the bytes of a component say of it. */
export interface Outline extends Pick<ReadComponent, "name"> {
  readonly description: Description;
}

/**
 * Says what a component imports and exports, without making it ready: whether it can run is not found out.
 *
 * @param timeoutMs The longest it may take, in milliseconds; default a minute.
 * @throws CordonError `usage`, `invalid-component`, `unsupported`, `limit`, `host` or `cancelled`.
 */
export async function outline(source: ComponentSource, timeoutMs?: number): Promise<Outline> {
  const reading = beginReading(source);
  return runLoad(
    async ({ signal, hold }) => {
      const { name, bytes } = await reading(signal);
      const description = await outlineInWorker(bytes, { signal, takesBytes: true, onEnding: hold });
      return { name, description };
    },
    timeoutMs === undefined ? {} : { timeoutMs },
  );
}
