import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { rolldown } from "rolldown";
import { bundledModules } from "./bundled-modules.ts";
import { outputOf } from "./capture.ts";
import { ROOT } from "./exec.ts";

const OUT = join(ROOT, "dist/assets/skills");

/** The bundled guests: folder under `skills/`, its entry file and its world in `wit/skill.wit`. */
const SKILLS = [
  { name: "demo-malicious", entry: "demo-malicious.ts", world: "skill-component" },
  { name: "demo-trusted", entry: "demo-trusted.ts", world: "skill-component" },
  { name: "skill-scanner", entry: "scanner.ts", world: "scanner-component" },
] as const;

/**
 * Bundles each guest's TypeScript to one script and compiles it to a component that imports no WASI. Returns the ids of
 * the modules in the bundles.
 */
export async function buildSkills(): Promise<readonly string[]> {
  const modules: string[] = [];
  await mkdir(OUT, { recursive: true });
  await mkdir(join(ROOT, "build/skills"), { recursive: true });
  await cp(join(ROOT, "skills/demo"), join(ROOT, "dist/assets/demo"), { recursive: true });
  const examples = join(ROOT, "dist/assets/examples");
  await mkdir(examples, { recursive: true });
  const text = await readFile(join(ROOT, "examples/guests/calculator.wat"), "utf8");
  await writeFile(join(examples, "calculator.wasm"), await parse(text));
  for (const skill of SKILLS) {
    const script = join(ROOT, "build/skills", `${skill.name}.js`);
    const bundle = await rolldown({
      input: join(ROOT, "skills", skill.name, skill.entry),
      platform: "neutral",
      external: [/^sandbox:skill\//],
    });
    const written = await bundle.write({ file: script, format: "esm" });
    modules.push(...bundledModules(written));
    await bundle.close();
    // prettier-ignore
    await outputOf(join(ROOT, "node_modules/.bin/componentize-qjs"), [
      "--sync", "--stub-wasi", "--opt-size", "--minify",
      "--wit", "wit/skill.wit", "--world", skill.world, "--js", script, "--output", join(OUT, `${skill.name}.wasm`),
    ]);
  }
  return modules;
}
