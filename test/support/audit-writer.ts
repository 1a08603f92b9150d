/** A process that records denials in a log, and prints the number of each when it is kept: `audit-writer.ts PATH COUNT`. */
import { LogWriter } from "../../src/audit/writing/log-writer.ts";

const [path = "", count = "0"] = process.argv.slice(2);
const writer = new LogWriter({ path });
for (let sequence = 1; sequence <= Number(count); sequence += 1) {
  writer.record({
    sequence,
    timestamp: new Date().toISOString(),
    componentId: `writer-${process.pid}`,
    componentDigest: "sha256:00",
    invocation: 1,
    eventType: "FilesystemAccess",
    action: "open-at",
    resource: `/${sequence}`,
    result: "Denied",
  });
  writer.lost.throwIfAborted();
  process.stdout.write(`${sequence}\n`);
}
writer[Symbol.dispose]();
