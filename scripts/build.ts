/** Builds everything under `dist/`: the host, the bundled transpiler and the bundled guests. */
import { rm } from "node:fs/promises";
import { buildHost } from "./build-host.ts";
import { buildSkills } from "./build-skills.ts";
import { buildTranspiler } from "./build-transpiler.ts";

await rm(new URL("../dist", import.meta.url), { recursive: true, force: true });
await buildHost();
await buildTranspiler();
await buildSkills();
