import { readFileSync } from "node:fs";
import { Argument, Command, CommanderError, Option } from "commander";
import { PROFILE_NAMES } from "../shared/limit-profiles.ts";
import { EXIT } from "./output/exit-codes.ts";
import { errorDocument, reportFailure } from "./output/failure.ts";
import { partGuestWords, type RunWords } from "./flags/guest-words.ts";
import { expandBareGrants, GRANT_TERMS, grantValueHint } from "./flags/grant-options.ts";
import { asksForJson, printJson } from "./output/json-output.ts";
import { addRunOptions, addSandboxOptions, type RunFlags } from "./flags/run-options.ts";
import type { ServeFlags } from "./commands/serve-http.ts";
import { neutralised, neutralisedLine, styled } from "./output/terminal.ts";
import { speakIn } from "../shared/remedy.ts";
import { assertUtf8Arguments } from "./flags/raw-arguments.ts";
import { CLI_WORDS } from "./flags/words.ts";
import { withNearestFlag } from "./flags/unknown-flags.ts";

/** Where `serve-http` listens when it is not told. */
const DEFAULT_ADDRESS = "127.0.0.1:8080";

/** Runs the command line and returns its exit code. */
export async function main(words: readonly string[]): Promise<number> {
  speakIn(CLI_WORDS);
  let code: number = EXIT.done;
  const program = commandLine(words, (exit) => {
    code = exit;
  });
  let own = words;
  try {
    assertUtf8Arguments(words);
    const run = words[0] === "run" ? program.commands.find((command) => command.name() === "run") : undefined;
    const parted: RunWords = run === undefined ? { own: words, guest: [] } : partGuestWords(words, run);
    own = parted.own;
    if (parted.problem !== undefined) throw parted.problem;
    const runs = run !== undefined || words[0] === "serve-http";
    const guest = parted.guest.length === 0 ? [] : ["--", ...parted.guest];
    await program.parseAsync([...(runs ? expandBareGrants(own) : own), ...guest], { from: "user" });
    const hint = runs && code === EXIT.usage ? grantValueHint(own) : undefined;
    if (hint !== undefined) process.stderr.write(`${neutralisedLine(hint)}\n`);
    return code;
  } catch (thrown) {
    const error = thrown instanceof CommanderError ? usageError(thrown) : errorDocument(thrown);
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.done;
    if (asksForJson(own)) printJson({ status: "error", error }, process.stdout);
    return thrown instanceof CommanderError ? EXIT.usage : reportFailure(thrown, process.stderr);
  }
}

function commandLine(words: readonly string[], exit: (code: number) => void): Command {
  const program = new Command("cordon")
    .description("Runs untrusted WebAssembly components with exactly the capabilities they are granted.")
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({
      optionTerm: (option) => GRANT_TERMS[option.long ?? ""] ?? option.flags,
      styleTitle: (title) => styled("heading", title, process.stdout),
    })
    .configureOutput({
      outputError: (text, write) =>
        write(
          withNearestFlag(neutralised(text), program, words).replace(
            /^error:/,
            styled("bad", "error:", process.stderr),
          ),
        ),
    })
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command");

  addRunOptions(program.command("run"))
    .description("run a program, or call an export and print its result")
    .argument("<file>", "the component, program or core module")
    .argument("[export]", "the export; default: a skill's run; none for programs")
    .argument(
      "[args...]",
      "its arguments: WAVE or JSON, or as they are for a program; flags stand before them, and -- before those that start with a dash",
    )
    .action(async (file: string, name: string | undefined, parameters: string[], flags: RunFlags) => {
      const { runCommand } = await import("./commands/run.ts");
      exit(await runCommand(file, name, parameters, flags));
    });

  addSandboxOptions(program.command("serve-http"), "process, where one can be started")
    .description("answer HTTP requests with a component")
    .argument("<file>", "the component, of the wasi:http/proxy world")
    .addOption(new Option("--addr <HOST:PORT>", "listen there").default(DEFAULT_ADDRESS, DEFAULT_ADDRESS))
    .option("--max-concurrent <COUNT>", "answer this many at once, more with 503 (default: 256)")
    .action(async (file: string, flags: ServeFlags) => {
      const { serveHttpCommand } = await import("./commands/serve-http.ts");
      exit(await serveHttpCommand(file, flags));
    });

  program
    .command("inspect")
    .description("show what a component imports, exports and could reach")
    .argument("<file>", "the component")
    .option("--json", "print one JSON document")
    .action(async (file: string, flags: { readonly json?: boolean }) => {
      const { inspectCommand } = await import("./commands/inspect.ts");
      exit(await inspectCommand(file, flags));
    });

  program
    .command("limits")
    .description("show the profiles of limits side by side, or one of them")
    .addArgument(new Argument("[profile]", "only this one").choices(PROFILE_NAMES).argParser((name: string) => name))
    .option("--json", "print one JSON document, in the units of the library")
    .action(async (profile: string | undefined, flags: { readonly json?: boolean }) => {
      const { limitsCommand } = await import("./commands/limits.ts");
      exit(await limitsCommand(profile, flags));
    });

  program
    .command("scan")
    .description("scan a skill's code and print the findings as JSON")
    .option("--file <FILE>", "scan a file")
    .option("--code <CODE>", "scan the code itself")
    .addOption(
      new Option("--fail-on <SEVERITY>", "exit with 1 for findings of SEVERITY or above")
        .choices(["critical", "high", "medium", "low", "never"])
        .default("high"),
    )
    .action(async (flags: { readonly file?: string; readonly code?: string; readonly failOn: string }) => {
      const { scanCommand } = await import("./commands/scan.ts");
      exit(await scanCommand(flags));
    });

  program
    .command("demo")
    .description("run the bundled demo skills, one blocked and one trusted")
    .addArgument(new Argument("[skill]", "run only this one").choices(["malicious", "trusted"]))
    .action(async (skill: string | undefined) => {
      const { demoCommand } = await import("./commands/demo.ts");
      exit(await demoCommand(skill));
    });

  program
    .command("doctor")
    .description("show what this machine gives guests and what it lacks")
    .option("--json", "print one JSON document")
    .action(async (flags: { readonly json?: boolean }) => {
      const { doctorCommand } = await import("./commands/doctor.ts");
      exit(await doctorCommand(flags));
    });

  program
    .command("completion")
    .description("print a completion script for a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]))
    .action(async (shell: "bash" | "zsh" | "fish") => {
      const { completionScript } = await import("./commands/completion.ts");
      process.stdout.write(completionScript(program, shell));
    });

  return program;
}

function usageError({ message }: CommanderError): { readonly code: string; readonly message: string } {
  return { code: "usage", message: message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ") };
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
  };
  return manifest.version;
}
