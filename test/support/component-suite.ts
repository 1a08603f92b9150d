/** The official tests of the component model, from the archive that lies beside the repository where it is there. */
import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SUITES = process.env["CORDON_SUITES"] ?? fileURLToPath(new URL("../../../shared/suites", import.meta.url));

export const COMPONENT_SUITE: string = join(SUITES, "component-model.tar.xz");

/** Whether the archive is there. */
export const hasComponentSuite: boolean = existsSync(COMPONENT_SUITE);

/** One command of a script that names a binary. */
export interface SuiteBinary {
  /** Its script and line, such as `resources/borrows:12`. */
  readonly name: string;
  /** The command, such as `module` or `assert_invalid`. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** All binaries of the suite, in the order of its scripts. Disposing of it removes what was unpacked. */
export async function unpackComponentSuite(): Promise<AsyncDisposable & { readonly binaries: readonly SuiteBinary[] }> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-component-model-"));
  await promisify(execFile)("tar", ["--extract", "--xz", "--file", COMPONENT_SUITE, "--directory", folder]);
  return {
    binaries: globSync("**/script.json", { cwd: folder })
      .sort()
      .flatMap((script) => binariesOf(folder, script)),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

interface Command {
  readonly type: string;
  readonly line: number;
  readonly filename?: string;
}

function binariesOf(folder: string, script: string): readonly SuiteBinary[] {
  const { commands } = JSON.parse(readFileSync(join(folder, script), "utf8")) as {
    readonly commands: readonly Command[];
  };
  const place = dirname(script);
  // The root of the archive is a folder, or it is not: names begin with the group either way.
  const group = place.split("/").slice(-2).join("/");
  return commands.flatMap(({ type, line, filename }) =>
    filename?.endsWith(".wasm") === true
      ? [{ name: `${group}:${line}`, type, bytes: new Uint8Array(readFileSync(join(folder, place, filename))) }]
      : [],
  );
}
