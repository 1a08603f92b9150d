import type { Command } from "commander";
import type { SecretSetFlags } from "./commands/secret.ts";
import { addIdentityOptions } from "./flags/secret-options.ts";

const JSON_FLAG = ["--json", "print one JSON document"] as const;
const COMPONENT_FLAG = ["--component <NAME>", "whose it is: the component's name, as inspect shows it"] as const;

/** Adds the commands about secrets. `exit` is told the exit code of the one that ran. */
export function addSecretCommands(program: Command, exit: (code: number) => void): void {
  const secret = program
    .command("secret")
    .description("keep secrets that go into a component's requests, and never to it");

  const set = secret
    .command("set")
    .description("keep a secret, in the place of one of that name")
    .argument("<name>", "what to call it")
    .requiredOption(...COMPONENT_FLAG)
    .option("--stdin", "read its value from stdin, which is where it comes from")
    .option("--insecure-plain", "keep it as it is, not encrypted");
  addIdentityOptions(set, "Options:")
    .option(...JSON_FLAG)
    .action(async (name: string, flags: SecretSetFlags) => {
      const { secretSetCommand } = await import("./commands/secret.ts");
      exit(await secretSetCommand(name, flags));
    });

  secret
    .command("list")
    .description("show what secrets there are, by name")
    .option("--component <NAME>", "only those of this component")
    .option(...JSON_FLAG)
    .action(async (flags: { readonly component?: string; readonly json?: boolean }) => {
      const { secretListCommand } = await import("./commands/secret.ts");
      exit(secretListCommand(flags));
    });

  secret
    .command("delete")
    .description("forget a secret")
    .argument("<name>", "what it is called")
    .requiredOption(...COMPONENT_FLAG)
    .option(...JSON_FLAG)
    .action(async (name: string, flags: { readonly component: string; readonly json?: boolean }) => {
      const { secretDeleteCommand } = await import("./commands/secret.ts");
      exit(secretDeleteCommand(name, flags));
    });

  secret
    .command("keygen")
    .description("make the identity that secrets are encrypted for, where no other is given")
    .option(...JSON_FLAG)
    .action(async (flags: { readonly json?: boolean }) => {
      const { secretKeygenCommand } = await import("./commands/secret.ts");
      exit(await secretKeygenCommand(flags));
    });
}
