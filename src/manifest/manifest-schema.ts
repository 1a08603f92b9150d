import * as z from "zod/mini";
import { type Check, digest } from "../policy/documents/formats.ts";
import { shown } from "../policy/documents/fault.ts";
import type { PermissionsShape } from "../policy/documents/policy-shape.ts";
import { grantedPermissions } from "../policy/documents/schema.ts";
import { problem, text } from "../policy/documents/zod-checks.ts";
import { capabilityWord } from "./capability-words.ts";
import { LIMIT_NAME_BOUNDS, limitsProblem } from "./limit-requests.ts";
import type { ManifestShape } from "./manifest-shape.ts";

/** The most entries of each list. */
const MAX_ENTRIES = 256;

/** The longest text for readers, in UTF-16 code units. */
const MAX_TEXT = 4_096;

const name: Check = (written) =>
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u.test(written)
    ? undefined
    : `${shown(written)} is no name of a component: it has 1 to 64 letters, digits and any of . _ -, and begins with a letter or digit`;

const version: Check = (written) =>
  /^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$/u.test(written)
    ? undefined
    : `${shown(written)} is no version: it has 1 to 64 letters, digits and any of . + _ -, and begins with a letter or digit`;

const modulePath: Check = (written) => {
  const segments = written.split("/");
  const isInside =
    written.length <= 1_024 &&
    segments.every((segment) => segment !== "" && segment !== "." && segment !== "..") &&
    !/[\0\\:]/u.test(written);
  return isInside
    ? undefined
    : `${shown(written)} is no path below the manifest's folder; write one such as target/tool.wasm`;
};

const exportName: Check = (written) =>
  written.length > 0 && written.length <= 300 && !written.includes("\0")
    ? undefined
    : "the name of an export has from 1 to 300 characters";

const reading: Check = (written) =>
  written.length <= MAX_TEXT ? undefined : `the text is longer than ${MAX_TEXT} characters`;

const keyId: Check = (written) =>
  /^[0-9a-f]{24}$/u.test(written) ? undefined : `${shown(written)} is no id of a key; it has 24 hexadecimal digits`;

const signatureValue: Check = (written) =>
  Buffer.from(written, "base64").length === 64 && Buffer.from(written, "base64").toString("base64") === written
    ? undefined
    : `${shown(written)} is no signature of Ed25519; cordon sign makes one`;

/** What of a policy's form says nothing in a request. */
function requestProblem({ storage, environment }: PermissionsShape): string | undefined {
  if ((storage?.allow ?? []).some(({ guest }) => guest !== undefined)) {
    return "guest opens a folder under another name, which a policy does and no request";
  }
  return (environment?.allow ?? []).some(({ value }) => value !== undefined)
    ? "value sets a variable, which a policy does and no request; name the variable alone"
    : undefined;
}

const readers = z.nullish(text(reading, "For readers."));

function bounded<T extends z.core.SomeType>(entry: T): z.ZodMiniOptional<z.ZodMiniNullable<z.ZodMiniArray<T>>> {
  return z.nullish(z.array(entry).check(z.maxLength(MAX_ENTRIES)));
}

const limits = z
  .strictObject(
    Object.fromEntries(
      Object.entries(LIMIT_NAME_BOUNDS).map(([one, [least, most]]) => [
        one,
        z.optional(z.int().check(z.minimum(least), z.maximum(most))),
      ]),
    ),
  )
  .check(problem(limitsProblem) as z.core.$ZodCheck<Record<string, number | undefined>>);

/** A manifest, `skill.yaml`. Entries are strict: what is not known is a fault. */
export const manifestSchema: z.ZodMiniType<ManifestShape> = z.strictObject({
  $schema: z.optional(z.string()),
  name: text(name, "What it is called."),
  version: text(version, '"1.0.0"'),
  description: readers,
  author: readers,
  license: readers,
  module: text(modulePath, "The component's path from the manifest's folder."),
  digest: z.nullish(text(digest, "sha256: and 64 hex digits.")),
  capabilities: bounded(
    z.union([text(capabilityWord, "A capability as a whole."), grantedPermissions.check(problem(requestProblem))]),
  ),
  limits: z.nullish(limits),
  exports: bounded(
    z.strictObject({
      name: text(exportName, "The function, as cordon run takes it."),
      description: readers,
      input_schema: z.optional(z.unknown()),
      output_schema: z.optional(z.unknown()),
    }),
  ),
  signature: bounded(
    z.strictObject({ key: text(keyId, "The id of the key."), value: text(signatureValue, "In base64.") }),
  ),
});
