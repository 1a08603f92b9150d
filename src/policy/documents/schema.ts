import * as z from "zod/mini";
import { LIMIT_BOUNDS } from "../../shared/limits/limit-bounds.ts";
import { PROFILE_NAMES } from "../../shared/limits/limit-profiles.ts";
import { parseClocks } from "../parsing/parse-clocks.ts";
import { parseCustom } from "../parsing/parse-custom.ts";
import { parseListen } from "../parsing/parse-listen.ts";
import { parseLookup } from "../parsing/parse-lookup.ts";
import { parseRandom } from "../parsing/parse-random.ts";
import { parseSecrets } from "../parsing/parse-secrets.ts";
import { PUBLISHER_LEVELS } from "../../shared/publisher-level.ts";
import type { Problems } from "../problems.ts";
import type { PermissionsShape, PolicyShape, SignatureEntry } from "./policy-shape.ts";
import { parsePorts } from "../port-ranges.ts";
import { ACCESS_WORDS } from "../storage/access.ts";
import { shown } from "./fault.ts";
import { problem, text } from "./zod-checks.ts";
import {
  auditFile,
  cidr,
  cpu,
  digest,
  environmentKey,
  isMemory,
  memory,
  networkHost,
  openedUri,
  rateText,
  signerName,
  splitHost,
  storageUri,
  version,
} from "./formats.ts";

/** What the parsers of grants take, which note what is wrong. */
function parsed(parse: (value: unknown, problems: Problems) => unknown): z.core.$ZodCheck<unknown> {
  return problem((value) => {
    const problems: string[] = [];
    parse(value, problems);
    return problems.length === 0 ? undefined : problems.join("; ");
  });
}

const list = <T extends z.core.SomeType>(entry: T): z.ZodMiniOptional<z.ZodMiniNullable<z.ZodMiniArray<T>>> =>
  z.nullish(z.array(entry));

const reason = z.optional(
  z.string().check(
    problem((value) => (value.length > 0 && value.length <= 500 ? undefined : "a reason has from 1 to 500 characters")),
    z.describe("Why there is this rule; told with a denial, and in its event."),
  ),
);
const access = z.array(z.enum(ACCESS_WORDS as [string, ...string[]])).check(
  problem((value) => (value.length > 0 ? undefined : `it names no access; write any of ${ACCESS_WORDS.join(", ")}`)),
  z.describe("write is modify, create and delete together."),
);
const uri = text(storageUri, "fs:///PATH, or fs://PATH from the document's folder; * and ** are wildcards.");

const storageAllow = z.strictObject({
  uri,
  access,
  guest: z.optional(z.string().check(z.describe("The name under which a WASI guest finds the folder."))),
  opens: z.optional(
    text(openedUri, "The folder that a WASI guest finds, which uri begins with; default up to the first wildcard."),
  ),
  maxFileBytes: z.optional(z.int().check(z.minimum(0), z.describe("The size no file may be made to pass."))),
  reason,
});
const storageDeny = z.strictObject({ uri, access: z.nullish(access), reason });

const port = z.int().check(z.minimum(1), z.maximum(65_535));
const portRange = text(
  (written) =>
    written === "*" || (written.includes("-") && parsePorts(written) !== undefined)
      ? undefined
      : `${shown(written)} is no range of ports; write START-END, "*", or a number without quotes`,
  "START-END, or * for every port.",
);
const protocol = z.optional(z.enum(["http", "https", "tcp", "udp"]));
const reach = { port: z.optional(z.union([port, portRange, z.array(z.union([port, portRange]))])), protocol, reason };
const networkHostEntry = z
  .strictObject({ host: text(networkHost, "[SCHEME://]HOST[:PORT], as docs/grants.md has hosts."), ...reach })
  .check(
    problem((entry) => {
      const found = splitHost(entry.host);
      if (found.port !== undefined && entry.port !== undefined) return "the port is in host and in port; write it once";
      if (found.scheme !== undefined && entry.protocol !== undefined) {
        return "the protocol is in host and in protocol; write it once";
      }
      return undefined;
    }),
  );
const networkBlockEntry = z.strictObject({ cidr: text(cidr, "ADDRESS/PREFIX"), ...reach });
const networkEntry = z.union([networkHostEntry, networkBlockEntry]);

const key = text(environmentKey, "The name of a variable.");
const resourceLimits = z.strictObject({
  cpu: z.nullish(z.union([text(cpu, "500m is half a processor."), z.number().check(z.minimum(0.01))])),
  memory: z.nullish(z.union([text(memory, "512Mi, or bytes."), z.int().check(memoryCheck(1))])),
});

function memoryCheck(unit: number): z.core.$ZodCheck<number> {
  return problem((value) => (isMemory(value * unit) ? undefined : "memory is from 64 KiB to 1 TiB"));
}

