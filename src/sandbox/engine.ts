import type { ProgramTables } from "../component/bound-instances.ts";
import { type Load, runLoad } from "../component/load/load.ts";
import type { CustomImport } from "../host/custom/custom-function.ts";
import type { Grants } from "../policy/grants.ts";
import type { GuestFrame, Program } from "../runtime/messages.ts";
import type { Ended, Job } from "../runtime/pending.ts";
import type { PolicyChange, PolicyInForce } from "../runtime/policy/policy-in-force.ts";
import { leasePool } from "../runtime/threads/shared-pool.ts";
import { abortable } from "../shared/abortable.ts";
import { CordonError, type TrapFrame } from "../shared/errors.ts";
import type { Limits } from "../shared/limits/limits.ts";
import type { Plan } from "../shared/plan/plan.ts";
import type { ComponentInfo } from "./loading/component-info.ts";
import type { IsolationInUse, IsolationOptions } from "./options/isolation-options.ts";
import { type Loaded, loadPortable, loadProgram, type ProgramOptions } from "./loading/program.ts";
import type { SandboxOptions } from "./options/sandbox-options.ts";
import type { OpenedOptions } from "./policy/policy-in-use.ts";
import { expectedReading } from "./loading/expected-reading.ts";
import { signedReading } from "./loading/signed-reading.ts";
import type { TrapPlaces, TrapPlacesParts } from "./loading/trap-places.ts";
import { rereadable } from "./loading/rereadable.ts";
import { beginReading, type ComponentSource, type Reading } from "./loading/source.ts";

/** Runs the calls of one component, at the level of isolation it was opened for. */
export interface Engine {
  readonly info: ComponentInfo;
  readonly programId: string;
  /** Absent for a core module. */
  readonly plan: Plan | undefined;
  /** The tables of all its core instances together. */
  readonly tables: ProgramTables;
  readonly isolation: IsolationInUse;
  /** Whether what comes back is from a process that a guest may have taken over, and has to be checked. */
  readonly untrusted: boolean;
  /** Where in the component the frames of a trap are. Never rejects. */
  readonly placesOf: (frames: readonly GuestFrame[]) => Promise<readonly TrapFrame[]>;
  /** Runs one invocation. Never rejects. */
  readonly run: (job: Omit<Job, "program">) => Promise<Ended>;
  /** Has a later policy hold, for calls that are running too. Resolves when none of their host calls goes by the one before any more. */
  readonly setPolicy: (policy: PolicyInForce) => Promise<void>;
  /** Ends every call that is running, as cancelled, and lets go of all that calls have left: memories, instances made ahead, processes. */
  readonly reset: () => void;
  /** Ends every call that is running, as cancelled, and lets go of everything. */
  readonly close: () => Promise<void>;
}

/** What a component is loaded with, and from whom it has to be. */
type EngineOptions = ProgramOptions &
  IsolationOptions &
  Pick<SandboxOptions, "signature"> &
  Pick<OpenedOptions, "signatures" | "expectedDigest"> & {
    readonly limits: Pick<Limits, "maxComponentBytes">;
    /** Where the component is read again, if that is another source. */
    readonly origin?: ComponentSource;
  };

/** Where a component is read again when it has trapped. */
type Origin = Omit<TrapPlacesParts, "digest">;

/**
 * Loads a component at a level of isolation.
 *
 * @throws CordonError as `loadProgram` does; `signature` when it was not signed as it has to be; `usage` for a sandbox of the system that cannot be had;
 * `policy` for grants that no process can be confined to.
 */
export function openEngine(
  source: ComponentSource,
  options: EngineOptions,
  custom: readonly CustomImport[],
  grants: Grants,
): Promise<Engine> {
  const { isolation = "thread", osSandbox } = options;
  const read = beginReading(source, options.limits.maxComponentBytes);
  const expected = options.expectedDigest === undefined ? read : expectedReading(read, options.expectedDigest);
  const reading = signedReading(expected, options.signature, options.signatures);
  const origin = {
    again: rereadable(options.origin ?? source),
    sharedMemory: options.sharedMemory === true,
    maxBytes: options.limits.maxComponentBytes,
  };
  const withGrants = { ...options, grants, origin };
  switch (isolation) {
    case "thread":
      if (osSandbox === "required") {
        const message = "Cannot run the component in the operating system's sandbox in a thread of this process";
        throw new CordonError("usage", `${message}; set isolation to "process"`);
      }
      return opened(options.signal, (load) => openInThreads(reading, withGrants, custom, load));
    case "process":
      return opened(options.signal, (load) => openInProcesses(reading, withGrants, custom, load));
    case "auto":
      return opened(options.signal, (load) => openWhereItCan(reading, withGrants, custom, load));
  }
}

