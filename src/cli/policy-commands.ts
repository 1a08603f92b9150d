import { Argument, type Command, Option } from "commander";
import type { PolicyEffectiveFlags } from "./commands/policy/effective.ts";
import type { PolicyExplainFlags } from "./commands/policy/explain.ts";
import type { PolicyReloadFlags } from "./commands/policy/reload.ts";
import type { PolicyLearnFlags } from "./commands/policy/learn.ts";
import { addSandboxOptions, type SandboxFlags } from "./flags/run-options.ts";

const JSON_FLAG = ["--json", "print one JSON document"] as const;

/** Declares `cordon policy` and its subcommands. `exit` is told the exit code of the one that ran. */
export function addPolicyCommands(program: Command, exit: (code: number) => void): void {
  const policy = program.command("policy").description("check, explain, compare and convert policy documents");
  policy
    .command("check")
    .description("tell every fault of documents, rules that never apply and rules that are wider than they look")
    .argument("<files...>", "the documents")
    .option("--strict", "take what is odd for a fault")
    .option(...JSON_FLAG)
    .action(async (files: string[], flags: { readonly strict?: boolean; readonly json?: boolean }) => {
      const { policyCheckCommand } = await import("./commands/policy/check.ts");
      exit(policyCheckCommand(files, flags));
    });
  policy
    .command("explain")
    .description("tell what becomes of one access, and by which rule; exits with 3 for one that is denied")
    .argument("<file>", "the document")
    .addOption(new Option("--storage <ACCESS URI...>", "access to a file, such as read fs:///data/x"))
    .option("--network <URL>", "a connection, such as https://api.example.com:443 or tcp://10.0.0.1:5432")
    .option("--env <NAME>", "a variable, by its name alone")
    .option(...JSON_FLAG)
    .action(async (file: string, flags: PolicyExplainFlags) => {
      const { policyExplainCommand } = await import("./commands/policy/explain.ts");
      exit(await policyExplainCommand(file, flags));
    });
  policy
    .command("effective")
    .description("tell which documents are for a component, and what they say together")
    .argument("<component>", "the component")
    .addOption(
      new Option("--policy <FILE>", "a document beside those of the folders (repeatable)").argParser(
        (file: string, before: readonly string[] | undefined) => [...(before ?? []), file],
      ),
    )
    .option(...JSON_FLAG)
    .action(async (component: string, flags: PolicyEffectiveFlags) => {
      const { policyEffectiveCommand } = await import("./commands/policy/effective.ts");
      exit(await policyEffectiveCommand(component, flags));
    });
  policy
    .command("diff")
    .description("tell what one document allows that another does not; exits with 1 when anything is gained")
    .argument("<before>", "a document")
    .argument("<after>", "another one")
    .option(...JSON_FLAG)
    .action(async (before: string, after: string, flags: { readonly json?: boolean }) => {
      const { policyDiffCommand } = await import("./commands/policy/diff.ts");
      exit(await policyDiffCommand(before, after, flags));
    });
  policy
    .command("test")
    .description("compare decisions with the rows of a file; exits with 1 when one differs")
    .argument("<file>", "policy: FILE, and rows: of an access and expect: allow or deny")
    .option(...JSON_FLAG)
    .action(async (file: string, flags: { readonly json?: boolean }) => {
      const { policyTestCommand } = await import("./commands/policy/test-file.ts");
      exit(await policyTestCommand(file, flags));
    });
  policy
    .command("reload")
    .description("have running servers read their policies anew; exits with 2 when one could not")
    .option("--pid <PID>", "the server with this process number alone")
    .option(...JSON_FLAG)
    .action(async (flags: PolicyReloadFlags) => {
      const { policyReloadCommand } = await import("./commands/policy/reload.ts");
      exit(await policyReloadCommand(flags));
    });
  policy
    .command("history")
    .description("list the versions of policies that servers had in force: when, by whom, and what changed")
    .option(...JSON_FLAG)
    .action(async (flags: { readonly json?: boolean }) => {
      const { policyHistoryCommand } = await import("./commands/policy/history.ts");
      exit(policyHistoryCommand(flags));
    });
  policy
    .command("rollback")
    .description("put the documents of a version back in their places")
    .argument("[version]", "how it begins; without, the one before the latest")
    .option(...JSON_FLAG)
    .action(async (version: string | undefined, flags: { readonly json?: boolean }) => {
      const { policyRollbackCommand } = await import("./commands/policy/history.ts");
      exit(policyRollbackCommand(version, flags));
    });
  policy
    .command("learn")
    .description("run a component within a fence, and write the smallest document that covers what it used")
    .argument("<file>", "the component, program or core module; - is stdin")
    .argument("[words...]", "what run takes: the export of a component, and arguments; -- stands before them")
    .option("--fence <FILE>", "allow what this document allows, and nothing else; without, nothing is allowed")
    .option("--output <FILE>", "write the document there; default: stdout")
    .option("--stdin", "let it read stdin, where the fence does")
    .action(async (file: string, words: string[], flags: PolicyLearnFlags) => {
      const { policyLearnCommand } = await import("./commands/policy/learn.ts");
      exit(await policyLearnCommand(file, words, flags));
    });
  policy
    .command("schema")
    .description("print the JSON Schema of documents")
    .action(async () => {
      const { policySchemaCommand } = await import("./commands/policy/schema.ts");
      exit(policySchemaCommand());
    });
  addSandboxOptions(policy.command("convert"), "thread")
    .description("print flags, or the settings of another sandbox, as a document")
    .addArgument(
      new Argument("[file]", "JSON or TOML of the wasm-sandbox crate, or settings of srt; without, the flags"),
    )
    .action(async (file: string | undefined, flags: SandboxFlags) => {
      const { policyConvertCommand } = await import("./commands/policy/convert.ts");
      exit(policyConvertCommand(file, flags));
    });
}
