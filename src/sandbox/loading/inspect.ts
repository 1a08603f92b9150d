import type { ModuleForm } from "../../component/description.ts";
import { digestOf } from "../../component/digest.ts";
import { readArtifact } from "../../component/artifact.ts";
import { compileModules } from "../../component/compile/compile-modules.ts";
import { type Load, runLoad } from "../../component/load/load.ts";
import { type Described, describeInWorker } from "../../component/preparation/in-worker.ts";
import { DECLARED_CORE_MODULES, DECLARED_INTERFACES } from "../../host/declared-interfaces.ts";
import { CordonError, type ErrorCode } from "../../shared/errors.ts";
import { findServing, type NamedInterface } from "../../shared/wit/interface-name.ts";
import type { ComponentInterface } from "../../shared/wit/wit.ts";
import { coreImportProblems } from "./core-imports.ts";
import { abortSignal } from "../options/common-shapes.ts";
import { options, readOptions, type Shape } from "../options/shape.ts";
import { callableExports } from "./exports.ts";
import { importProblems } from "./imports.ts";
import { type Reach, reachOf } from "./reach.ts";
import { beginReading, type ComponentSource, type Reading } from "./source.ts";

/** The codes of errors that are for what a component is, and not for what happened. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(["unsupported", "limit", "invalid-component"]);

/** What is known of a component without running it. */
export interface Inspection {
  /** The file's name without its extension; `component` for bytes. */
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
  readonly producers: readonly {
    /** What the tool did, such as `language` or `processed-by`. */
    readonly field: string;
    /** The tool's name. */
    readonly name: string;
    /** Its version; empty where it tells none. */
    readonly version: string;
  }[];
  /** What it imports and exports. */
  readonly interface: ComponentInterface;
  /** Names of the functions that can be called. */
  readonly callable: readonly string[];
  /** What each import gives access to, and the grant for it. */
  readonly reach: readonly Reach[];
  /** Whether it can run: every import is provided with the type it is declared with, and it is not refused for what it uses. */
  readonly runnable: boolean;
  /** The imports that keep it from running, each with what is wrong with it where it is there at all. */
  readonly missing: readonly string[];
  /** Why it is refused for what its code uses, such as threads, in one line; `undefined` when it is not. */
  readonly refusal: string | undefined;
}

/** How a component is inspected. */
export interface InspectOptions {
  /** Gives it up, with a `cancelled` error. */
  readonly signal?: AbortSignal | undefined;
}

const inspectOptions: Shape<InspectOptions> = options<InspectOptions>({ signal: abortSignal });

/**
 * Looks into a component, or a core module that Cordon runs like one, without running it. Whether it can run is found out by making it
 * ready, within the bounds and in the threads that opening a sandbox has.
 *
 * @throws CordonError `usage`, `invalid-component`, `unsupported`, `limit`, `host` or `cancelled`.
 */
export async function inspect(source: ComponentSource, given: InspectOptions = {}): Promise<Inspection> {
  const { signal } = readOptions("inspect", inspectOptions, given);
  const reading = beginReading(source);
  return runLoad((load) => inspected(reading, load), { signal });
}

async function inspected(reading: Reading, load: Load): Promise<Inspection> {
  const { signal, hold } = load;
  const read = await reading(signal);
  const { name } = read;
  const size = read.bytes.length;
  const digest = await digestOf(read.bytes, signal);
  const request = {
    component: read.bytes,
    digest,
    sharedMemory: false,
  };
  const { description: described, artifact } = await describeInWorker(request, {
    signal,
    takesBytes: true,
    onEnding: hold,
  });
  const refusal = await refusalOf(artifact, load);
  const { core } = described;
  const missing =
    core === undefined ? importProblems(described.interface, DECLARED_INTERFACES) : coreImportProblems(core, []);
  return {
    name,
    digest,
    bytes: size,
    form: described.form,
    coreModules: described.coreModules,
    producers: described.producers,
    interface: described.interface,
    callable: callableExports(described.interface).map((one) => one.name),
    reach: reachOf(described.interface, isProvided),
    runnable: missing.length === 0 && refusal === undefined,
    missing,
    refusal,
  };
}

function isProvided(imported: NamedInterface): boolean {
  return (
    findServing(imported, DECLARED_INTERFACES) !== undefined ||
    DECLARED_CORE_MODULES.some(({ name }) => name === imported.name)
  );
}

/** Why a sandbox could not be opened with it, in one line, its imports aside. */
async function refusalOf(artifact: Described["artifact"], load: Load): Promise<string | undefined> {
  try {
    if (artifact instanceof CordonError) throw artifact;
    await compileModules(readArtifact(artifact), load);
    return undefined;
  } catch (thrown) {
    const isOfComponent = thrown instanceof CordonError && REFUSALS.has(thrown.code) && !load.signal.aborted;
    if (isOfComponent) return thrown.message.replace(/^Cannot load the component: /, "");
    throw thrown;
  }
}
