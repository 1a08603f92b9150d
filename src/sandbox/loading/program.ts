import { ArtifactCache } from "../../component/artifact-cache.ts";
import type { ProgramTables } from "../../component/bound-instances.ts";
import { digestOf } from "../../component/digest.ts";
import { prepare } from "../../component/prepare.ts";
import type { InterfaceDeclaration } from "../../host/capability.ts";
import type { CustomFunction } from "../../host/custom/custom-function.ts";
import { customInterfaces } from "../../host/custom/custom-interfaces.ts";
import { DECLARED_INTERFACES } from "../../host/declared-interfaces.ts";
import type { Program } from "../../runtime/messages.ts";
import type { WorkerPool } from "../../runtime/pool.ts";
import type { PortableProgram } from "../../runtime/process/messages.ts";
import { CordonError, messageOf } from "../../shared/errors.ts";
import type { Limits } from "../../shared/limits.ts";
import { escapeInvisible, quoteText } from "../../shared/quote-text.ts";
import type { ComponentInfo, LoadOptions } from "./component-info.ts";
import { type MissingImports, resolveCoreImports } from "./core-imports.ts";
import { resolveImports } from "./imports.ts";
import { type ComponentSource, readComponent } from "./source.ts";

/** A component that is ready to run. */
export interface Loaded<P = Program> {
  readonly info: ComponentInfo;
  readonly program: P;
  readonly tables: ProgramTables;
}

/** What a component is loaded with. */
export type ProgramOptions = LoadOptions & { readonly limits?: Pick<Limits, "maxComponentBytes"> };

/** The names of the host functions that may suspend a guest. */
function blockingFunctions(provided: readonly InterfaceDeclaration[]): readonly string[] {
  return provided.flatMap((one) =>
    one.functions.filter(({ blocking }) => blocking).map(({ name }) => `${one.name}#${name}`),
  );
}

/** How much is shown of what the engine says about a core module: names in it are the guest's. In UTF-16 code units. */
const MAX_REASON_LENGTH = 500;

let programs = 0;

/**
 * Source to program: read, digest, artifact (cached or made), imports matched, core modules compiled.
 *
 * @param pool Whose workers get ready for the program while its modules are compiled.
 * @throws CordonError `usage`, `invalid-component`, `unsupported`, `limit`, `host` or `cancelled`.
 */
export async function loadProgram(
  source: ComponentSource,
  options: ProgramOptions,
  pool: Pick<WorkerPool, "prepare" | "unload">,
  custom: readonly CustomFunction[] = [],
): Promise<Loaded> {
  const { info, program, tables } = await loadPortable(source, options, custom);
  if (program.core === undefined) pool.prepare(program.id, program.glue);
  const modules = await compile(program).catch((thrown: unknown) => {
    pool.unload(program.id, thrown);
    throw thrown;
  });
  return { info, program: { ...program, modules }, tables };
}

/**
 * The same up to the core modules, which are compiled where the program is to run.
 *
 * @throws CordonError `usage`, `invalid-component`, `unsupported`, `limit`, `host` or `cancelled`.
 */
export async function loadPortable(
  source: ComponentSource,
  options: ProgramOptions,
  custom: readonly CustomFunction[],
): Promise<Loaded<PortableProgram>> {
  assertNotAborted(options.signal);
  const read = await readComponent(source, options.limits?.maxComponentBytes);
  const digest = digestOf(read.bytes);
  const cache = options.cache === false ? undefined : new ArtifactCache(options.cache);
  const { signal, onStage } = options;
  const sharedMemory = options.sharedMemory === true;
  const provided = [...DECLARED_INTERFACES, ...customInterfaces(custom)];
  const blocking = blockingFunctions(provided);
  const artifact = await prepare({ component: read.bytes, digest, blocking, sharedMemory, cache }, { signal, onStage });
  const { core } = artifact;
  const imports = core === undefined ? resolveImports(artifact.interface, provided) : [];
  const coreProgram =
    core === undefined ? undefined : resolveCoreImports(core, custom, missingImportsOf(options.missingImports));
  programs += 1;
  assertNotAborted(signal);
  return {
    info: {
      name: options.name ?? read.name,
      digest,
      bytes: read.bytes.length,
      interface: artifact.interface,
    },
    tables: artifact.tables,
    program: {
      id: `${digest}/${programs}`,
      glue: artifact.glue,
      modules: artifact.modules,
      instantiations: artifact.instantiations,
      preview1: artifact.preview1,
      imports,
      custom,
      core: coreProgram,
    },
  };
}

function missingImportsOf(given: unknown = "refuse"): MissingImports {
  if (given === "refuse" || given === "trap") return given;
  const shown = quoteText(String(given), 80);
  throw new CordonError("usage", `Cannot set missingImports to ${shown}: it is refuse or trap`);
}

function assertNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new CordonError("cancelled", "Loading the component was cancelled", { cause: signal.reason });
}

async function compile({ modules }: PortableProgram): Promise<Program["modules"]> {
  try {
    return await Promise.all(
      modules.map(async ({ name, bytes, memories }) => ({ name, memories, module: await WebAssembly.compile(bytes) })),
    );
  } catch (thrown) {
    const reason = escapeInvisible(messageOf(thrown).slice(0, MAX_REASON_LENGTH));
    throw new CordonError("invalid-component", `Cannot load the component: ${reason}`, { cause: thrown });
  }
}
