import { basename } from "node:path";
import { combineGrants } from "../policy/documents/combine.ts";
import { withinFence } from "../policy/fence.ts";
import type { Grants, ProcessGrant } from "../policy/grants.ts";
import { type GrantsBase, type GrantsInput, parseGrants } from "../policy/parsing/parse-grants.ts";
import { CordonError, messageOf } from "../shared/errors.ts";
import type { Requests, WholeCapability } from "./manifest.ts";

/** What a word asks for, as grants that cover all there is of it. Variables and programs are told apart by their names alone. */
const COVERS: Readonly<Record<WholeCapability, GrantsInput>> = {
  "filesystem-read": { filesystem: { allow: [{ uri: "fs:///**", access: ["read"] }] } },
  "filesystem-write": { filesystem: { allow: [{ uri: "fs:///**", access: ["write"] }] } },
  network: { network: { allow: ["any"] } },
  listen: { listen: ["*:*"] },
  lookup: { lookup: "any" },
  environment: {},
  stdin: { stdin: true },
  process: {},
  clocks: { clocks: { kind: "read", resolutionNs: 1 } },
  random: { random: "full" },
};

/**
 * What is granted as far as it is asked for. Requests add nothing: each part of the result is a part of what was granted.
 *
 * @throws CordonError `policy` for requests that cannot be read on this machine.
 */
export function withinRequests(granted: Grants, { whole, grants }: Requests, base: GrantsBase): Grants {
  const { process: programs, ...scoped } = grants;
  const asked = combineGrants([scoped, ...whole.map((one) => COVERS[one])]);
  const bound = readRequests(asked, base);
  const within = withinFence(granted, bound, variablesOf(granted, asked, whole.includes("environment")));
  const asksForFiles = (asked.filesystem?.allow ?? []).length > 0;
  return Object.freeze({
    ...within,
    ...(asksForFiles ? {} : { filesystemRead: [], filesystemWrite: [], preopens: [] }),
    process: whole.includes("process") ? granted.process : programsWithin(granted.process, programs, base),
  });
}

function readRequests(asked: GrantsInput, base: GrantsBase): Grants {
  try {
    return parseGrants(asked, base);
  } catch (thrown) {
    const message = `Cannot use what the manifest asks for: ${messageOf(thrown)}`;
    throw new CordonError("policy", message, { cause: thrown });
  }
}

/** The names of the variables that are asked for. */
function variablesOf(granted: Grants, { environment }: GrantsInput, isWhole: boolean): readonly string[] {
  const { allow = [], deny = [] } = typeof environment === "object" ? environment : {};
  const named = isWhole || allow === "all" ? granted.environment.map(([name]) => name) : allow;
  return named.filter((name) => !deny.includes(name));
}

/** A program by its path, or by its name alone, wherever the operator's is. One that this machine has not is not granted. */
function programsWithin(granted: ProcessGrant, asked: GrantsInput["process"], base: GrantsBase): ProcessGrant {
  if (asked === undefined || asked === "none" || granted.kind === "none") return Object.freeze({ kind: "none" });
  if (asked === "full") return granted;
  if (granted.kind === "commands") {
    const isAsked = ({ name, path }: { readonly name: string; readonly path: string }): boolean =>
      [name, path, basename(path)].some((one) => asked.includes(one));
    return Object.freeze({ kind: "commands", commands: granted.commands.filter(isAsked) });
  }
  const commands = asked.flatMap((name) => {
    try {
      const { process: found } = parseGrants({ process: [name] }, base);
      return found.kind === "commands" ? found.commands : [];
    } catch {
      return [];
    }
  });
  return Object.freeze({ kind: "commands", commands });
}
