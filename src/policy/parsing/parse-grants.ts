import { isAbsolute, resolve } from "node:path";
import { CordonError } from "../../shared/errors.ts";
import { type Grants, NO_GRANTS } from "../grants.ts";
import { type ClocksInput, parseClocks } from "./parse-clocks.ts";
import { type CustomInput, parseCustom } from "./parse-custom.ts";
import { type EnvironmentInput, parseEnvironment, variableReasons } from "./parse-environment.ts";
import { checkRulesApply, parseFileRules, writeBounds } from "./parse-file-rules.ts";
import { parseListen } from "./parse-listen.ts";
import { type LookupInput, parseLookup } from "./parse-lookup.ts";
import { type NetworkInput, parseNetwork } from "./parse-network.ts";
import { parsePaths } from "./parse-paths.ts";
import { parsePreopens, type PreopenDefaultsInput, type PreopenInput } from "./parse-preopens.ts";
import { parseProcess, type ProcessInput } from "./parse-process.ts";
import { parseRandom, type RandomInput } from "./parse-random.ts";
import { parseStorage, type StorageRuleInput } from "../storage/parse-storage.ts";
import { isReached, withStorage } from "../storage/with-storage.ts";
import { MAX_PROBLEMS, flag, type Problems, quote, section } from "../problems.ts";
import { realPath, realPathOfWhatExists } from "../real-path.ts";

/** Files that a guest may reach. What is left out is not granted. */
export interface FilesystemGrantsInput extends PreopenDefaultsInput {
  /**
   * Files and folders that may be read through `sandbox:skill`, folders with everything below them. Relative paths start at the
   * base's `cwd`.
   */
  readonly read?: readonly string[];
  /** Files and folders that may be written through it. Writing does not include reading. */
  readonly write?: readonly string[];
  /** Folders that a WASI guest finds opened, each an object or `HOST[::GUEST][:ro|:rw]`. */
  readonly preopens?: readonly (string | PreopenInput)[];
  /** Files by patterns of their paths, for guests of every kind; see docs/policy.md. */
  readonly allow?: readonly StorageRuleInput[];
  /** What is never reached, whatever else of `filesystem` is granted: patterns, or rules for some accesses alone. */
  readonly deny?: readonly (string | StorageRuleInput)[];
}

/** What a guest is granted, as users of the SDK write it; `{}` grants nothing. See docs/grants.md. */
export interface GrantsInput {
  /** Files and folders; default none. */
  readonly filesystem?: FilesystemGrantsInput;
  /** Hosts that may be reached, by HTTP and by sockets; default none. */
  readonly network?: NetworkInput;
  /** Where a guest may wait for connections and datagrams, each `[tcp://|udp://]ADDRESS:PORTS`. */
  readonly listen?: readonly string[];
  /** Names that may be looked up, beside those that `network` names; default none. */
  readonly lookup?: LookupInput;
  /** Variables that the guest sees; default none. */
  readonly environment?: EnvironmentInput;
  /** Whether the guest may read the stdin it is given; default `false`. */
  readonly stdin?: boolean;
  /** Programs of the host that may be started; default none. */
  readonly process?: ProcessInput;
  /** What the guest sees of time; default clocks of its own. */
  readonly clocks?: ClocksInput;
  /** Where its random bytes come from; default a generator of seed 0. */
  readonly random?: RandomInput;
  /** What `hostFunctions` may be used for, by their capabilities; default nothing. */
  readonly custom?: CustomInput;
}

