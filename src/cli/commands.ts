import { readFileSync } from "node:fs";
import { Argument, Command, CommanderError, Option } from "commander";
import { PROFILE_NAMES } from "../shared/limits/limit-profiles.ts";
import { formatHelp } from "./help/format-help.ts";
import { EXIT } from "./output/exit-codes.ts";
import { errorDocument, reportFailure } from "./output/failure.ts";
import { partGuestWords, type RunWords } from "./flags/guest-words.ts";
import { expandBareGrants, grantValueHint } from "./flags/grant-options.ts";
import { asksForJson, printJson } from "./output/json-output.ts";
import { addManifestOptions, addRunOptions, addSandboxOptions, type RunFlags } from "./flags/run-options.ts";
import type { ScanFlags } from "./commands/scan.ts";
import type { ServeFlags } from "./commands/serve-http.ts";
import { neutralised, neutralisedLine, styled } from "./output/terminal.ts";
import { addAuditCommands } from "./audit-commands.ts";
import { addSecretCommands } from "./secret-commands.ts";
import { addSigningCommands } from "./signing-commands.ts";
import { speakIn } from "../shared/text/remedy.ts";
import { assertUtf8Arguments } from "./flags/raw-arguments.ts";
import { CLI_WORDS } from "./flags/words.ts";
import { addManifestCommands } from "./manifest-commands.ts";
import { addPolicyCommands } from "./policy-commands.ts";
import { withNearestFlag } from "./flags/unknown-flags.ts";

/** Where `serve-http` listens when it is not told. */
const DEFAULT_ADDRESS = "127.0.0.1:8080";

/** Commands that take grants as `run` does. */
const TAKES_GRANTS: ReadonlySet<string> = new Set(["policy convert", "manifest check"]);

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
    const runs = run !== undefined || words[0] === "serve-http" || TAKES_GRANTS.has(words.slice(0, 2).join(" "));
    const guest = parted.guest.length === 0 ? [] : ["--", ...parted.guest];
    await program.parseAsync(unknownCommand(words, program) ?? [...(runs ? expandBareGrants(own) : own), ...guest], {
      from: "user",
    });
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

/** The commands, with their arguments and flags. `exit` is told the exit code of the one that ran. */
export function commandLine(words: readonly string[], exit: (code: number) => void): Command {
  const program = new Command("cordon")
    .description("Runs untrusted WebAssembly components with exactly the capabilities they are granted.")
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ formatHelp })
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
    .argument("<file>", "the component, program or core module; - is stdin")
    .argument("[export]", "the export; default: a skill's run; none for programs")
    .argument(
      "[args...]",
      "its arguments: WAVE or JSON, or as they are for a program; flags stand before them, and -- before those that start with a dash",
    )
    .action(async (file: string, name: string | undefined, parameters: string[], flags: RunFlags) => {
      const { runCommand } = await import("./commands/run.ts");
      exit(await runCommand(file, name, parameters, flags));
    });

  addManifestOptions(addSandboxOptions(program.command("serve-http"), "process, where one can be started"))
    .description("answer HTTP requests with a component")
    .argument("<file>", "the component, of the wasi:http/proxy world")
    .addOption(new Option("--addr <HOST:PORT>", "listen there").default(DEFAULT_ADDRESS, DEFAULT_ADDRESS))
    .addOption(
      new Option("--max-concurrent <COUNT>", "answer this many at once, more with 503").default(undefined, "256"),
    )
    .addOption(new Option("--watch", "open the component anew when its file changes; what runs ends on the one before"))
    .addOption(new Option("--fresh-memory", "use no memory again, though it would be cleared"))
    .addOption(new Option("--json", "print one JSON document when it listens, or when it cannot").helpGroup("Output:"))
    .action(async (file: string, flags: ServeFlags) => {
      const { serveHttpCommand } = await import("./commands/serve-http.ts");
      exit(await serveHttpCommand(file, flags));
    });

  program
    .command("inspect")
    .description("show what a component imports, exports and could reach")
    .argument("<file>", "the component; - is stdin")
    .option("--json", "print one JSON document")
    .action(async (file: string, flags: { readonly json?: boolean }) => {
      const { inspectCommand } = await import("./commands/inspect.ts");
      exit(await inspectCommand(file, flags));
    });

  program
    .command("types")
    .description("print TypeScript types of what a component exports, for Sandbox.open<Types>")
    .argument("<file>", "the component; - is stdin")
    .option("--json", "print one JSON document, which has the types in it, or what went wrong")
    .action(async (file: string, flags: { readonly json?: boolean }) => {
      const { typesCommand } = await import("./commands/types.ts");
      exit(await typesCommand(file, flags));
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

  addPolicyCommands(program, exit);
  addAuditCommands(program, exit);
  addManifestCommands(program, exit);

  program
    .command("scan")
    .description("scan a skill's code and print the findings as JSON")
    .option("--file <FILE>", "scan a file; - is stdin")
    .option("--code <CODE>", "scan the code itself")
    .addOption(
      new Option("--fail-on <SEVERITY>", "exit with 1 for findings of SEVERITY or above")
        .choices(["critical", "high", "medium", "low", "never"])
        .default("high"),
    )
    .option("--json", "print one JSON document, which has the report in it, or what went wrong")
    .allowExcessArguments()
    .action(async (flags: ScanFlags, command: Command) => {
      const { scanCommand } = await import("./commands/scan.ts");
      exit(await scanCommand(command.args, flags));
    });

  addSigningCommands(program, exit);
  addSecretCommands(program, exit);

  program
    .command("demo")
    .description("run the bundled demo skills, one blocked and one trusted")
    .addArgument(new Argument("[skill]", "run only this one").choices(["malicious", "trusted"]))
    .action(async (skill: string | undefined) => {
      const { demoCommand } = await import("./commands/demo.ts");
      exit(await demoCommand(skill));
    });

  program
    .command("examples")
    .description("write small components to try things with into a folder")
    .argument("<folder>", "the folder; it is made when it is not there")
    .action(async (folder: string) => {
      const { examplesCommand } = await import("./commands/examples.ts");
      exit(await examplesCommand(folder));
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

  program
    .command("complete", { hidden: true })
    .description("print the exports of a component, for completion scripts")
    .argument("<file>", "the component")
    .action(async (file: string) => {
      const { completeCommand } = await import("./commands/complete.ts");
      exit(await completeCommand(file));
    });

  return program;
}

/**
 * A first word that names no command, alone, so that the parser says so: it would answer `nosuch --help` and `help nosuch` with the help of
 * everything and a success.
 */
function unknownCommand(words: readonly string[], program: Command): readonly string[] | undefined {
  const [first, second] = words;
  if (first === "help" && second === "help") return ["--help"];
  const named = first === "help" ? second : first;
  if (named === undefined || named.startsWith("-") || named === "help") return undefined;
  return program.commands.some((command) => command.name() === named) ? undefined : [named];
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
