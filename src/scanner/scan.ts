import type { LoadOptions } from "../sandbox/component-info.ts";
import { Sandbox } from "../sandbox/sandbox.ts";
import { assetPath } from "../shared/bundled.ts";
import { parseReport, type ScanReport } from "./report.ts";

/** Time for one scan, in milliseconds. */
const SCAN_TIMEOUT_MS = 60_000;

/**
 * Scans code with the bundled scanner: a component that imports nothing and is granted nothing.
 *
 * @throws CordonError `limit` when the code is too large for the scanner's time or memory, `trap`, `cancelled` or `host`.
 */
export async function scanCode(
  code: string,
  { signal, onStage }: Pick<LoadOptions, "signal" | "onStage"> = {},
): Promise<ScanReport> {
  await using scanner = await Sandbox.open(assetPath("skills/skill-scanner.wasm"), {
    limits: { timeoutMs: SCAN_TIMEOUT_MS },
    signal,
    onStage,
  });
  const { value } = await scanner.call("sandbox:skill/scanner#scan-code", [code], { signal });
  return parseReport(value);
}
