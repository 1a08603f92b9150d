import type { AuditListener } from "../../audit/recorder.ts";
import type { ArtifactCacheOptions } from "../../component/artifact-cache.ts";
import type { Grants, SecretRule } from "../../policy/grants.ts";
import { type GrantsBase, type GrantsInput, parseGrants } from "../../policy/parsing/parse-grants.ts";
import type { SecretInput } from "../../policy/parsing/parse-secrets.ts";
import { CordonError } from "../../shared/errors.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import { cacheDirectory, configDirectory, stateDirectory } from "../../shared/machine/xdg.ts";
import type {
  CoreHostFunctionInput,
  HostFunctionInput,
  HostResourceInput,
} from "../host-functions/host-function-input.ts";
import { HostFunctions } from "../host-functions/host-functions.ts";
import type { LoadOptions } from "../loading/component-info.ts";
import { type ManifestInput, manifestInput } from "../manifest/manifest-options.ts";
import { abortSignal } from "./common-shapes.ts";
import { type DeterministicInput, deterministicGrants } from "./deterministic.ts";
import { type Faults, shownValue } from "./faults.ts";
import type { IsolationOptions } from "./isolation-options.ts";
import { limitsFrom, type LimitsInput } from "./limit-options.ts";
import type { UsesListener } from "../policy/uses-listener.ts";
import { plainCopy } from "./plain-copy.ts";
import { secretRules, type SecretStoreOptions, secretStoreOptions } from "./secret-options.ts";
import { type SignatureInput, signatureInput } from "./signature-options.ts";
import { a, callback, either, oneOf, options, readOptions, type Shape, text, truth, wholeNumber } from "./shape.ts";

/** How a sandbox is opened. Everything that is left out is denied or at its default; a name that is not among these is an error. */
export interface SandboxOptions extends LoadOptions, IsolationOptions {
  /** What the guest may reach; default nothing. Relative paths start at the process's current directory. */
  readonly grants?: GrantsInput | undefined;
  /**
   * Policy documents, which add to `grants`: their paths, or also those of the user's and the machine's folder that match the component.
   * Default none. See docs/policy.md.
   */
  readonly policy?: PolicyInput | undefined;
  /**
   * A manifest, `skill.yaml`: the guest has what is asked for there and granted here, and values are checked by its schemas. Default none.
   * See docs/manifests.md.
   */
  readonly manifest?: ManifestInput | undefined;
  /**
   * Whether the same call does the same each time: virtual time, and random bytes of a seed. Default `false`. See
   * docs/limits.md for what it covers.
   */
  readonly deterministic?: DeterministicInput | undefined;
  /**
   * Bounds of each call, such as `{ profile: "dense", timeoutMs: 100 }`; see {@link Limits} for units and defaults. Default
   * the profile `minimal`.
   */
  readonly limits?: LimitsInput | undefined;
  /** Called for every access the guest makes or is denied, in order. */
  readonly onEvent?: AuditListener | undefined;
  /**
   * Functions of the embedder's own that the guest may import, and resources that they give and take; default none. Each function needs a
   * grant under `grants.custom`.
   */
  readonly hostFunctions?: HostFunctionInputs | undefined;
  /** Who has to have signed the component, such as `{ require: "any" }`; default nobody. See docs/signing.md. */
  readonly signature?: SignatureInput | undefined;
  /**
   * Secrets of this component that go into its requests to one host each, and never to the guest; default none. They grant no access to
   * the host. See docs/grants.md.
   */
  readonly secrets?: readonly SecretInput[] | undefined;
  /** Where the values of {@link secrets} are kept. */
  readonly secretStore?: SecretStoreOptions | undefined;
}

/** Which policy documents hold. */
export type PolicyInput =
  | string
  | readonly string[]
  | {
      /** Paths of documents. */
      readonly files?: readonly string[] | undefined;
      /**
       * Whether changes of the documents are put in force while the component runs; default `false`. See docs/policy.md for what is not.
       */
      readonly watch?: boolean | undefined;
      /** Whether versions are noted in `$XDG_STATE_HOME/cordon`, or in this folder; default `false`. */
      readonly history?: boolean | string | undefined;
      /** Whether those of `$XDG_CONFIG_HOME/cordon/policies` and `/etc/cordon/policies` hold that match; default `false`. */
      readonly folders?: boolean | undefined;
      /** @internal In place of what the documents allow, the learner's fence holds, and what is used of it is told to the learner. */
      readonly learn?: PolicyLearner | undefined;
    };

/** @internal Who learns what a component uses. */
export interface PolicyLearner {
  readonly fence: string | undefined;
  readonly begin: (grants: Grants, input: GrantsInput) => UsesListener;
}

/** The options of a sandbox, and what was read from them. */
export interface ReadSandboxOptions {
  readonly options: SandboxOptions;
  readonly grants: Grants;
  readonly limits: Limits;
  readonly hostFunctions: HostFunctions;
  readonly secretRules: readonly SecretRule[];
}

/** What the embedder gives its guests. */
type HostFunctionInputs = readonly (HostFunctionInput | CoreHostFunctionInput | HostResourceInput)[];

const seed: Shape<bigint | number> = a("a whole number from 0 to 2^64 - 1", (value) =>
  typeof value === "bigint" ? value >= 0n && value < 2n ** 64n : Number.isSafeInteger(value) && Number(value) >= 0,
);

type PolicyFilesInput = Exclude<PolicyInput, string | readonly string[]>;

const learner = a<PolicyLearner>(
  "what learns a policy",
  (value) => typeof value === "object" && value !== null && "begin" in value && typeof value.begin === "function",
);

