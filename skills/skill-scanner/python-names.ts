import type { Value } from "./python-values.ts";
import { either, named, tainted, UNKNOWN } from "./python-values.ts";

/** A function of the scanned file: what is known of its arguments and results. */
export interface FunctionInfo {
  readonly parameters: readonly string[];
  readonly arguments: Map<string, Value>;
  readonly locals: Map<string, Value>;
  result: Value;
}

interface Scope {
  readonly kind: "module" | "class" | "function";
  /** Of the header; the body stands further in. */
  readonly indent: number;
  readonly name: string;
  readonly bindings: Map<string, Value>;
  readonly imported: Set<string>;
  readonly info: FunctionInfo | undefined;
  bodyIndent: number | undefined;
}

/** Python itself allows a hundred levels of indentation. */
const MAX_SCOPES = 101;

/** Modules under another name, as prefixes. */
const MODULE_ALIASES: readonly (readonly [string, string])[] = [
  ["posix.", "os."],
  ["nt.", "os."],
  ["cPickle.", "pickle."],
  ["_pickle.", "pickle."],
  ["urllib2.", "urllib.request."],
  ["httplib.", "http.client."],
  ["__builtin__.", "builtins."],
  ["__builtins__.", "builtins."],
  ["commands.", "subprocess."],
  ["requests.api.", "requests."],
  ["requests.sessions.", "requests."],
  ["pathlib.PosixPath", "pathlib.Path"],
  ["pathlib.WindowsPath", "pathlib.Path"],
  ["pathlib.PurePath", "pathlib.Path"],
  ["os.environb", "os.environ"],
  ["os.getenvb", "os.getenv"],
];

/** Names that stand for their module even without an import: snippets leave imports out. */
const KNOWN_MODULES = new Set(
  `os sys subprocess requests httpx urllib urllib2 http socket base64 codecs binascii zlib importlib pickle marshal
  ctypes shutil pathlib builtins __builtins__ pty platform dotenv runpy yaml smtplib ftplib aiohttp posix asyncio`.split(
    /\s+/,
  ),
);

/** Builtins with a meaning to the scanner. */
const BUILTINS = new Set(
  `exec eval compile __import__ execfile getattr open globals locals vars input str bytes bytearray chr map dict list
  tuple set sorted reversed len bool isinstance issubclass type id hash any all repr format print int float sum max min
  hasattr range callable`.split(/\s+/),
);

/** Builtins that a plain assignment does not hide: whether it runs before the use cannot be told. */
const WATCHED = new Set([
  "exec",
  "eval",
  "compile",
  "__import__",
  "execfile",
  "getattr",
  "globals",
  "locals",
  "vars",
  "open",
]);

/** What `from module import *` brings that matters. */
const STAR_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  os: "environ getenv system popen execl execle execlp execv execve execvp spawnl spawnv dup2 open path".split(" "),
  subprocess: "run call check_call check_output Popen getoutput getstatusoutput".split(" "),
  socket: ["socket", "create_connection"],
  base64: ["b64decode", "urlsafe_b64decode", "b32decode", "b85decode", "decodebytes"],
  requests: ["get", "post", "put", "patch", "request", "Session"],
  pickle: ["load", "loads", "Unpickler"],
  marshal: ["load", "loads"],
  pathlib: ["Path"],
  ctypes: ["CDLL", "cdll", "windll"],
  importlib: ["import_module"],
  dotenv: ["load_dotenv", "dotenv_values"],
  "urllib.request": ["urlopen", "urlretrieve", "Request"],
};

/** The one name a thing is known by. */
export function canonicalName(name: string): string {
  for (const [alias, real] of MODULE_ALIASES) {
    if (name.startsWith(alias)) return real + name.slice(alias.length);
    if (`${name}.` === alias) return real.slice(0, -1);
  }
  return name;
}

/** The names of one file and what they stand for. */
export class Names {
  /** Values kept in attributes, by attribute name, whatever the object. */
  readonly attributes: Map<string, Value> = new Map();
  readonly #functions: Map<string, FunctionInfo[]> = new Map();
  readonly #byLine: Map<string, FunctionInfo> = new Map();
  readonly #classes: Set<string> = new Set();
  /** Values of names that nothing binds, made once. */
  readonly #free: Map<string, Value> = new Map();
  readonly #starred: Set<string> = new Set();
  readonly #module: Scope = newScope("module", -1, "", new Map(), undefined);
  #scopes: Scope[] = [this.#module];

  /** Goes back to the start of the file, keeping what was learnt. */
  restart(): void {
    this.#scopes = [this.#module];
    for (const name of WATCHED) this.#module.bindings.delete(name);
  }

