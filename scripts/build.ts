/** Builds everything under `dist/`: the host and the bundled guests, and says whose code it holds. */
import { rm } from "node:fs/promises";
import { buildHost } from "./build-host.ts";
import { buildSkills } from "./build-skills.ts";
import { writeThirdPartyLicenses } from "./third-party-licenses.ts";

const STEPS = [
  ["the host", buildHost],
  ["the bundled guests", buildSkills],
] as const;

await rm(new URL("../dist", import.meta.url), { recursive: true, force: true });
const modules: string[] = [];
for (const [what, build] of STEPS) {
  process.stderr.write(`Building ${what}\n`);
  modules.push(...(await build()));
}
await writeThirdPartyLicenses(modules);
