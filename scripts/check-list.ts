/** Runs checks one after the other, prints a line for each, and remembers whether one failed. */
export class CheckList {
  #failed = false;

  /** Whether every check so far has passed. */
  get passed(): boolean {
    return !this.#failed;
  }

  /** @param check Returns what is worth saying when it passes; throws when it fails. */
  async run(name: string, check: () => Promise<string> | string): Promise<void> {
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