const texts: Shape<readonly string[]> = (value, path, faults) => {
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return [...(value as readonly string[])];
  faults.add(path, `it is a list of strings, not ${shownValue(value)}`);
  return undefined;
};

/** Limits, checked where they apply; `base` is what those build on that are left out. */
export const limitsInput: Shape<LimitsInput> = (value, path, faults) => {
  const copy = plainCopy<LimitsInput>()(value, path, faults);
  limitsFrom(copy);
  return copy;
};

/** Which documents hold. */
const policyInput: Shape<PolicyInput> = either(
  (value) => typeof value === "string",
  text,
  either(
    (value) => Array.isArray(value),
    texts,
    options<PolicyFilesInput>({
      files: texts,
      folders: truth,
      watch: truth,
      history: either((value) => typeof value === "string", text, truth),
      learn: learner,
    }),
  ),
);

const members = options<SandboxOptions>({
  name: text,
  cache: either(
    (value) => value === false,
    a<false>("false", (value) => value === false),
    options<ArtifactCacheOptions>({ directory: text, maxBytes: wholeNumber(0, Number.MAX_SAFE_INTEGER) }),
  ),
  sharedMemory: truth,
  freshMemory: truth,
  missingImports: oneOf("refuse", "trap"),
  signal: abortSignal,
  onStage: callback(),
  isolation: oneOf("thread", "process", "auto"),
  osSandbox: oneOf("auto", "required", "off"),
  grants: plainCopy<GrantsInput>(),
  policy: policyInput,
  manifest: manifestInput,
  deterministic: either(
    (value) => typeof value === "boolean",
    truth,
    options<{ readonly seed: bigint | number }>({ seed }),
  ),
  limits: limitsInput,
  signature: signatureInput,
  secrets: plainCopy<readonly SecretInput[]>(),
  secretStore: secretStoreOptions,
  onEvent: callback<AuditListener>(),
  hostFunctions: (value, path, faults) => {
    if (Array.isArray(value)) return Array.from(value as HostFunctionInputs);
    faults.add(path, `it is a list of functions, not ${shownValue(value)}`);
    return undefined;
  },
});

/** The options of a sandbox that is opened later, where everything about them is told now. */
export const sandboxOptions: Shape<SandboxOptions> = (value, path, faults) => collect(value, path, faults)?.options;

/**
 * Reads the options of a sandbox.
 *
 * @throws CordonError with everything that is wrong: `policy` when it is the grants alone, `unsupported` when it is what nobody has, else
 * `usage`.
 */
export function readSandboxOptions(entry: string, given: unknown): ReadSandboxOptions {
  return readOptions<ReadSandboxOptions>(entry, collect, given);
}

const collect: Shape<ReadSandboxOptions> = (value, path, faults) => {
  const read = members(value, path, faults);
  const { grants: asked = {}, deterministic, limits = {}, hostFunctions = [] } = read ?? {};
  const grants = attempt("grants", faults, () =>
    parseGrants(deterministicGrants(asked, deterministic), grantsBase(read ?? {})),
  );
  const own = attempt("hostFunctions", faults, () => new HostFunctions(hostFunctions, grants?.custom ?? {}));
  const rules = attempt("secrets", faults, () => secretRules(read?.secrets));
  if (read === undefined || grants === undefined || own === undefined || rules === undefined) return undefined;
  return { options: read, grants, limits: limitsFrom(limits), hostFunctions: own, secretRules: rules };
};

/** @throws CordonError `usage` for what names no policy documents. */
export function readPolicyInput(entry: string, policy: unknown): PolicyInput {
  const given = readOptions(entry, options<{ readonly policy?: PolicyInput | undefined }>({ policy: policyInput }), {
    policy,
  });
  if (given.policy !== undefined) return given.policy;
  throw new CordonError("usage", `Cannot use the policy: give the path of a document, or a list of them`);
}

/** Where grants are read, and what none of them covers. */
export function grantsBase({
  cache,
  secretStore,
  signature,
  manifest,
  policy,
}: Pick<SandboxOptions, "cache" | "secretStore" | "signature" | "manifest" | "policy">): GrantsBase & {
  readonly protectedFolders: readonly string[];
  readonly ownPaths: readonly string[];
} {
  return {
    cwd: currentDirectory(),
    protectedFolders: ownFolders(cache),
    hiddenFolders: [
      configDirectory(),
      stateDirectory(),
      historyFolder(policy),
      secretStore?.directory,
      signature?.trustDirectory,
      typeof manifest === "object" ? manifest.acceptedDirectory : undefined,
    ].filter(isGiven),
    // Whoever reads it can open every secret.
    ownPaths: [secretStore?.keyFile].filter(isGiven),
    env: process.env,
  };
}

/** Where versions of policies are noted, where that is not the folder for it. */
function historyFolder(policy: PolicyInput | undefined): string | undefined {
  if (typeof policy !== "object" || !("history" in policy)) return undefined;
  return typeof policy.history === "string" ? policy.history : undefined;
}

function attempt<T>(path: string, faults: Faults, read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    faults.addThrown(path, thrown);
    return undefined;
  }
}

function currentDirectory(): string {
  try {
    return process.cwd();
  } catch (thrown) {
    const message = "Cannot use the current directory: it is gone; change to one that exists";
    throw new CordonError("usage", message, { cause: thrown });
  }
}

/** What Cordon keeps code in that it will run: no guest may write there. */
function ownFolders(cache: SandboxOptions["cache"]): readonly string[] {
  const configured = typeof cache === "object" ? cache.directory : undefined;
  return [cacheDirectory(), configured].filter(isGiven);
}

function isGiven(folder: string | undefined): folder is string {
  return folder !== undefined;
}
