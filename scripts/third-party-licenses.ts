import { readdirSync, readFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { ROOT } from "./exec.ts";

const ASSETS = join(ROOT, "dist/assets");
const TEXTS = join(ROOT, "scripts/third-party");

/** Where `dist/` says whose code it holds. */
export const LICENSES_FILE: string = join(ROOT, "dist/THIRD-PARTY-LICENSES.md");

const APACHE_OR_MIT = "Apache-2.0 OR MIT";
const LLVM = "Apache-2.0 WITH LLVM-exception";

/** The licences of the Rust crates that are compiled into the modules under `dist/assets/`, as their manifests state them. */
const CRATE_LICENSES: Readonly<Record<string, string>> = {
  anyhow: APACHE_OR_MIT,
  base64: APACHE_OR_MIT,
  bumpalo: APACHE_OR_MIT,
  "cranelift-bitset": LLVM,
  "cranelift-entity": LLVM,
  flate2: APACHE_OR_MIT,
  hashbrown: APACHE_OR_MIT,
  heck: APACHE_OR_MIT,
  icu_normalizer: "Unicode-3.0",
  idna: APACHE_OR_MIT,
  indexmap: APACHE_OR_MIT,
  leb128fmt: APACHE_OR_MIT,
  miniz_oxide: `${APACHE_OR_MIT} OR Zlib`,
  "percent-encoding": APACHE_OR_MIT,
  "rquickjs-core": "MIT",
  "rustc-demangle": APACHE_OR_MIT,
  semver: APACHE_OR_MIT,
  serde: APACHE_OR_MIT,
  serde_core: APACHE_OR_MIT,
  serde_json: APACHE_OR_MIT,
  smallvec: APACHE_OR_MIT,
  spdx: APACHE_OR_MIT,
  termcolor: "MIT OR Unlicense",
  "unicode-width": APACHE_OR_MIT,
  url: APACHE_OR_MIT,
  utf8_iter: APACHE_OR_MIT,
  "wasm-encoder": `${LLVM} OR ${APACHE_OR_MIT}`,
  "wasm-metadata": `${LLVM} OR ${APACHE_OR_MIT}`,
  wasmparser: `${LLVM} OR ${APACHE_OR_MIT}`,
  wasmprinter: `${LLVM} OR ${APACHE_OR_MIT}`,
  "wasmtime-environ": LLVM,
  "wasmtime-internal-component-util": LLVM,
  "wasmtime-internal-core": LLVM,
  wast: `${LLVM} OR ${APACHE_OR_MIT}`,
  "wit-bindgen-core": `${LLVM} OR ${APACHE_OR_MIT}`,
  "wit-component": `${LLVM} OR ${APACHE_OR_MIT}`,
  "wit-parser": `${LLVM} OR ${APACHE_OR_MIT}`,
};

/** What is said of a crate that {@link CRATE_LICENSES} does not know; a test refuses it. */
export const UNKNOWN_LICENSE = "not recorded";

/** Packages that come without a licence file, with the name of the text that is theirs. */
const LICENSE_TEXTS: Readonly<Record<string, string>> = { "@cfworker/json-schema": "cfworker" };

/** Packages that reach `dist/` otherwise than as bundled modules, and what is said of those whose use is not plain. */
const NOTES: Readonly<Record<string, string>> = {
  "componentize-qjs": "the JavaScript runtime inside the bundled guests, compiled from Rust and C",
  rolldown: "helper functions that the bundler adds to its output",
  undici: "bundled in part, with llhttp and milo compiled to WebAssembly",
};

/** One package of npm whose code is in `dist/`. */
interface ThirdPartyPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly text: string;
}

/** Where the licence of a package is kept that comes without one; `undefined` for all others. */
export function keptLicense(name: string): string | undefined {
  const kept = LICENSE_TEXTS[name];
  return kept === undefined ? undefined : join(TEXTS, `${kept}.txt`);
}

/** The npm packages that modules belong to, sorted; our own modules belong to none. */
export function packagesOf(moduleIds: readonly string[]): readonly string[] {
  const names = new Set<string>();
  for (const id of moduleIds) {
    if (id.startsWith("\0rolldown/")) names.add("rolldown");
    const name = /^.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/.exec(id)?.[1];
    if (name !== undefined) names.add(name.replace("\\", "/"));
  }
  return [...names].sort();
}

