import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const ROOT: string = fileURLToPath(new URL("..", import.meta.url));

/** Runs a program from the repository's root and throws unless it exits with 0. */
export async function exec(command: string, parameters: readonly string[]): Promise<void> {
  const code = await execStatus(command, parameters);
  if (code !== 0) throw new Error(`${command} ${parameters.join(" ")} exited with ${code}`);
}

/** Runs a program from the repository's root with its output shown, and returns its exit code. */
export async function execStatus(
  command: string,
  parameters: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const child = spawn(command, parameters, { cwd: ROOT, env, stdio: ["ignore", "inherit", "inherit"] });
  child.once("error", reject);
  child.once("close", (code, signal) => {
    if (signal === null) resolve(code ?? 1);
    else reject(new Error(`${command} was ended by ${signal}`));
  });
  return promise;
}
