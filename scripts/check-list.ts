import { availableParallelism } from "node:os";

/** Returns what is worth saying when it passes; throws when it fails. */
export type Check = () => Promise<string> | string;

/** Runs checks, prints a line for each when it has ended, and remembers whether one failed. */
export class CheckList {
  #failed = false;

  /** Whether every check so far has passed. */
  get passed(): boolean {
    return !this.#failed;
  }

  /** Runs checks that do not disturb each other, by their names, as many at once as there are cores. */
  async runSideBySide(checks: ReadonlyMap<string, Check>): Promise<void> {
    const left = checks.entries();
    const lane = async (): Promise<void> => {
      for (const [name, check] of left) await this.run(name, check);
    };
    await Promise.all(Array.from({ length: availableParallelism() }, lane));
  }

  async run(name: string, check: Check): Promise<void> {
    const start = performance.now();
    try {
      const detail = await check();
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      process.stdout.write(`ok    ${name} (${seconds} s)${detail === "" ? "" : `: ${indented(detail)}`}\n`);
    } catch (thrown) {
      this.#failed = true;
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      process.stdout.write(`FAIL  ${name}: ${indented(message)}\n`);
    }
  }
}

function indented(text: string): string {
  return text.replaceAll("\n", "\n      ");
}
