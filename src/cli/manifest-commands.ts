import type { Command } from "commander";
import type { ManifestCheckFlags } from "./commands/manifest/check.ts";
import { addSandboxOptions } from "./flags/run-options.ts";

const JSON_FLAG = ["--json", "print one JSON document"] as const;

/** Declares `cordon manifest` and its subcommands. `exit` is told the exit code of the one that ran. */
export function addManifestCommands(program: Command, exit: (code: number) => void): void {
  const manifest = program.command("manifest").description("write, check and accept what components ask for");
  manifest
    .command("init")
    .description("write a manifest to begin with: what a component could reach, and schemas of its types")
    .argument("<component>", "the component")
    .option("-o, --output <FILE>", "write it to FILE; default skill.yaml beside the component")
    .option(...JSON_FLAG)
    .action(async (component: string, flags: { readonly output?: string; readonly json?: boolean }) => {
      const { manifestInitCommand } = await import("./commands/manifest/init.ts");
      exit(await manifestInitCommand(component, flags));
    });
  addSandboxOptions(
    manifest
      .command("check")
      .description("tell every fault of a manifest, and what it asks for beside what is granted")
      .argument("<file>", "the manifest"),
    "thread",
  )
    .option(...JSON_FLAG)
    .action(async (file: string, flags: ManifestCheckFlags) => {
      const { manifestCheckCommand } = await import("./commands/manifest/check.ts");
      exit(await manifestCheckCommand(file, flags));
    });
  manifest
    .command("accept")
    .description("show what a manifest asks for that was not accepted, and accept it; this grants nothing")
    .argument("<file>", "the manifest")
    .option("--component <NAME>", "the name of its component, where that is not its file's")
    .option(...JSON_FLAG)
    .action(async (file: string, flags: { readonly component?: string; readonly json?: boolean }) => {
      const { manifestAcceptCommand } = await import("./commands/manifest/accept.ts");
      exit(await manifestAcceptCommand(file, flags));
    });
}
