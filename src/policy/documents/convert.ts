import { homedir } from "node:os";
import { CordonError } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import type { GrantsInput } from "../parsing/parse-grants.ts";
import type { PreopenInput } from "../parsing/parse-preopens.ts";
import { parsePreopenText } from "../parsing/preopen-text.ts";

/** A document made of something else, as JSON values, and what of it no document can say. */
export interface Converted {
  readonly document: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

/** The document that says what settings of the sandbox runtime (srt) or of the wasm-sandbox crate say; `undefined` for neither. */
export function convertSettings(value: unknown): Converted | undefined {
  if (!isMap(value)) return undefined;
  const { network, filesystem } = value;
  const isSrt =
    (isMap(network) && ("allowedDomains" in network || "deniedDomains" in network)) ||
    (isMap(filesystem) && ("allowWrite" in filesystem || "denyRead" in filesystem || "denyWrite" in filesystem));
  if (isSrt) return convertSrt(value);
  const capabilities = isMap(value["capabilities"]) ? value["capabilities"] : value;
  const known = ["network", "filesystem", "environment", "process", "time", "random", "custom"];
  return known.some((key) => key in capabilities) ? convertCrate(capabilities) : undefined;
}

/** Reading is allowed everywhere but where it is denied, and writing nowhere but where it is allowed. */
function convertSrt({ network, filesystem }: Json): Converted {
  const notes: string[] = [];
  const hosts = (list: unknown): readonly Json[] => texts(list).map((host) => ({ host, port: "*" }));
  const { allowedDomains, deniedDomains } = isMap(network) ? network : {};
  const { denyRead, allowRead, allowWrite, denyWrite } = isMap(filesystem) ? filesystem : {};
  const rule =
    (access: string, use: "allow" | "deny") =>
    (path: string): readonly Json[] => {
      const uri = uriOf(path);
      if (uri !== undefined) return [{ uri, access: [access] }];
      const why = "it begins at another user's home, or has other wildcards than * and **";
      if (use === "deny") {
        const message = `Cannot convert the settings: no document can deny ${quoteText(path)}: ${why}; write it otherwise`;
        throw new CordonError("usage", message);
      }
      notes.push(`the path ${quoteText(path)} is not converted: ${why}`);
      return [];
    };
  notes.push("reading, which those settings allow everywhere, is allowed below /: name the folders instead");
  return {
    document: {
      version: "1.0",
      permissions: {
        storage: {
          allow: [
            { uri: "fs:///", access: ["read"] },
            ...texts(allowWrite).flatMap(rule("write", "allow")),
            ...texts(allowRead).flatMap(rule("read", "allow")),
          ],
          deny: [...texts(denyRead).flatMap(rule("read", "deny")), ...texts(denyWrite).flatMap(rule("write", "deny"))],
        },
        network: { allow: hosts(allowedDomains), deny: texts(deniedDomains).map((host) => ({ host })) },
      },
    },
    notes,
  };
}

/** `Capabilities` of the crate, as serde writes them. */
function convertCrate(capabilities: Json): Converted {
  const notes: string[] = [];
  const files = isMap(capabilities["filesystem"]) ? capabilities["filesystem"] : {};
  const bound = typeof files["max_file_size"] === "number" ? { maxFileBytes: files["max_file_size"] } : {};
  const write = [
    "modify",
    ...(files["allow_create"] === true ? ["create"] : []),
    ...(files["allow_delete"] === true ? ["delete"] : []),
  ];
  const rule =
    (access: readonly string[], more: Json) =>
    (path: string): Json => ({
      uri: `fs://${encode(path)}`,
      access,
      ...more,
    });
  const random: Readonly<Record<string, string>> = { None: "none", PseudoOnly: "pseudo", Full: "full" };
  const process = caseOf(capabilities["process"]);
  const environment = caseOf(capabilities["environment"]);
  if (environment.name === "Full" || environment.name === "Denylist") {
    notes.push("the environment is not converted: a document names each variable that is passed");
  }
  const permissions = {
    storage: {
      allow: [
        ...texts(files["readable_dirs"]).map(rule(["read"], {})),
        ...texts(files["writable_dirs"]).map(rule(write, bound)),
      ],
    },
    network: { allow: crateNetwork(caseOf(capabilities["network"])) },
    environment: { allow: environment.name === "Allowlist" ? texts(environment.value).map((key) => ({ key })) : [] },
    process: process.name === "Full" ? "full" : texts(process.value),
    ...(capabilities["time"] === undefined ? {} : { clocks: "read" }),
    ...(typeof capabilities["random"] === "string" ? { random: random[capabilities["random"]] ?? "none" } : {}),
  };
  if (capabilities["time"] === "Full") notes.push("setting the time is not converted: no guest can");
  if (isMap(capabilities["custom"])) notes.push("custom capabilities are not converted: write them under custom");
  return { document: { version: "1.0", permissions }, notes };
}

function crateNetwork({ name, value }: { readonly name: string; readonly value: unknown }): readonly Json[] {
  const range = (ports: unknown): string | undefined =>
    isMap(ports) ? `${String(ports["start"])}-${String(ports["end"])}` : undefined;
  if (name === "Loopback") return [{ host: "loopback", port: "*" }];
  if (name === "Full") return [{ host: "any", port: "*" }];
  if (!Array.isArray(value)) return [];
  if (name === "AllowedPorts") return value.map((ports) => ({ host: "*", port: range(ports) }));
  return (value as readonly unknown[]).filter(isMap).map(({ host, ports, secure }) => ({
    host,
    ...(isMap(ports) ? { port: range(ports) } : {}),
    ...(secure === true ? { protocol: "https" } : {}),
  }));
}

/** What flags grant, as a document. */
export function convertGrants(grants: GrantsInput, cwd: string, limits: Json): Converted {
  const { filesystem = {}, network, environment, ...others } = grants;
  const notes: string[] = [];
  const bound = filesystem.maxFileBytes === undefined ? {} : { maxFileBytes: filesystem.maxFileBytes };
  const rule =
    (access: readonly string[], more: Json = {}) =>
    (path: string): Json => ({ uri: uriFrom(path, cwd), access, ...more });
  const opened = (filesystem.preopens ?? []).map((one): Json => {
    const folder: PreopenInput = typeof one === "string" ? parsePreopenText(one) : one;
    const rights = folder.write === true ? ["read", "modify"] : ["read"];
    const more = (folder.create ?? filesystem.create) === true ? ["create"] : [];
    if ((folder.delete ?? filesystem.delete) === true) more.push("delete");
    const guest = folder.guest === undefined ? {} : { guest: folder.guest };
    const writing = folder.write === true ? { access: [...rights, ...more], ...bound } : { access: rights };
    return { uri: uriFrom(folder.host, cwd), ...writing, ...guest };
  });
  const parts = typeof network === "object" ? network : {};
  const hosts = (parts.hosts ?? []).flatMap((one) => (typeof one === "string" ? [hostEntry(one)] : []));
  const everyPublic =
    parts.public === true
      ? [
          { host: "*", port: "*", protocol: "http" },
          { host: "*", port: "*", protocol: "https" },
        ]
      : [];
  const variables = typeof environment === "object" ? environment : {};
  if (environment === "full" || variables.allow === "all") {
    notes.push("passing every variable is not converted: a document names each");
  }
  const permissions = {
    storage: {
      allow: [
        ...(filesystem.read ?? []).map(rule(["read"])),
        ...(filesystem.write ?? []).map(rule(["modify", "create"], bound)),
        ...opened,
        ...(filesystem.allow ?? []),
      ],
      deny: (filesystem.deny ?? []).map((one) => (typeof one === "string" ? { uri: one } : one)),
    },
    network: { allow: [...everyPublic, ...hosts, ...rules(parts.allow)], deny: rules(parts.deny) },
    environment: {
      allow: [
        ...(variables.allow === "all" ? [] : (variables.allow ?? [])).map((key) => ({ key })),
        ...Object.entries(variables.set ?? {}).map(([key, value]) => ({ key, value })),
      ],
    },
    ...others,
  };
  return {
    document: { version: "1.0", permissions, ...(Object.keys(limits).length === 0 ? {} : { limits }) },
    notes,
  };
}

function rules(list: readonly (string | { readonly rule: string })[] = []): readonly Json[] {
  return list.map((one) => hostEntry(typeof one === "string" ? one : one.rule));
}

/** A network rule as an entry: ports are written by themselves where they are not one number. */
function hostEntry(written: string): Json {
  const [, scheme, rest = ""] = /^(?:([^/:]*):\/\/)?(.*)$/su.exec(written) ?? [];
  const [, host = rest, ports] = /^(\[[^\]]*\](?:\/\d+)?|[^:[\]]*)(?::(.*))?$/su.exec(rest) ?? [];
  const list = ports?.split(",").map((one) => (/^\d+$/u.test(one) ? Number(one) : one));
  const port = list === undefined ? {} : { port: list.length === 1 ? list[0] : list };
  const named = host.includes("/") ? { cidr: host.replaceAll(/[[\]]/gu, "") } : { host };
  return { ...named, ...port, ...(scheme === undefined || scheme === "*" ? {} : { protocol: scheme }) };
}

