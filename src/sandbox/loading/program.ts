import { ArtifactCache } from "../../component/artifact-cache.ts";
import type { ProgramTables } from "../../component/bound-instances.ts";
import { compileModules } from "../../component/compile/compile-modules.ts";
import { digestOf } from "../../component/digest.ts";
import type { Load } from "../../component/load/load.ts";
import { prepare } from "../../component/prepare.ts";
import type { CustomImport } from "../../host/custom/custom-function.ts";
import { customInterfaces } from "../../host/custom/custom-interfaces.ts";
import { DECLARED_INTERFACES } from "../../host/declared-interfaces.ts";
import type { Program } from "../../runtime/messages.ts";
import type { PortableProgram } from "../../runtime/process/messages.ts";
import type { ComponentInfo, LoadOptions } from "./component-info.ts";
import { resolveCoreImports } from "./core-imports.ts";
import { resolveImports } from "./imports.ts";
import { stackTypeKeys } from "./stack-types.ts";
import type { Reading } from "./source.ts";

/** A component that is ready to run. */
export interface Loaded<P = Program> {
  readonly info: ComponentInfo;
  readonly program: P;
  readonly tables: ProgramTables;
}

/** One whose core modules are not compiled yet. */
export interface LoadedPortable extends Loaded<PortableProgram> {
  /** The function types that the engine is given for it: those of its modules, as in its artifact, and those of its stacks. */
  readonly typeKeys: Uint8Array;
}

/** What a component is loaded with. */
export type ProgramOptions = LoadOptions;

let programs = 0;

/**
 * Source to program: read, digest, artifact (cached or made), imports matched, core modules compiled.
 *
 * @throws CordonError `usage`, `invalid-component`, `unsupported`, `limit`, `host` or `cancelled`.
 */
export async function loadProgram(
  reading: Reading,
  options: ProgramOptions,
  custom: readonly CustomImport[],
  load: Load,
): Promise<Loaded> {
  const { info, program: portable, tables, typeKeys } = await loadPortable(reading, options, custom, load);
  const { modules, ...program } = portable;
  const compiled = await compileModules({ digest: info.digest, modules, typeKeys }, load);
  return { info, program: { ...program, modules: compiled }, tables };
}

/**
 * The same up to the core modules, which are compiled where the program is to run.
 *
 * @throws CordonError `usage`, `invalid-component`, `unsupported`, `limit`, `host` or `cancelled`.
 */
export async function loadPortable(
  reading: Reading,
  options: ProgramOptions,
  custom: readonly CustomImport[],
  { signal, hold }: Load,
): Promise<LoadedPortable> {
  const read = await reading(signal);
  const { name } = read;
  const bytes = read.bytes.length;
  const digest = await digestOf(read.bytes, signal);
  const cache = options.cache === false ? undefined : new ArtifactCache(options.cache);
  const { onStage } = options;
  const sharedMemory = options.sharedMemory === true;
  const provided = [...DECLARED_INTERFACES, ...customInterfaces(custom)];
  const artifact = await prepare(
    { component: read.bytes, digest, sharedMemory, cache },
    { signal, onStage, takesBytes: true, onEnding: hold },
  );
  const { core, plan } = artifact;
  const component =
    plan === undefined ? undefined : { plan, imports: resolveImports(artifact.interface, plan, provided) };
  const coreProgram =
    core === undefined ? undefined : resolveCoreImports(core, custom, options.missingImports ?? "refuse");
  const stacks = component === undefined ? new Uint8Array() : await stackTypeKeys(component, provided);
  programs += 1;
  signal.throwIfAborted();
  return {
    info: { name: options.name ?? name, digest, bytes, interface: artifact.interface },
    tables: artifact.tables,
    typeKeys: Buffer.concat([artifact.typeKeys, stacks]),
    program: {
      id: `${digest}/${programs}`,
      modules: artifact.modules,
      instantiations: artifact.instantiations,
      heapBytes: artifact.heapBytes,
      freshMemory: options.freshMemory === true,
      custom,
      component,
      core: coreProgram,
    },
  };
}
