import { realpathSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { isUtf8 } from "node:buffer";
import { CordonError } from "../shared/errors.ts";
import { nearest } from "../shared/suggest.ts";
import type { Grants, HostGrant, NetworkGrant, PathGrant } from "./grants.ts";
import { parseHost } from "./parse-host.ts";

/** Files that a guest may reach. What is left out is not granted. */
export interface FilesystemGrantsInput {
  /** Files and folders that may be read, folders with everything below them. Relative paths start at the base's `cwd`. */
  readonly read?: readonly string[];
  /** Files and folders that may be written. Writing does not include reading. */
  readonly write?: readonly string[];
}

/** Hosts that a guest may reach over HTTP. What is left out is not granted. */
export interface NetworkGrantsInput {
  /** Whether any host that resolves to a public address may be reached, on any port; default `false`. */
  readonly public?: boolean;
  /**
   * Single hosts, as `HOST[:PORT]`: a DNS name (public addresses only), `localhost` (the loopback interface), an IPv4 address or
   * a bracketed IPv6 address. Without a port, the default port of the URL's scheme is meant.
   */
  readonly hosts?: readonly string[];
}

/** What a guest is granted, as users of the SDK write it; `{}` grants nothing. */
export interface GrantsInput {
  readonly filesystem?: FilesystemGrantsInput;
  readonly network?: NetworkGrantsInput;
}

/** Where grants are read. */
export interface GrantsBase {
  /** Where relative paths start. */
  readonly cwd: string;
  /** Folders that no write grant covers, whatever it says: what the host itself keeps code in. */
  readonly protectedFolders?: readonly string[];
}

/**
 * Reads grants as an operator wrote them. Every path must exist; its symbolic links are resolved now, once. The result is
 * frozen.
 *
 * @throws {CordonError} `policy` with every problem in one message: an unknown key, a value of the wrong type, a path that
 * does not exist, a host outside the grammar. `usage` when `base.cwd` is not an absolute path of an existing folder.
 */
export function parseGrants(input: GrantsInput, base: GrantsBase): Grants {
  const cwd = isAbsolute(base.cwd) ? realPath(base.cwd) : { problem: "it is not absolute" };
  if (typeof cwd !== "string") {
    throw new CordonError(
      "usage",
      `Cannot use ${quote(base.cwd)} as the current folder: ${cwd.problem}; name a folder that exists`,
    );
  }
  const protectedFolders = (base.protectedFolders ?? []).map((folder) => {
    const real = realPath(resolve(folder));
    return typeof real === "string" ? real : resolve(folder);
  });
  const problems: string[] = [];
  const root = section(input, "the grants", ["filesystem", "network"], problems);
  const filesystem = section(root["filesystem"] ?? {}, "filesystem", ["read", "write"], problems);
  const network = section(root["network"] ?? {}, "network", ["public", "hosts"], problems);
  const grants: Grants = {
    cwd,
    filesystemRead: parsePaths(filesystem["read"], "read", cwd, [], problems),
    filesystemWrite: parsePaths(filesystem["write"], "write", cwd, protectedFolders, problems),
    network: parseNetwork(network, problems),
  };
  if (problems.length === 1) throw new CordonError("policy", problems.join());
  if (problems.length > 1) {
    const list = problems.map((problem, index) => `(${index + 1}) ${problem}`).join("; ");
    throw new CordonError("policy", `Cannot use the grants, ${problems.length} problems: ${list}`);
  }
  return Object.freeze(grants);
}

/** The object's own properties, once its keys are known to be among `keys`. */
function section(
  value: unknown,
  name: string,
  keys: readonly string[],
  problems: string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    problems.push(`Cannot read ${name}: expected an object with ${keys.join(" and ")}, found ${describe(value)}`);
    return {};
  }
  for (const key of Object.keys(value)) {
    if (keys.includes(key)) continue;
    const near = nearest(key, keys);
    const hint = near === undefined ? `the keys are ${keys.join(" and ")}` : `did you mean ${quote(near)}?`;
    problems.push(`Cannot read ${name}: unknown key ${quote(key)}; ${hint}`);
  }
  return { __proto__: null, ...value };
}

function parsePaths(
  value: unknown,
  access: "read" | "write",
  cwd: string,
  except: readonly string[],
  problems: string[],
): readonly PathGrant[] {
  const grants: PathGrant[] = [];
  for (const written of strings(value, `filesystem.${access}`, problems)) {
    const path = resolve(cwd, written);
    const root = written === "" ? { problem: "the path is empty" } : realPath(path);
    if (typeof root === "string") {
      grants.push(Object.freeze({ root, path, except: Object.freeze([...except]), written }));
    } else {
      problems.push(`Cannot grant ${access} of ${quote(written)}: ${root.problem}; name a file or folder that exists`);
    }
  }
  return Object.freeze(grants);
}

function parseNetwork(section: Readonly<Record<string, unknown>>, problems: string[]): NetworkGrant {
  const all = section["public"] ?? false;
  if (typeof all !== "boolean")
    problems.push(`Cannot read network.public: expected true or false, found ${describe(all)}`);
  const hosts: HostGrant[] = [];
  for (const written of strings(section["hosts"], "network.hosts", problems)) {
    const parsed = parseHost(written);
    if (parsed.ok) hosts.push(parsed.grant);
    else problems.push(`Cannot grant the host ${quote(written)}: ${parsed.problem}`);
  }
  return Object.freeze({ public: all === true, hosts: Object.freeze(hosts) });
}

function strings(value: unknown, name: string, problems: string[]): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    problems.push(`Cannot read ${name}: expected a list of strings, found ${describe(value)}`);
    return [];
  }
  const list: readonly unknown[] = value;
  const found: string[] = [];
  for (const [index, item] of list.entries()) {
    if (typeof item === "string") found.push(item);
    else problems.push(`Cannot read ${name}[${index}]: expected a string, found ${describe(item)}`);
  }
  return found;
}

/** The path with its links resolved, or why that failed. */
function realPath(path: string): string | { readonly problem: string } {
  if (path.includes("\0")) return { problem: "the path has a NUL character" };
  try {
    // As bytes: two names that differ in bytes only could otherwise decode to one text.
    const real = realpathSync.native(path, "buffer");
    return isUtf8(real) ? real.toString("utf8") : { problem: "its real path is not valid UTF-8" };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return { problem: "no such file or folder" };
    return { problem: `its real path cannot be found (${String(code)})` };
  }
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : typeof value;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text);
}