/** What is under `permissions`. */
const permissions = z.strictObject({
  storage: z.nullish(z.strictObject({ allow: list(storageAllow), deny: list(storageDeny) })),
  network: z.nullish(z.strictObject({ allow: list(networkEntry), deny: list(networkEntry) })),
  environment: z.nullish(
    z.strictObject({
      allow: list(z.strictObject({ key, value: z.optional(z.string()), reason })),
      deny: list(z.strictObject({ key, reason })),
    }),
  ),
  resources: z.nullish(
    z.strictObject({
      limits: z.nullish(resourceLimits),
      cpu: z.nullish(z.number().check(z.minimum(1), z.describe("In percent of one processor."))),
      memory: z.nullish(z.int().check(memoryCheck(2 ** 20), z.describe("In MiB."))),
      io: z.nullish(z.unknown().check(z.describe("Has no effect."))),
    }),
  ),
  ipc: z.nullish(z.strictObject({ allow: list(z.unknown()), deny: list(z.unknown()) })),
  runtime: z.nullish(z.record(z.string(), z.unknown())),
  listen: list(
    z.string().check(parsed((value, problems) => parseListen([value], problems)) as z.core.$ZodCheck<string>),
  ),
  lookup: z.nullish(
    z
      .union([z.enum(["any", "none"]), z.array(z.string())])
      .check(parsed((value, problems) => parseLookup(value, [], problems)) as z.core.$ZodCheck<string | string[]>),
  ),
  process: z.nullish(z.union([z.enum(["none", "full"]), z.array(z.string())])),
  stdin: z.nullish(z.boolean()),
  clocks: z.nullish(z.unknown().check(parsed(parseClocks))),
  random: z.nullish(z.unknown().check(parsed(parseRandom))),
  custom: z.nullish(z.unknown().check(parsed(parseCustom))),
});

/** Those of `permissions` that are grants, for documents of other kinds. */
export const grantedPermissions: z.ZodMiniType<PermissionsShape> = z.omit(permissions, {
  resources: true,
  ipc: true,
  runtime: true,
});

const limitShape = Object.fromEntries(
  Object.entries(LIMIT_BOUNDS).map(([name, [least, most]]) => [
    name,
    z.optional(z.int().check(z.minimum(least), z.maximum(most))),
  ]),
);
const limits = z.strictObject({ profile: z.optional(z.enum(PROFILE_NAMES as unknown as [string])), ...limitShape });

const keyName = text(signerName, "The name of a trusted key.");
const signature = z
  .strictObject({
    require: z.union([z.enum(["none", "any"]), z.array(keyName).check(z.minLength(1), z.maxLength(256))]),
    threshold: z.optional(z.int().check(z.minimum(1), z.maximum(256))),
    level: z.optional(z.enum(PUBLISHER_LEVELS)),
  })
  .check(problem(unmeetable));

const secret = z
  .strictObject({ key: z.string(), host: z.string(), header: z.string() })
  .check(parsed((value, problems) => parseSecrets([value], problems)));

/** Why nobody can meet what a document asks of signatures. */
function unmeetable({ require: from, threshold, level }: SignatureEntry): string | undefined {
  if (from === "none") {
    const says = threshold !== undefined || level !== undefined;
    return says ? "a threshold or level says nothing where no signature is required" : undefined;
  }
  const most = from === "any" ? 256 : new Set(from).size;
  return threshold !== undefined && threshold > most ? `the threshold is a whole number from 1 to ${most}` : undefined;
}

const rate = text(rateText, '"N per second" or "N per minute".');
const someRates = z.nullish(z.union([rate, z.array(rate).check(z.minLength(1), z.maxLength(4))]));
const rates = z.strictObject({ calls: someRates, denials: someRates });

const audit = z.strictObject({
  file: text(auditFile, "Events are appended to it as JSON lines; relative to the document's folder."),
  level: z.optional(
    z.enum(["denials", "decisions"]).check(z.describe("Default decisions: every event. Denials are never left out.")),
  ),
});

const names = z.union([z.string(), z.array(z.string())]);
const digestText = text(digest, "sha256: and 64 hex digits.");

/** A policy document. Entries are strict: what is not known is a fault. */
export const policySchema: z.ZodMiniType<PolicyShape> = z.strictObject({
  $schema: z.optional(z.string()),
  version: text(version, '"1.0"'),
  description: z.nullish(z.string()),
  match: z.optional(
    z.strictObject({
      name: z.optional(names),
      digest: z.optional(z.union([digestText, z.array(digestText)])),
      signer: z.optional(z.union([keyName, z.array(keyName)])),
    }),
  ),
  permissions: z.nullish(permissions),
  limits: z.nullish(limits),
  isolation: z.optional(z.enum(["thread", "process", "auto"])),
  reload: z.optional(z.enum(["narrow-only"])),
  signature: z.optional(signature),
  secrets: list(secret),
  enforce: z.optional(
    z.enum(["deny", "log"]).check(z.describe("log: what the document denies passes, and is recorded as would-deny.")),
  ),
  rates: z.nullish(rates),
  audit: z.nullish(audit),
  fence: z.optional(z.strictObject({ permissions: z.nullish(permissions), limits: z.nullish(limits) })),
});

/** The same schema as JSON Schema 2020-12. */
export function policyJsonSchema(): Readonly<Record<string, unknown>> {
  return { title: "A policy document of Cordon", ...z.toJSONSchema(policySchema) };
}
