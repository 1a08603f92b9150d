import { type Command, Option } from "commander";
import { PUBLISHER_LEVELS } from "../shared/publisher-level.ts";
import type { KeygenFlags } from "./commands/keygen.ts";
import type { SignFlags } from "./commands/sign.ts";
import type { TrustAddFlags } from "./commands/trust.ts";
import type { VerifyFlags } from "./commands/verify.ts";
import { repeatable } from "./flags/grant-options.ts";
import { addSignatureOptions } from "./flags/signature-options.ts";

const JSON_FLAG = ["--json", "print one JSON document"] as const;

/** Adds the commands about signatures. `exit` is told the exit code of the one that ran. */
export function addSigningCommands(program: Command, exit: (code: number) => void): void {
  program
    .command("keygen")
    .description("make a key pair to sign components with")
    .argument("<path>", "where the secret key goes; the public one goes to PATH.pub")
    .option("--passphrase-file <FILE>", "encrypt it with the first line of FILE; - is stdin")
    .addOption(
      new Option("--format <FORMAT>", "how the keys are written")
        .choices(["wasmsign2", "pem", "der"])
        .default("wasmsign2"),
    )
    .option(...JSON_FLAG)
    .action(async (path: string, flags: KeygenFlags) => {
      const { keygenCommand } = await import("./commands/keygen.ts");
      exit(await keygenCommand(path, flags));
    });

  program
    .command("sign")
    .description("sign a component, or a manifest with its component; signatures that it has already are kept")
    .argument("<file>", "the component, or a manifest (.yaml, .json); - is stdin")
    .requiredOption("-k, --key <FILE>", "the secret key")
    .option("-o, --output <FILE>", "write the signed component or manifest to FILE")
    .option("--detached <FILE>", "write the signature alone to FILE")
    .option("--passphrase-file <FILE>", "what the key is encrypted with: the first line of FILE; - is stdin")
    .option(...JSON_FLAG)
    .action(async (file: string, flags: SignFlags) => {
      const { signCommand } = await import("./commands/sign.ts");
      exit(await signCommand(file, flags));
    });

  addSignatureOptions(
    program
      .command("verify")
      .description("check who signed a component or manifest, without running it; exits with 6 when that is not enough")
      .argument("<file>", "the component, or a manifest (.yaml, .json); - is stdin"),
  )
    .addOption(
      new Option("--key <FILE>", "count this public key, and none of those that are trusted (repeatable)")
        .argParser(repeatable)
        .helpGroup("Signatures:"),
    )
    .option(...JSON_FLAG)
    .action(async (file: string, flags: VerifyFlags) => {
      const { verifyCommand } = await import("./commands/verify.ts");
      exit(await verifyCommand(file, flags));
    });

  addTrustCommands(program.command("trust").description("show and change whose signatures count"), exit);
}

function addTrustCommands(trust: Command, exit: (code: number) => void): void {
  trust
    .command("add")
    .description("have signatures of a key count, under a name")
    .argument("<name>", "what to call it")
    .argument("<file>", "the public key")
    .addOption(
      new Option("--level <LEVEL>", "how well its publisher is known; unverified counts for nothing")
        .choices(PUBLISHER_LEVELS)
        .default("community"),
    )
    .option("--from <DATE>", "count it from then on, as 2027-01-31 or 2027-01-31T12:00:00Z")
    .option("--until <DATE>", "count it until then")
    .option(...JSON_FLAG)
    .action(async (name: string, file: string, flags: TrustAddFlags) => {
      const { trustAddCommand } = await import("./commands/trust.ts");
      exit(trustAddCommand(name, file, flags));
    });

  trust
    .command("list")
    .description("show the keys that are trusted, and those that are revoked")
    .option(...JSON_FLAG)
    .action(async (flags: { readonly json?: boolean }) => {
      const { trustListCommand } = await import("./commands/trust.ts");
      exit(trustListCommand(flags));
    });

  trust
    .command("remove")
    .description("forget a key")
    .argument("<name>", "what it is called")
    .option(...JSON_FLAG)
    .action(async (name: string, flags: { readonly json?: boolean }) => {
      const { trustRemoveCommand } = await import("./commands/trust.ts");
      exit(trustRemoveCommand(name, flags));
    });

  trust
    .command("revoke")
    .description("have a key count for nothing any more, for what it signed before, too")
    .argument("<name>", "what it is called")
    .option("--reason <TEXT>", "why, for those who read the list")
    .option(...JSON_FLAG)
    .action(async (name: string, flags: { readonly reason?: string; readonly json?: boolean }) => {
      const { trustRevokeCommand } = await import("./commands/trust.ts");
      exit(trustRevokeCommand(name, flags));
    });
}
