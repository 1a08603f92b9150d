import { isIP } from "node:net";
import { resolve } from "node:path";
import type { GrantsInput } from "../parsing/parse-grants.ts";
import type { StorageRuleInput } from "../storage/parse-storage.ts";
import type { CheckedDocument } from "./check-document.ts";
import { parseRate } from "../rate.ts";
import type { Fault, Position } from "./fault.ts";
import { cpuPercent, memoryBytes, splitHost } from "./formats.ts";
import type { DocumentLimits, DocumentRate, PolicyDocument, RuleOrigin } from "./policy-document.ts";
import type { Path, ReadDocument } from "./read-yaml.ts";
import type { EnvironmentEntry, NetworkEntry, PermissionsShape, PolicyShape } from "./policy-shape.ts";

/** Where a document is from. */
export interface DocumentPlace {
  /** As it is named in messages. */
  readonly file: string;
  /** Absolute: where relative URIs start. */
  readonly folder: string;
}

/** A document in the terms of grants and limits. */
export function translate({ read, shape }: CheckedDocument, { file, folder }: DocumentPlace): PolicyDocument {
  const warnings: Fault[] = [];
  const rules: RuleOrigin[] = [];
  const notes = notesOf(read, { file, folder }, { warnings, rules });
  const { warn } = notes;
  const grants = grantsOf(shape.permissions, ["permissions"], notes, false);
  const own = limitsOf(shape.permissions, shape.limits, ["permissions"], warn);
  const fence = shape.fence;
  return {
    file,
    description: shape.description ?? undefined,
    match: matchOf(shape.match),
    grants,
    limits: own,
    isolation: shape.isolation,
    reload: shape.reload,
    signature: shape.signature,
    secrets: shape.secrets ?? [],
    fence:
      fence === undefined
        ? undefined
        : {
            grants: grantsOf(fence.permissions, ["fence", "permissions"], notes, true),
            limits: limitsOf(fence.permissions, fence.limits, ["fence", "permissions"], warn),
            position: read.positionOfKey([], "fence"),
          },
    enforce: shape.enforce ?? "deny",
    rates: ratesOf(shape.rates, (path) => ({ file, ...read.positionOf(path) }), shape.enforce === "log"),
    audit: auditOf(shape.audit, folder),
    warnings,
    rules,
  };
}

/**
 * What stands under `permissions`, or in its form elsewhere in a document, as grants.
 *
 * @param at Where it stands.
 */
export function translatePermissions(
  permissions: PermissionsShape,
  at: Path,
  read: Pick<ReadDocument, "positionOf">,
  place: DocumentPlace,
): { readonly grants: GrantsInput; readonly rules: readonly RuleOrigin[] } {
  const rules: RuleOrigin[] = [];
  return { grants: grantsOf(permissions, at, notesOf(read, place, { warnings: [], rules }), false), rules };
}

function notesOf(
  read: Pick<ReadDocument, "positionOf">,
  { file, folder }: DocumentPlace,
  { warnings, rules }: { readonly warnings: Fault[]; readonly rules: RuleOrigin[] },
): Notes {
  return {
    folder,
    warn: (path, message) => void warnings.push({ file, ...read.positionOf(path), message }),
    origin: (path, use, kind, written) => {
      const steps = path.slice(path.indexOf("permissions") + 1);
      const place = steps
        .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
        .join("")
        .slice(1);
      rules.push({ file, ...read.positionOf(path), place, kind, use, written });
    },
  };
}

/** Permissions alone, in the terms of grants; relative URIs start at the folder. */
export function permissionsAsGrants(permissions: PermissionsShape, folder: string): GrantsInput {
  return grantsOf(permissions, ["permissions"], { warn: () => undefined, origin: () => undefined, folder }, false);
}

function ratesOf(
  rates: PolicyShape["rates"],
  at: (path: Path) => Position & { readonly file: string },
  isLogged: boolean,
): readonly DocumentRate[] {
  return (["calls", "denials"] as const).flatMap((of) =>
    [rates?.[of] ?? []].flat().flatMap((text): readonly DocumentRate[] => {
      const parsed = parseRate(text);
      return parsed === undefined ? [] : [{ of, ...parsed, ...at(["rates", of]), isLogged }];
    }),
  );
}

function auditOf(audit: PolicyShape["audit"], folder: string): PolicyDocument["audit"] {
  if (audit === undefined || audit === null) return undefined;
  return { file: resolve(folder, audit.file), level: audit.level ?? "decisions" };
}

interface Notes {
  readonly warn: (path: Path, message: string) => void;
  readonly origin: (path: Path, use: RuleOrigin["use"], kind: RuleOrigin["kind"], written: readonly string[]) => void;
  readonly folder: string;
}

