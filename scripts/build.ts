/** Builds everything under `dist/`: the host, the bundled transpiler and the bundled guests, and says whose code it holds. */
import { rm } from "node:fs/promises";
import { buildHost } from "./build-host.ts";
import { buildSkills } from "./build-skills.ts";
import { buildTranspiler } from "./build-transpiler.ts";
import { writeThirdPartyLicenses } from "./third-party-licenses.ts";

await rm(new URL("../dist", import.meta.url), { recursive: true, force: true });
const modules = [...(await buildHost()), ...(await buildTranspiler()), ...(await buildSkills())];
await writeThirdPartyLicenses(modules);
