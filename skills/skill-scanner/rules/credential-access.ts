import { credentialPath } from "../credential-paths.ts";
import { argument, argumentsOf } from "../python-calls.ts";
import { LABEL } from "../python-values.ts";
import type { Rules } from "./rule.ts";

const CATEGORY = "credential_access";

/** Calls that read, copy, list or pack the file whose path they are given. */
const OPENERS = new Set(
  `builtins.open io.open codecs.open os.open os.listdir os.walk os.scandir glob.glob glob.iglob shutil.copy shutil.copy2
  shutil.copyfile shutil.copytree shutil.move shutil.make_archive sqlite3.connect linecache.getlines fileinput.input
  aiofiles.open paramiko.RSAKey.from_private_key_file pathlib.Path().read_text pathlib.Path().read_bytes
  pathlib.Path().open pathlib.Path().glob pathlib.Path().rglob pathlib.Path().iterdir pathlib.Path().write_text
  zipfile.ZipFile().write tarfile.open().add configparser.ConfigParser().read json.load numpy.loadtxt pandas.read_csv`.split(
    /\s+/,
  ),
);

/** Calls that only shape or test a path. */
const HARMLESS = new Set(
  `builtins.print builtins.len builtins.str builtins.repr builtins.set builtins.list builtins.tuple os.path.join
  os.path.exists os.path.isfile os.path.isdir os.path.basename os.path.dirname pathlib.Path os.path.splitext
  os.path.normpath re.compile re.search re.match`.split(/\s+/),
);
const HARMLESS_METHODS = new Set(
  `startswith endswith append add extend update exists is_file is_dir index count join format replace split lower strip
  info debug warning error assertIn assertEqual setdefault get __getitem__ write expanduser joinpath resolve`.split(
    /\s+/,
  ),
);

const MODULES: Readonly<Record<string, string>> = {
  browser_cookie3: "reads the cookies of browsers",
  browsercookie: "reads the cookies of browsers",
  win32crypt: "decrypts stored Windows passwords",
  pynput: "can log keystrokes",
  keyboard: "can log keystrokes",
  keyring: "reads the system's password store",
  secretstorage: "reads the system's password store",
};

const STORES = new Set(
  "keyring.get_password keyring.get_credential win32crypt.CryptUnprotectData pwd.getpwall spwd.getspall".split(" "),
);

/** Credential files, password stores, keystroke logging. */
export const credentialAccess: Rules = {
  import(module, _member, line, context) {
    const root = module.split(".", 1)[0] ?? "";
    const what = Object.hasOwn(MODULES, root) ? MODULES[root] : undefined;
    if (what === undefined) return;
    const severity = root === "keyring" || root === "secretstorage" ? "medium" : "high";
    context.report({ category: CATEGORY, severity, line, description: `Import of ${root}, which ${what}` });
  },
  text(text, line, context) {
    const found = credentialPath(text);
    if (found === undefined) return;
    const description = `Path of ${found.what}`;
    context.report({ category: CATEGORY, severity: "low", line, description, subject: found.what });
  },
  call(call, context) {
    const { name, method, line } = call;
    if (name !== undefined && (STORES.has(name) || name.startsWith("browser_cookie3."))) {
      context.report({
        category: CATEGORY,
        severity: "high",
        line,
        description: "Stored passwords or cookies are read",
      });
      return LABEL.credential;
    }
    const opens = name !== undefined && OPENERS.has(name);
    const given = argumentsOf(call.args).labels | (opens && method !== undefined ? call.receiver.labels : 0);
    if ((given & LABEL.credentialPath) === 0) return undefined;
    if (
      !opens &&
      ((name !== undefined && HARMLESS.has(name)) || (method !== undefined && HARMLESS_METHODS.has(method)))
    ) {
      return undefined;
    }
    const path = argument(call.args, 0).text ?? call.receiver.text;
    const found = path === undefined ? undefined : credentialPath(path);
    if (!opens && found === undefined) return undefined;
    const what = found?.what ?? "credentials";
    const severity = opens ? (found?.severity ?? "critical") : "high";
    const description = opens ? `Access to ${what}` : `Path of ${what} prepared for access`;
    context.report({ category: CATEGORY, severity, line, description, subject: what });
    return opens ? LABEL.credential : undefined;
  },
};
