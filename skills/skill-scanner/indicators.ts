import { HOLE } from "./python-values.ts";

/** A place data is sent to by those who steal it. */
export interface ExfiltrationEndpoint {
  /** Host, with the start of the path where only part of the host is meant. Subdomains count. */
  readonly address: string;
  readonly what: string;
}

const ENDPOINT_TABLE: Readonly<Record<string, string>> = {
  "request catcher": `webhook.site requestbin.com requestbin.net pipedream.net requestcatcher.com hookbin.com beeceptor.com
    interact.sh oast.fun oast.live oast.me oast.online oast.pro oast.site oastify.com burpcollaborator.net canarytokens.com
    dnslog.cn ceye.io typedwebhook.tools hookdeck.com`,
  "paste service": `pastebin.com paste.ee hastebin.com dpaste.com dpaste.org ghostbin.com rentry.co ix.io termbin.com
    0x0.st sprunge.us controlc.com privatebin.net pastie.org`,
  "anonymous upload service": `transfer.sh file.io anonfiles.com gofile.io bashupload.com temp.sh catbox.moe tmpfiles.org
    uguu.se pixeldrain.com`,
  tunnel: `ngrok.io ngrok.app ngrok.dev ngrok-free.app ngrok-free.dev loca.lt localhost.run serveo.net trycloudflare.com
    bore.pub pagekite.me localtunnel.me`,
  "chat webhook": `discord.com/api/webhooks discordapp.com/api/webhooks hooks.slack.com/services api.telegram.org/bot
    webhook.office.com`,
};

const ENDPOINTS: readonly ExfiltrationEndpoint[] = Object.entries(ENDPOINT_TABLE).flatMap(([what, addresses]) =>
  addresses.split(/\s+/).map((address) => ({ address, what })),
);

const HOSTILE_WORDS = new Set(
  "attacker attackers evil malicious malware exfil exfiltrate hacker hackers c2 stealer phishing payloads".split(" "),
);

/** What a text says about a network destination. */
export interface Destination {
  readonly severity: "critical" | "high";
  readonly description: string;
  /** Offset in the text. */
  readonly at: number;
}

/**
 * The suspicious destinations a text names, in its order: as a URL, or as the whole text (`host`, `host/path`). A host in the middle
 * of a sentence is not one.
 */
export function suspiciousDestinations(text: string): Destination[] {
  if (!text.includes(".")) return [];
  const lower = text.toLowerCase();
  const found: Destination[] = [];
  for (const { address, what } of ENDPOINTS) {
    const at = findAddress(lower, address);
    if (at !== -1) found.push({ severity: "critical", description: `Known ${what}: ${address}`, at });
  }
  let scheme = lower.indexOf("://");
  for (let seen = 0; scheme !== -1 && seen < 1_000; seen++) {
    const host = hostAt(lower, scheme + 3);
    if (isPublicAddress(host)) {
      found.push({ severity: "high", description: `Address instead of a host name: ${host}`, at: scheme });
    } else if (host.endsWith(".onion")) {
      found.push({ severity: "critical", description: `Hidden service: ${host}`, at: scheme });
    } else if (isHostileName(host)) {
      found.push({ severity: "high", description: `Host name of an attacker: ${host}`, at: scheme });
    }
    scheme = lower.indexOf("://", scheme + 3);
  }
  return found.sort((a, b) => a.at - b.at);
}

/** Finds an address where a URL or the whole text names it. */
function findAddress(text: string, address: string): number {
  let at = text.indexOf(address);
  for (let seen = 0; at !== -1 && seen < 100; seen++) {
    const after = text[at + address.length] ?? "";
    const before = text[at - 1] ?? "";
    const wholeHost = (before === "" || !isHostUnit(before) || before === ".") && (after === "" || !isHostUnit(after));
    if ((wholeHost || (address.includes("/") && after !== "." && before !== "-")) && isDestination(text, at)) return at;
    at = text.indexOf(address, at + address.length);
  }
  return -1;
}

function isDestination(text: string, at: number): boolean {
  let start = at;
  while (start > 0 && at - start < 300 && isHostUnit(text[start - 1] ?? "")) start -= 1;
  if (start === 0) return !/\s/.test(text.slice(0, 300));
  return text[start - 1] === "@" || text.startsWith("//", start - 2) || text[start - 1] === HOLE;
}

function isHostUnit(char: string): boolean {
  return (char >= "a" && char <= "z") || (char >= "0" && char <= "9") || char === "-" || char === "." || char === "_";
}

function hostAt(text: string, from: number): string {
  let end = from;
  while (end < text.length && end - from < 300 && (isHostUnit(text[end] ?? "") || text[end] === "@")) end++;
  const authority = text.slice(from, end);
  return authority.slice(authority.lastIndexOf("@") + 1);
}

/** True for an IPv4 address in dotted form outside the private, loopback, link-local and documentation ranges. */
export function isPublicAddress(host: string): boolean {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host);
  if (match === null) return false;
  const [a = 0, b = 0, c = 0, d = 0] = match.slice(1).map(Number);
  if (a > 255 || b > 255 || c > 255 || d > 255) return false;
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false;
  return !((a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254));
}

function isHostileName(host: string): boolean {
  return host.includes(".") && host.split(/[.-]/).some((word) => HOSTILE_WORDS.has(word));
}

const SECRET_WORDS = new Set(
  `KEY KEYS APIKEY SECRET SECRETS TOKEN TOKENS PASSWORD PASSWD PASS PASSPHRASE PWD CREDENTIAL CREDENTIALS CREDS AUTH
  PRIVATE PAT DSN COOKIE WEBHOOK MNEMONIC`.split(/\s+/),
);

/** Names that hold a password in a URL more often than not. */
const SECRET_NAMES = new Set(
  "DATABASE_URL MONGO_URL MONGO_URI MONGODB_URI REDIS_URL POSTGRES_URL MYSQL_URL AMQP_URL".split(" "),
);

const HARMLESS_NAMES = new Set(
  `HOME PATH USER USERNAME LOGNAME LANG LANGUAGE TERM SHELL PWD OLDPWD TMPDIR TEMP TMP TZ EDITOR VISUAL PAGER DISPLAY
  WAYLAND_DISPLAY NO_COLOR FORCE_COLOR COLORTERM CI DEBUG VERBOSE LOG_LEVEL LOGLEVEL PORT HOST HOSTNAME COLUMNS LINES
  NODE_ENV ENV APPDATA LOCALAPPDATA USERPROFILE PROGRAMFILES SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT OS VIRTUAL_ENV
  CONDA_PREFIX OSTYPE MSYSTEM PPID`.split(/\s+/),
);

/** How much an environment variable's name says: a secret, something ordinary, or nothing. */
export function environmentVariableKind(name: string): "secret" | "plain" | "harmless" {
  if (name.length > 200) return "plain";
  const upper = name.toUpperCase();
  if (HARMLESS_NAMES.has(upper) || /^(?:LC|XDG|PYTHON|CI)_?[A-Z0-9_]{0,60}$/.test(upper)) {
    return isSecretName(upper) && !HARMLESS_NAMES.has(upper) ? "secret" : "harmless";
  }
  return isSecretName(upper) ? "secret" : "plain";
}

function isSecretName(upper: string): boolean {
  return SECRET_NAMES.has(upper) || upper.split(/[^A-Z0-9]/).some((word) => SECRET_WORDS.has(word));
}
