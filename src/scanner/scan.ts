import { Sandbox } from "../sandbox/sandbox.ts";
import type { TranspileStage } from "../component/transpile/messages.ts";
import { assetPath } from "../shared/bundled.ts";
import { parseReport, type ScanReport } from "./report.ts";

/** Time for one scan, in milliseconds. */
const SCAN_TIMEOUT_MS = 60_000;

/**
 * Scans code with the bundled scanner: a component that imports nothing and is granted nothing.
 *
 * @throws CordonError `limit` when the code is too large for the scanner's time or memory, `trap` or `host`.
 */
export async function scanCode(code: string, onStage?: (stage: TranspileStage) => void): Promise<ScanReport> {
  await using scanner = await Sandbox.open(assetPath("skills/skill-scanner.wasm"), {
    limits: { timeoutMs: SCAN_TIMEOUT_MS },
    onStage,
  });
  const { value } = await scanner.call("sandbox:skill/scanner#scan-code", [code]);
  return parseReport(value);
}