function opened(signal: AbortSignal | undefined, open: (load: Load) => Promise<Engine>): Promise<Engine> {
  return runLoad(open, { signal, discard: (engine) => engine.close() });
}

/** In processes, unless it is this machine that cannot start one: what a component does to its process brings it into no thread. */
async function openWhereItCan(
  reading: Reading,
  options: ProgramOptions & IsolationOptions & { readonly grants: Grants; readonly origin: Origin },
  custom: readonly CustomImport[],
  load: Load,
): Promise<Engine> {
  try {
    return await openInProcesses(reading, options, custom, load);
  } catch (thrown) {
    const { obstacleToProcesses } = await import("./obstacle.ts");
    const obstacle = await obstacleToProcesses(thrown, options.osSandbox ?? "auto");
    if (obstacle === undefined || options.osSandbox === "required") throw thrown;
    return { ...(await openInThreads(reading, options, custom, load)), isolation: { level: "thread", obstacle } };
  }
}

async function openInThreads(
  reading: Reading,
  options: ProgramOptions & { readonly origin: Origin },
  custom: readonly CustomImport[],
  load: Load,
): Promise<Engine> {
  const { pool, release } = leasePool();
  try {
    pool.warm();
    const loaded = await loadProgram(reading, options, custom, load);
    return engineOf(loaded, { pool, release, untrusted: false, origin: options.origin });
  } catch (thrown) {
    load.hold(release());
    throw thrown;
  }
}

async function openInProcesses(
  reading: Reading,
  options: ProgramOptions & IsolationOptions & { readonly grants: Grants; readonly origin: Origin },
  custom: readonly CustomImport[],
  load: Load,
): Promise<Engine> {
  const { grants } = options;
  const { leaseProcessPool } = await import("../runtime/process/shared-process-pool.ts");
  const { pool, release } = leaseProcessPool(options.osSandbox ?? "auto");
  try {
    // The process starts while the component is made ready for it.
    const warm = pool.warm(grants);
    warm.catch(() => undefined);
    const loaded = await loadPortable(reading, options, custom, load);
    await abortable(warm, load.signal);
    try {
      await abortable(pool.load(loaded.program, grants), load.signal);
    } catch (thrown) {
      // The process may be compiling, and ends with all that it does.
      pool.unload(loaded.program.id, thrown);
      throw thrown;
    }
    return engineOf(loaded, { pool, release, untrusted: true, origin: options.origin });
  } catch (thrown) {
    load.hold(release());
    throw thrown;
  }
}

/** Where the calls of a program that is loaded run. */
interface Place<P> extends Pick<Engine, "untrusted"> {
  readonly pool: {
    readonly run: (job: Omit<Job, "program"> & { readonly program: P }) => Promise<Ended>;
    readonly setPolicy: (change: PolicyChange) => void | Promise<void>;
    readonly unload: (programId: string, reason: Error) => void;
  };
  readonly release: () => Promise<void>;
  readonly origin: Origin;
}

function engineOf<P extends Pick<Program, "id" | "component">>(
  { info, program, tables }: Loaded<P>,
  { pool, release, untrusted, origin }: Place<P>,
): Engine {
  const { id } = program;
  const closed = new Error("the sandbox was closed");
  // Whoever keeps a sandbox that is closed does not keep its code.
  let open: P | undefined = program;
  let places: Promise<TrapPlaces> | undefined;
  return {
    info,
    programId: id,
    plan: program.component?.plan,
    tables,
    isolation: { level: untrusted ? "process" : "thread", obstacle: undefined },
    untrusted,
    placesOf: async (frames) => {
      places ??= import("./loading/trap-places.ts").then(
        (module) => new module.TrapPlaces({ ...origin, digest: info.digest }),
      );
      const found = await places;
      if (open === undefined) found.close();
      return found.of(frames);
    },
    run: (job) => {
      if (open === undefined) return Promise.resolve({ ending: { kind: "cancelled", reason: closed }, wallMs: 0 });
      return pool.run({ ...job, program: open });
    },
    setPolicy: async (policy) => {
      if (open !== undefined) await pool.setPolicy({ programId: id, ...policy });
    },
    reset: () => {
      if (open !== undefined) pool.unload(id, new Error("the sandbox was reset"));
    },
    close: async () => {
      open = undefined;
      void places?.then((found) => found.close());
      pool.unload(id, closed);
      await release();
    },
  };
}