/** The Rust crates that a compiled module names in the source locations of its panics, as `name-version`, sorted. */
export function cratesIn(module: Uint8Array): readonly string[] {
  const text = Buffer.from(module).toString("latin1");
  const places = text.matchAll(
    /(?:\/index\.crates\.io-[0-9a-f]+|\/rust\/deps)\/([a-zA-Z0-9_-]+-[0-9][0-9A-Za-z.+-]*)\//g,
  );
  return [...new Set([...places].map(([, crate]) => crate ?? ""))].sort();
}

/** Every crate named by a module under `dist/assets/`, sorted. */
export async function bundledCrates(): Promise<readonly string[]> {
  const crates = new Set<string>();
  for (const entry of await readdir(ASSETS, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".wasm")) continue;
    for (const crate of cratesIn(await readFile(join(entry.parentPath, entry.name)))) crates.add(crate);
  }
  return [...crates].sort();
}

/**
 * Writes `dist/THIRD-PARTY-LICENSES.md`: whose code `dist/` holds, in which version and under which licence, in full.
 *
 * @param moduleIds Every module of every bundle in `dist/`.
 * @throws Error when a package has no licence file.
 */
export async function writeThirdPartyLicenses(moduleIds: readonly string[]): Promise<void> {
  const names = [...new Set([...packagesOf(moduleIds), "componentize-qjs"])].sort();
  const packages = names.map(readPackage);
  const crates = (await bundledCrates()).map((crate) => {
    const [, name = crate, version = ""] = /^(.+?)-([0-9].*)$/.exec(crate) ?? [];
    return `| ${name} | ${version} | ${CRATE_LICENSES[name] ?? UNKNOWN_LICENSE} |`;
  });
  const document = [
    "# Third-party software in this package",
    "`dist/` holds code of the packages below. The package has no dependencies: nothing is installed beside it.",
    "| package | version | licence | what of it |\n| --- | --- | --- | --- |\n" +
      packages
        .map((one) => `| ${one.name} | ${one.version} | ${one.license} | ${NOTES[one.name] ?? "bundled"} |`)
        .join("\n"),
    "## Compiled into the WebAssembly modules",
    "The modules under `dist/assets/` hold the standard library of Rust (Apache-2.0 OR MIT) and the crates below, as far as the source locations in them tell. " +
      "Those under `dist/assets/skills/` also hold QuickJS-NG, rquickjs and wasi-libc. " +
      "Where there is a choice of licences, Apache-2.0 is chosen if it is among them, and the Unlicense otherwise.",
    `| crate | version | licence |\n| --- | --- | --- |\n${crates.join("\n")}`,
    "## Licences",
    ...packages.map((one) => section(`${one.name} ${one.version}`, one.text)),
    ...["ICU4X", "llhttp", "QuickJS-NG", "rquickjs", "wasi-libc"].map((name) =>
      section(name, readFileSync(join(TEXTS, `${name.toLowerCase()}.txt`), "utf8")),
    ),
  ];
  await writeFile(LICENSES_FILE, `${document.join("\n\n")}\n`);
}

function readPackage(name: string): ThirdPartyPackage {
  const folder = join(ROOT, "node_modules", name);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly version: string;
    readonly license: string;
  };
  // A package that holds another's code has that one's licence below its own.
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /^licen[cs]e(?:\.(?:md|txt))?$/i.test(basename(path)))
    .filter((path) => !path.includes("node_modules"))
    .sort((a, b) => a.length - b.length);
  const kept = keptLicense(name);
  if (kept === undefined && !files.some((path) => path === basename(path)))
    throw new Error(`Cannot name the licence of ${name}: its package has no licence file`);
  return {
    name,
    version: manifest.version,
    license: manifest.license.replace(/^\((.*)\)$/, "$1"),
    text: [...(kept === undefined ? [] : [kept]), ...files.map((path) => join(folder, path))]
      .map((path) => readFileSync(path, "utf8").trim())
      .join("\n\n"),
  };
}

function section(title: string, text: string): string {
  return `### ${title}\n\n\`\`\`\`text\n${text.replaceAll("\r\n", "\n").replace(/^\n+/, "").trimEnd()}\n\`\`\`\``;
}
