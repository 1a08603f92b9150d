import { readFileSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import { EXIT } from "./exit-codes.ts";
import { reportFailure } from "./failure.ts";
import { expandBareGrants, GRANT_TERMS } from "./grant-options.ts";
import { addRunOptions, type RunFlags } from "./run-options.ts";
import { styled } from "./terminal.ts";

/** Runs the command line and returns its exit code. */
export async function main(words: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  const program = commandLine((exit) => {
    code = exit;
  });
  try {
    await program.parseAsync(expandBareGrants(words), { from: "user" });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
    return reportFailure(thrown, process.stderr);
  }
}

function commandLine(exit: (code: number) => void): Command {
  const program = new Command("cordon")
    .description("Runs untrusted WebAssembly components with exactly the capabilities they are granted.")
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({
      optionTerm: (option) => GRANT_TERMS[option.long ?? ""] ?? option.flags,
      styleTitle: (title) => styled("heading", title, process.stdout),
    })
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error:/, styled("bad", "error:", process.stderr))),
    })
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command");

  addRunOptions(program.command("run"))
    .description("call an export of a component and print its result")
    .argument("<file>", "the component")
    .argument("[export]", "the export; default: the run of a skill")
    .argument("[args...]", "its arguments, in WAVE or JSON; put -- before those that start with a dash")
    .action(async (file: string, name: string | undefined, parameters: string[], flags: RunFlags) => {
      const { runCommand } = await import("./run.ts");
      exit(await runCommand(file, name, parameters, flags));
    });

  program
    .command("inspect")
    .description("show what a component imports, exports and could reach")
    .argument("<file>", "the component")
    .option("--json", "print one JSON document")
    .action(async (file: string, flags: { readonly json?: boolean }) => {
      const { inspectCommand } = await import("./inspect.ts");
      exit(await inspectCommand(file, flags));
    });

  program
    .command("scan")
    .description("scan a skill's code with the bundled scanner and print its findings as JSON")
    .option("--file <FILE>", "scan a file")
    .option("--code <CODE>", "scan the code itself")
    .addOption(
      new Option("--fail-on <SEVERITY>", "exit with 1 for findings of SEVERITY or above")
        .choices(["critical", "high", "medium", "low", "never"])
        .default("high"),
    )
    .action(async (flags: { readonly file?: string; readonly code?: string; readonly failOn: string }) => {
      const { scanCommand } = await import("./scan.ts");
      exit(await scanCommand(flags));
    });

  program
    .command("demo")
    .description("run the two bundled demo skills: one is blocked, one does its work")
    .addArgument(program.createArgument("[skill]", "run only this one").choices(["malicious", "trusted"]))
    .action(async (skill: string | undefined) => {
      const { demoCommand } = await import("./demo.ts");
      exit(await demoCommand(skill));
    });

  return program;
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
  };
  return manifest.version;
}
