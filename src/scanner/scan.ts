import type { LoadOptions } from "../sandbox/loading/component-info.ts";
import { Sandbox } from "../sandbox/sandbox.ts";
import { CordonError } from "../shared/errors.ts";
import { assetPath } from "../shared/machine/bundled.ts";
import { parseReport, type ScanReport } from "./report.ts";

/** Bounds of one scan: enough for the largest file that is taken. */
const SCAN_LIMITS = { timeoutMs: 60_000, memoryBytes: 512 * 1024 * 1024 } as const;

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
    limits: SCAN_LIMITS,
    signal,
    onStage,
  });
  try {
    const { value } = await scanner.call("sandbox:skill/scanner#scan-code", [code], { signal });
    return parseReport(value);
  } catch (thrown) {
    throw thrown instanceof CordonError ? tooMuch(thrown) : thrown;
  }
}

/** The caller can set no limits, so what the sandbox says of them would not help. */
function tooMuch(error: CordonError): CordonError {
  if (error.code !== "limit" && error.code !== "trap") return error;
  const message = "Cannot scan the code: it takes the scanner more time or memory than it may have; scan it in parts";
  const { code, limit, usage } = error;
  return new CordonError(code, message, {
    cause: error,
    ...(limit === undefined ? {} : { limit }),
    ...(usage === undefined ? {} : { usage }),
  });
}
