import type { Severity } from "./finding.ts";
import { HOLE } from "./python-values.ts";

/** A kind of file that holds credentials. */
export interface CredentialPath {
  readonly what: string;
  /** How bad opening it is. */
  readonly severity: Severity;
}

type Row = readonly [what: string, severity: Severity, paths: string];

/** Whole path segments, compared without regard to case. */
const TABLE: readonly Row[] = [
  ["SSH keys", "critical", "id_rsa, id_dsa, id_ecdsa, id_ed25519, .ssh/authorized_keys, .ssh/identity"],
  ["SSH keys", "high", ".ssh, ssh_host_rsa_key, ssh_host_ed25519_key"],
  ["AWS credentials", "critical", ".aws/credentials, .aws/config, .aws"],
  [
    "Google Cloud credentials",
    "critical",
    ".config/gcloud, gcloud/credentials.db, application_default_credentials.json",
  ],
  ["Azure credentials", "critical", ".azure, .azure/accessTokens.json"],
  ["password hashes", "critical", "etc/shadow, etc/gshadow, etc/master.passwd"],
  ["system password file", "high", "etc/passwd, etc/sudoers"],
  ["stored network logins", "critical", ".netrc, _netrc, .git-credentials, .pgpass, .my.cnf, .pypirc"],
  [
    "package registry tokens",
    "high",
    ".npmrc, .yarnrc.yml, .gem/credentials, .cargo/credentials, .cargo/credentials.toml",
  ],
  ["Docker credentials", "critical", ".docker/config.json, .dockercfg"],
  ["Kubernetes credentials", "critical", ".kube/config, .kube, var/run/secrets/kubernetes.io"],
  ["GPG keys", "critical", ".gnupg, secring.gpg"],
  ["GitHub tokens", "critical", ".config/gh/hosts.yml, .config/gh, .config/hub"],
  ["Vault token", "critical", ".vault-token"],
  ["macOS keychain", "critical", "Library/Keychains, login.keychain, login.keychain-db"],
  [
    "browser passwords and cookies",
    "critical",
    "Login Data, cookies.sqlite, logins.json, key4.db, key3.db, Local State",
  ],
  ["browser profile", "high", "Chrome/User Data, google-chrome/Default, .mozilla/firefox, BraveSoftware/Brave-Browser"],
  [
    "crypto wallet",
    "critical",
    "wallet.dat, .ethereum/keystore, .electrum/wallets, .config/solana/id.json, Exodus/exodus.wallet",
  ],
  ["shell history", "high", ".bash_history, .zsh_history, .python_history, .mysql_history, .psql_history"],
  ["process environment", "critical", "proc/self/environ, proc/1/environ"],
];

interface Entry extends CredentialPath {
  readonly segments: string;
}

const ENTRIES: readonly Entry[] = TABLE.flatMap(([what, severity, paths]) =>
  paths.split(", ").map((path) => ({ what, severity, segments: `/${path.toLowerCase()}/` })),
);

/** The names with a space in them that a path may hold and still be a path. */
const SPACED = /application support|user data|login data|local state|google chrome|program files/g;

/** What credentials a text is the path of, if the text is a path at all: a sentence about one is not. */
export function credentialPath(text: string): CredentialPath | undefined {
  if (text.length > 1_024 || text.length < 3) return undefined;
  const lower = text.toLowerCase().replaceAll("\\", "/");
  if (!lower.includes(".") && !lower.includes("/") && !lower.startsWith("id_") && !lower.includes(" "))
    return undefined;
  const packed = lower.replaceAll(SPACED, (name) => name.replaceAll(" ", "\u0001"));
  if (/\s/.test(packed)) return undefined;
  const padded = `/${lower.replaceAll(HOLE, "/")}/`;
  return ENTRIES.find((entry) => padded.includes(entry.segments));
}

/** True for the path of an environment file: `.env`, `.env.local`, `config/.env`. */
export function isEnvironmentFile(text: string): boolean {
  if (text.length > 1_024) return false;
  const name = text.slice(text.lastIndexOf("/") + 1);
  return /^\.env(?:\.[a-z]{1,20})?$/.test(name) && !/\.(?:example|sample|template|dist)$/.test(name);
}