/** Where grants are read. */
export interface GrantsBase {
  /** Where relative paths start. */
  readonly cwd: string;
  /** Folders that no write grant covers, whatever it says: what the host itself keeps code in. */
  readonly protectedFolders?: readonly string[];
  /** Folders that no grant covers at all: where the host keeps keys and secrets. */
  readonly hiddenFolders?: readonly string[];
  /** Files and folders of Cordon's own that nothing grants at all, where rules about single files hold. */
  readonly ownPaths?: readonly string[];
  /**
   * The host's environment: what `environment` can pass on, and the `PATH` that commands are looked up on. Left out, nothing of
   * it can be granted.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const CAPABILITIES = [
  "filesystem",
  "network",
  "listen",
  "lookup",
  "environment",
  "stdin",
  "process",
  "clocks",
  "random",
  "custom",
] as const;

/**
 * Reads grants as an operator wrote them. Every path must exist; its symbolic links are resolved now, once. The result is
 * frozen.
 *
 * @throws {CordonError} `policy` with every problem in one message: an unknown key, a value of the wrong type, a path that
 * does not exist, a host outside the grammar. `usage` when `base.cwd` is not an absolute path of an existing folder.
 */
export function parseGrants(input: GrantsInput, base: GrantsBase): Grants {
  const cwd = currentFolder(base.cwd);
  const protectedFolders = (base.protectedFolders ?? []).map((folder) => realPathOfWhatExists(resolve(folder)));
  const hidden = (base.hiddenFolders ?? []).map((folder) => realPathOfWhatExists(resolve(folder)));
  const problems: Problems = [];
  const root = section(input, "the grants", CAPABILITIES, problems);
  const filesystem = section(
    root["filesystem"] ?? {},
    "filesystem",
    ["read", "write", "preopens", "create", "delete", "maxFileBytes", "allow", "deny"],
    problems,
  );
  const rules = parseFileRules(filesystem, problems);
  const filesystemWrite = parsePaths(filesystem["write"], "write", cwd, [...protectedFolders, ...hidden], problems);
  const preopens = parsePreopens(
    filesystem["preopens"],
    { cwd, except: [...protectedFolders, ...hidden], hidden, rules },
    problems,
  );
  checkRulesApply(rules, { preopens, filesystemWrite }, problems);
  const network = parseNetwork(root["network"], problems);
  const filesystemRead = parsePaths(filesystem["read"], "read", cwd, hidden, problems);
  const files = { filesystemRead, filesystemWrite, preopens };
  const reached = (path: string): boolean => filesystem["allow"] !== undefined || isReached(path, files);
  const ownPaths = (base.ownPaths ?? []).map((path) => resolve(path)).filter(reached);
  const around = { cwd, except: [...protectedFolders, ...hidden], ownPaths };
  const storage = parseStorage(filesystem, around, problems);
  const granted = withStorage(files, storage, problems);
  const grants: Grants = {
    cwd,
    ...granted,
    filesystemWriteBounds: granted.filesystemWrite.length === 0 ? NO_GRANTS.filesystemWriteBounds : writeBounds(rules),
    network,
    listen: parseListen(root["listen"], problems),
    lookup: parseLookup(root["lookup"], network.allow, problems),
    environment: parseEnvironment(root["environment"], base.env, problems),
    ...reasonsOf(root["environment"]),
    stdin: flag(root["stdin"], "stdin", false, problems),
    process: parseProcess(root["process"], { cwd, env: base.env }, problems),
    clocks: parseClocks(root["clocks"], problems),
    random: parseRandom(root["random"], problems),
    custom: parseCustom(root["custom"], problems),
    // Their values are no part of what is written; see parse-secrets.ts.
    secrets: NO_GRANTS.secrets,
  };
  if (problems.length === 1) throw new CordonError("policy", problems.join());
  if (problems.length > 1) {
    const told = problems.slice(0, MAX_PROBLEMS).map((problem, index) => `(${index + 1}) ${problem}`);
    const count =
      problems.length > MAX_PROBLEMS
        ? `more than ${MAX_PROBLEMS} problems, the first of them`
        : `${problems.length} problems`;
    throw new CordonError("policy", `Cannot use the grants, ${count}: ${told.join("; ")}`);
  }
  return Object.freeze(grants);
}

function reasonsOf(environment: unknown): Pick<Grants, "variableReasons"> {
  const reasons = variableReasons(environment as EnvironmentInput | undefined);
  return reasons.length === 0 ? {} : { variableReasons: Object.freeze(reasons) };
}

function currentFolder(given: string): string {
  const cwd = isAbsolute(given) ? realPath(given) : { problem: "it is not absolute" };
  if (typeof cwd === "string") return cwd;
  const message = `Cannot use ${quote(given)} as the current folder: ${cwd.problem}; name a folder that exists`;
  throw new CordonError("usage", message);
}
