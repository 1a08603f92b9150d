/** A reporter for `node --test` that writes what the end of a run needs to know, a line of JSON for each {@link TestRecord}. */
import type { TestEvent } from "node:test/reporters";

/** A file that was run, or a test that was skipped. */
export type TestRecord =
  | { readonly kind: "file"; readonly file: string; readonly ms: number }
  | {
      readonly kind: "skipped";
      /** File, line, column and name. */
      readonly test: string;
      readonly name: string;
      /** What the test gave as its reason; nothing, when it gave none. */
      readonly reason: string;
    };

// oxlint-disable-next-line import/no-default-export -- what the runner takes
export default async function* recordTests(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    const record = recordOf(event);
    if (record !== undefined) yield `${JSON.stringify(record)}\n`;
  }
}

function recordOf({ type, data }: TestEvent): TestRecord | undefined {
  if (type === "test:summary" && data.file !== undefined) {
    return { kind: "file", file: data.file, ms: data.duration_ms };
  }
  if ((type === "test:pass" || type === "test:fail") && (data.skip !== undefined || data.todo !== undefined)) {
    const { file, line, column, name, skip } = data;
    const test = [file, line, column, name].join(":");
    return { kind: "skipped", test, name, reason: typeof skip === "string" ? skip : "" };
  }
  return undefined;
}
