import { diagnoseOldNode } from "../sandbox/machine/doctor.ts";
import { NODE_FLOOR, otherRuntime } from "../shared/machine/node-floor.ts";
import { doctorDocument, doctorReport } from "./output/doctor-report.ts";
import { EXIT } from "./output/exit-codes.ts";
import { asksForJson, printJson } from "./output/json-output.ts";

/**
 * Says that Cordon does not run on this Node, or on what is none; `doctor` says it as it says everything. Returns the exit code.
 *
 * Nodes that are too old load this and what it imports: nothing of it may import what Node 18 lacks. So there are no colours.
 */
export function refuseOldNode(words: readonly string[]): number {
  const { arch: architecture, platform, versions } = process;
  const [command, ...flags] = words;
  const other = otherRuntime(versions);
  if (other === undefined && command === "doctor" && flags.every((flag) => flag === "--json")) {
    const facts = { architecture, platform, nodeVersion: versions.node };
    const diagnosis = diagnoseOldNode(facts);
    if (flags.length > 0) printJson(doctorDocument(diagnosis, facts), process.stdout);
    else for (const line of doctorReport(diagnosis, (_style, text) => text)) process.stdout.write(`${line}\n`);
    return EXIT.usage;
  }
  const message = `Cannot run cordon: this is ${other ?? `Node ${versions.node}`}; install Node.js ${NODE_FLOOR} or later`;
  if (asksForJson(words)) printJson({ status: "error", error: { code: "unsupported", message } }, process.stdout);
  process.stderr.write(`error: ${message}\n`);
  return EXIT.usage;
}