function uriFrom(path: string, cwd: string): string {
  const absolute = path.startsWith("/") ? path : `${cwd}/${path}`;
  const names = absolute.split("/").filter((name) => name !== "" && name !== ".");
  const kept: string[] = [];
  for (const name of names) {
    if (name === "..") kept.pop();
    else kept.push(name);
  }
  return `fs:///${kept.map(encode).join("/")}`;
}

/** A pattern of srt as a URI; its patterns beside `*` and `**` have no counterpart. A tilde is the home of this user. */
function uriOf(path: string): string | undefined {
  const [, below] = /^~(\/.*)?$/su.exec(path) ?? [];
  if ((path.startsWith("~") && path !== "~" && below === undefined) || /[?[\]{}]/u.test(path)) return undefined;
  if (path.startsWith("~"))
    return `fs:///${homedir().split("/").filter(Boolean).map(encode).join("/")}${encoded(below ?? "")}`;
  return `fs://${encoded(path.replace(/^\.\//u, ""))}`;
}

function encoded(pattern: string): string {
  return pattern.replaceAll("%", "%25");
}

function encode(name: string): string {
  return name.replaceAll("%", "%25").replaceAll("*", "%2A");
}

/** A case of an enumeration, as serde writes it: a text, or a map of one key. */
function caseOf(value: unknown): { readonly name: string; readonly value: unknown } {
  if (typeof value === "string") return { name: value, value: undefined };
  const [entry] = isMap(value) ? Object.entries(value) : [];
  return { name: entry?.[0] ?? "None", value: entry?.[1] };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
