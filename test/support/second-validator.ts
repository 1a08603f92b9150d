/** Which components `wasm-tools` takes for valid; a development tool, which is asked where it is installed. */
import { spawn } from "node:child_process";
import { decodeComponent } from "../../src/component/decode-component.ts";
import { CordonError } from "../../src/shared/errors.ts";
import { WASM_TOOLS } from "./needs.ts";

/** The features of the component model that are decoded here, beside those that are on anyhow. */
const FEATURES = [
  "cm-async-stackful",
  "cm-more-async-builtins",
  "cm-threading",
  "cm-error-context",
  "cm-fixed-length-lists",
  "cm64",
  "cm-canon-names",
  "-compact-imports",
].join();

/** Why `wasm-tools` refuses a component; undefined when it takes it for valid. */
async function secondOpinion(component: Uint8Array): Promise<string | undefined> {
  const child = spawn(WASM_TOOLS, ["validate", "--features", FEATURES, "-"], { stdio: ["pipe", "ignore", "pipe"] });
  const errors: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  // It may have said no before it has read all.
  child.stdin.on("error", () => undefined);
  child.stdin.end(component);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return code === 0 ? undefined : Buffer.concat(errors).toString().trim() || `exit ${code}`;
}

/** Names that differ in hyphens alone are valid by the official tests, and not to `wasm-tools`. */
const HYPHENS = /name `([^`]+)` conflicts with previous name `([^`]+)`/;

/** Where the two validators disagree about a component, and the disagreement is not a known one: what each says. */
export async function disagreement(component: Uint8Array): Promise<string | undefined> {
  const ours = opinion(component);
  const theirs = await secondOpinion(component);
  if ((ours === undefined) === (theirs === undefined)) return undefined;
  if (ours instanceof CordonError && ours.code === "unsupported") return undefined;
  const [, one, other] = HYPHENS.exec(theirs ?? "") ?? [];
  if (ours === undefined && one !== undefined && one.toLowerCase() !== other?.toLowerCase()) return undefined;
  return `ours: ${ours?.message ?? "valid"}; theirs: ${theirs ?? "valid"}`;
}

/** Why a component is refused here; undefined when it is not. The engine is asked about core modules, as when they are compiled. */
function opinion(component: Uint8Array): CordonError | undefined {
  try {
    for (const { offset, size } of decodeComponent(component).coreModules) {
      if (WebAssembly.validate(component.slice(offset, offset + size))) continue;
      return new CordonError("invalid-component", `The engine refuses the core module at byte ${offset}`);
    }
    return undefined;
  } catch (thrown) {
    if (thrown instanceof CordonError) return thrown;
    throw thrown;
  }
}
