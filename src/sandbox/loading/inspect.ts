import type { ModuleForm } from "../../component/description.ts";
import { digestOf } from "../../component/digest.ts";
import { describeInWorker } from "../../component/transpile/transpile.ts";
import { DECLARED_CORE_MODULES, DECLARED_INTERFACES } from "../../host/declared-interfaces.ts";
import { findProvided } from "../../shared/interface-name.ts";
import type { ComponentInterface } from "../../shared/wit.ts";
import { coreImportProblems } from "./core-imports.ts";
import { callableExports } from "./exports.ts";
import { importProblems } from "./imports.ts";
import { type Reach, reachOf } from "./reach.ts";
import { type ComponentSource, readComponent } from "./source.ts";

/** What is known of a component without running it. */
export interface Inspection {
  readonly name: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** Size, in bytes. */
  readonly bytes: number;
  /** What the bytes are; see docs/core-modules.md. */
  readonly form: ModuleForm;
  /** How many core modules it has. */
  readonly coreModules: number;
  /** The tools that made it, as it says itself. */
  readonly producers: readonly { readonly field: string; readonly name: string; readonly version: string }[];
  readonly interface: ComponentInterface;
  /** Names of the functions that can be called. */
  readonly callable: readonly string[];
  readonly reach: readonly Reach[];
  /** Whether it can run: every import is provided with the type it is declared with, and it is not refused for what it uses. */
  readonly runnable: boolean;
  /** The imports that keep it from running, each with what is wrong with it where it is there at all. */
  readonly missing: readonly string[];
  /** Why it is refused for what its code uses, such as threads, in one line; `undefined` when it is not. */
  readonly refusal: string | undefined;
}

/**
 * Looks into a component, or a core module that Cordon runs like one, without running it.
 *
 * @throws CordonError `usage`, `invalid-component`, `unsupported`, `limit` or `host`.
 */
export async function inspect(source: ComponentSource): Promise<Inspection> {
  const { bytes, name } = await readComponent(source);
  const described = await describeInWorker(bytes);
  const { core } = described;
  const missing =
    core === undefined ? importProblems(described.interface, DECLARED_INTERFACES) : coreImportProblems(core, []);
  return {
    name,
    digest: digestOf(bytes),
    bytes: bytes.length,
    form: described.form,
    coreModules: described.coreModules,
    producers: described.producers,
    interface: described.interface,
    callable: callableExports(described.interface).map((one) => one.name),
    reach: reachOf(described.interface, isProvided),
    runnable: missing.length === 0 && described.refusal === undefined,
    missing,
    refusal: described.refusal,
  };
}

function isProvided(imported: string): boolean {
  return (
    findProvided(imported, DECLARED_INTERFACES) !== undefined ||
    DECLARED_CORE_MODULES.some(({ name }) => name === imported)
  );
}