  /** Leaves the scopes that a statement at `indent` no longer belongs to. */
  moveTo(indent: number): void {
    while (this.#scopes.length > 1 && indent <= (this.#scopes.at(-1)?.indent ?? 0)) this.#scopes.pop();
    const scope = this.#current();
    scope.bodyIndent ??= indent;
  }

  enterClass(name: string, indent: number): void {
    this.#classes.add(name);
    if (this.#scopes.length >= MAX_SCOPES) return;
    this.#scopes.push(newScope("class", indent, name, new Map(), undefined));
  }

  enterFunction(name: string, parameters: readonly string[], indent: number, line: number): void {
    const outer = this.#current();
    const key = `${line} ${name}`;
    let info = this.#byLine.get(key);
    if (info === undefined) {
      info = { parameters, arguments: new Map(), locals: new Map(), result: UNKNOWN };
      this.#byLine.set(key, info);
      this.#addFunction(name, info);
      if (outer.kind === "class" && name === "__init__") this.#addFunction(outer.name, info);
    }
    if (outer.kind !== "class" && outer.bodyIndent === indent) outer.bindings.set(name, { ...UNKNOWN, path: name });
    const scope = newScope("function", indent, name, info.locals, info);
    for (const name of WATCHED) info.locals.delete(name);
    for (const parameter of parameters) info.locals.set(parameter, info.arguments.get(parameter) ?? UNKNOWN);
    if (this.#scopes.length < MAX_SCOPES) this.#scopes.push(scope);
  }

  /** Records what the current function returns. */
  returns(value: Value): void {
    const info = this.#scopes.findLast((scope) => scope.kind === "function")?.info;
    if (info !== undefined) info.result = either(info.result, { ...tainted(value), text: value.text });
  }

  /** The file's functions called `name`, a class's name giving its constructors. */
  functions(name: string): readonly FunctionInfo[] {
    return this.#functions.get(name) ?? [];
  }

  isOwnObject(path: string): boolean {
    return path === "self" || path === "cls" || this.#classes.has(path);
  }

  importName(name: string, qualified: string, indent: number): void {
    const scope = this.#current();
    if (WATCHED.has(name) && scope.bodyIndent !== indent) return;
    scope.imported.add(name);
    scope.bindings.set(name, named(canonicalName(qualified)));
  }

  importStar(module: string): void {
    if (this.#starred.size >= 64) return;
    this.#starred.add(module);
    this.#free.clear();
  }

  /** Binds a name. What was imported keeps its meaning unless the new value has one. */
  bind(name: string, value: Value, indent: number): void {
    if (WATCHED.has(name)) return;
    const scope = this.#current();
    const known = scope.bindings.get(name);
    const replaces = indent === scope.bodyIndent && !scope.imported.has(name);
    scope.bindings.set(name, known === undefined || replaces ? value : either(known, value));
    if (scope.kind === "class") this.bindAttribute(name, value);
  }

  bindAttribute(name: string, value: Value): void {
    const known = this.attributes.get(name);
    this.attributes.set(name, known === undefined ? value : either(known, value));
  }

  /** Adds labels to what a name stands for, wherever it is bound. */
  taint(name: string, value: Value): void {
    if (value.labels === 0) return;
    const scope = this.#scopes.findLast((scope) => scope.bindings.has(name)) ?? this.#current();
    const known = scope.bindings.get(name);
    const labels = tainted(value);
    scope.bindings.set(
      name,
      known === undefined ? labels : { ...either(labels, known), labels: known.labels | value.labels },
    );
  }

  load(name: string): Value {
    for (let at = this.#scopes.length - 1; at >= 0; at--) {
      const scope = this.#scopes[at];
      if (scope === undefined || (scope.kind === "class" && at !== this.#scopes.length - 1)) continue;
      const value = scope.bindings.get(name);
      if (value !== undefined) return value.path === name ? value : { ...value, path: name };
    }
    let free = this.#free.get(name);
    if (free === undefined) {
      free = this.#freeName(name);
      this.#free.set(name, free);
    }
    return free;
  }

  /** What a name stands for that nothing in the file binds. */
  #freeName(name: string): Value {
    if (BUILTINS.has(name)) return named(`builtins.${name}`, name);
    for (const module of this.#starred) {
      const members = Object.hasOwn(STAR_MEMBERS, module) ? STAR_MEMBERS[module] : undefined;
      if (members?.includes(name) === true) return named(`${module}.${name}`, name);
    }
    return KNOWN_MODULES.has(name) ? named(canonicalName(name), name) : { ...UNKNOWN, path: name };
  }

  #addFunction(name: string, info: FunctionInfo): void {
    const known = this.#functions.get(name);
    if (known === undefined) this.#functions.set(name, [info]);
    else if (known.length < 16) known.push(info);
  }

  #current(): Scope {
    return this.#scopes.at(-1) ?? this.#module;
  }
}

function newScope(
  kind: Scope["kind"],
  indent: number,
  name: string,
  bindings: Map<string, Value>,
  info: FunctionInfo | undefined,
): Scope {
  return { kind, indent, name, bindings, imported: new Set(), info, bodyIndent: undefined };
}
