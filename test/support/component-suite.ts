/** The official tests of the component model, from the archive that lies beside the repository where it is there. */
import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { PLACES } from "./needs.ts";

/** One command of a script that names a binary. */
export interface SuiteBinary {
  /** Its script and line, such as `resources/borrows:12`. */
  readonly name: string;
  /** The command, such as `module` or `assert_invalid`. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** All binaries of the suite, in the order of its scripts. Disposing of it removes what was unpacked. */
export async function unpackComponentSuite(): Promise<
  AsyncDisposable & {
    readonly binaries: readonly SuiteBinary[];
    /** The folders of the scripts, by their names, such as `resources/borrows`. */
    readonly scripts: ReadonlyMap<string, string>;
  }
> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-component-model-"));
  await promisify(execFile)("tar", ["--extract", "--xz", "--file", PLACES.componentSuite, "--directory", folder]);
  const scripts = globSync("**/script.json", { cwd: folder }).sort();
  return {
    scripts: new Map(scripts.map((script) => [nameOf(dirname(script)), join(folder, dirname(script))])),
    binaries: scripts.flatMap((script) => binariesOf(folder, script)),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The root of the archive is a folder, or it is not: names begin with the group either way. */
function nameOf(place: string): string {
  return place.split("/").slice(-2).join("/");
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
  const group = nameOf(place);
  return commands.flatMap(({ type, line, filename }) =>
    filename?.endsWith(".wasm") === true
      ? [{ name: `${group}:${line}`, type, bytes: new Uint8Array(readFileSync(join(folder, place, filename))) }]
      : [],
  );
}