function grantsOf(
  permissions: PermissionsShape | null | undefined,
  at: Path,
  { warn, origin, folder }: Notes,
  isFence: boolean,
): GrantsInput {
  if (permissions === null || permissions === undefined) return {};
  const { storage, network, environment, ipc, runtime, listen, lookup, process, stdin, clocks, random, custom } =
    permissions;
  const use = (of: "allow" | "deny"): RuleOrigin["use"] => (isFence && of === "allow" ? "fence" : of);
  const storageRules = (of: "allow" | "deny"): readonly StorageRuleInput[] =>
    (storage?.[of] ?? []).map((rule, index) => {
      origin([...at, "storage", of, index], use(of), "storage", [rule.uri]);
      const known = Object.entries(rule).filter(([, value]) => value !== undefined && value !== null);
      return { ...(Object.fromEntries(known) as unknown as StorageRuleInput), from: folder };
    });
  const networkRules = (of: "allow" | "deny"): NonNullable<NetworkRules> =>
    (network?.[of] ?? []).flatMap((entry, index) => {
      const written = networkTexts(entry, of);
      origin([...at, "network", of, index], use(of), "network", written);
      return written.map((rule) => (entry.reason === undefined ? rule : { rule, reason: entry.reason }));
    });
  const variables = (of: "allow" | "deny"): readonly EnvironmentEntry[] =>
    (environment?.[of] ?? []).map((entry, index) => {
      origin([...at, "environment", of, index], use(of), "environment", [entry.key]);
      return entry;
    });
  if ((ipc?.allow ?? []).length > 0)
    warn([...at, "ipc", "allow"], "ipc.allow has no effect: guests have no sockets of the host");
  for (const name of Object.keys(runtime ?? {})) {
    warn([...at, "runtime", name], `runtime.${name} has no effect: it is for another runtime`);
  }
  const allowed = variables("allow");
  const denied = variables("deny").map(({ key, reason }) => (reason === undefined ? key : { name: key, reason }));
  const set = allowed.filter((one) => one.value !== undefined).map(({ key, value = "" }) => [key, value] as const);
  const passed = allowed.filter((one) => one.value === undefined).map(({ key }) => key);
  return {
    ...(storage === undefined || storage === null
      ? {}
      : { filesystem: { allow: storageRules("allow"), deny: storageRules("deny") } }),
    ...(network === undefined || network === null
      ? {}
      : { network: { allow: networkRules("allow"), deny: networkRules("deny") } }),
    ...(environment === undefined || environment === null
      ? {}
      : {
          environment: {
            set: Object.fromEntries(set),
            allow: passed,
            ...(denied.length === 0 ? {} : { deny: denied }),
          },
        }),
    ...given({ listen, lookup, process, stdin, clocks, random, custom }),
  };
}

type NetworkRules = Exclude<GrantsInput["network"], string | undefined>["allow"];

function given(values: Readonly<Record<string, unknown>>): GrantsInput {
  const known = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(known) as GrantsInput;
}

/** The rules of `network` that an entry stands for. Without a port, to allow: 80 for HTTP and 443 for HTTPS. */
function networkTexts(entry: NetworkEntry, use: "allow" | "deny"): readonly string[] {
  const isBlock = "cidr" in entry;
  const split = isBlock ? undefined : splitHost(entry.host);
  const address = isBlock ? entry.cidr : (split?.host ?? "");
  const [start = "", prefix] = isBlock ? address.split("/") : [];
  const host = isBlock && isIP(start) === 6 ? `[${start}]${prefix === undefined ? "" : `/${prefix}`}` : address;
  const scheme = split?.scheme ?? entry.protocol;
  const ports = split?.port ?? (entry.port === undefined ? undefined : [entry.port].flat().join(","));
  const rule = (of: string | undefined, on: string | undefined): string =>
    `${of === undefined ? "" : `${of}://`}${host}${on === undefined ? "" : `:${on}`}`;
  if (ports !== undefined || use === "deny") return [rule(scheme, ports)];
  if (scheme === "http") return [rule(scheme, "80")];
  if (scheme === "https") return [rule(scheme, "443")];
  return scheme === undefined || scheme === "*" ? [rule("http", "80"), rule("https", "443")] : [rule(scheme, "80,443")];
}

function limitsOf(
  permissions: PermissionsShape | null | undefined,
  limits: PolicyShape["limits"],
  at: Path,
  warn: Notes["warn"],
): DocumentLimits | undefined {
  const resources = permissions?.resources;
  const found: { cpuSharePercent?: number; memoryBytes?: number } = {};
  if (resources?.io !== undefined && resources.io !== null) {
    warn(
      [...at, "resources", "io"],
      "resources.io has no effect: write limits.readBytesPerSecond and writeBytesPerSecond",
    );
  }
  const share = (percent: number, path: Path): number => {
    if (percent > 100) warn(path, `${percent} % is more than one processor, and a guest has one thread: 100 % holds`);
    return Math.max(1, Math.min(100, Math.floor(percent)));
  };
  const { cpu, memory } = resources?.limits ?? {};
  if (resources?.cpu !== undefined && resources.cpu !== null) {
    found.cpuSharePercent = share(resources.cpu, [...at, "resources", "cpu"]);
  }
  if (resources?.memory !== undefined && resources.memory !== null) found.memoryBytes = resources.memory * 2 ** 20;
  if (cpu !== undefined && cpu !== null) {
    const percent = typeof cpu === "string" ? (cpuPercent(cpu) ?? 1) : cpu * 100;
    found.cpuSharePercent = share(percent, [...at, "resources", "limits", "cpu"]);
  }
  if (memory !== undefined && memory !== null) {
    found.memoryBytes = typeof memory === "string" ? (memoryBytes(memory) ?? 0) : memory;
  }
  const own = limits ?? undefined;
  return own === undefined && Object.keys(found).length === 0 ? undefined : { ...found, ...(own as DocumentLimits) };
}

function matchOf(match: PolicyShape["match"]): PolicyDocument["match"] {
  if (match === undefined) return undefined;
  const { name, digest, signer } = match;
  return {
    ...(name === undefined ? {} : { names: [name].flat() }),
    ...(digest === undefined ? {} : { digests: [digest].flat() }),
    ...(signer === undefined ? {} : { signers: [signer].flat() }),
  };
}
