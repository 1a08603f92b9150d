import { type Command, Option } from "commander";
import type { AuditExportFlags } from "./commands/audit/export.ts";
import type { LogFlags } from "./commands/audit/open-log.ts";
import type { CheckProofFlags } from "./commands/audit/prove.ts";
import type { FilterFlags, QueryFlags, TailFlags } from "./commands/audit/query.ts";
import type { AuditVerifyFlags } from "./commands/audit/verify.ts";
import { repeatable } from "./flags/grant-options.ts";

/** Declares `cordon audit` and its subcommands. `exit` is told the exit code of the one that ran. */
export function addAuditCommands(program: Command, exit: (code: number) => void): void {
  const audit = program.command("audit").description("read, verify and prove the log of what guests did");

  withFilters(ofLog(audit.command("query").description("show events that match, the newest first")))
    .addOption(new Option("--limit <COUNT>", "as many at most").default("50", "50"))
    .option("--before <POSITION>", "only those before this one: the next page")
    .action(async (flags: QueryFlags) => {
      const { auditQueryCommand } = await import("./commands/audit/query.ts");
      exit(await auditQueryCommand(flags));
    });

  withFilters(ofLog(audit.command("tail").description("show the last events that match")))
    .addOption(new Option("-n, --lines <COUNT>", "as many").default("20", "20"))
    .option("-f, --follow", "go on with those that come, until it is interrupted")
    .action(async (flags: TailFlags) => {
      const { auditTailCommand } = await import("./commands/audit/query.ts");
      exit(await auditTailCommand(flags));
    });

  withFilters(
    ofLog(audit.command("stats").description("count events that match by component, type and result")),
  ).action(async (flags: FilterFlags) => {
    const { auditStatsCommand } = await import("./commands/audit/query.ts");
    exit(await auditStatsCommand(flags));
  });

  ofLog(audit.command("summary").description("tell what one call did, on a screen"))
    .argument("<invocation>", "the call, as its events name it")
    .action(async (invocation: string, flags: LogFlags) => {
      const { auditSummaryCommand } = await import("./commands/audit/summary.ts");
      exit(await auditSummaryCommand(invocation, flags));
    });

  ofLog(
    audit
      .command("verify")
      .description("check that no event was altered, taken, moved or added; exits with 6 when one was"),
  )
    .addOption(
      new Option(
        "--checkpoint <FILE>",
        "it must go on from this checkpoint, which was kept elsewhere (repeatable)",
      ).argParser(repeatable),
    )
    .action(async (flags: AuditVerifyFlags) => {
      const { auditVerifyCommand } = await import("./commands/audit/verify.ts");
      exit(await auditVerifyCommand(flags));
    });

  ofLog(audit.command("prove").description("print a proof that an event is in the log"))
    .argument("<position>", "the event, by its position")
    .action(async (position: string, flags: LogFlags) => {
      const { auditProveCommand } = await import("./commands/audit/prove.ts");
      exit(await auditProveCommand(position, flags));
    });

  ofLog(audit.command("check-proof").description("check a proof without the log; exits with 6 when it does not hold"))
    .argument("<file>", "the proof; - is stdin")
    .option("--key <LINE>", "the log's key, as cordon audit key prints it; default: that of this user's log")
    .action(async (file: string, flags: CheckProofFlags) => {
      const { auditCheckProofCommand } = await import("./commands/audit/prove.ts");
      exit(auditCheckProofCommand(file, flags));
    });

  ofLog(
    audit
      .command("export")
      .description("write all events to stdout, or the log as other verifiers read it into a folder"),
  )
    .addOption(
      new Option("--format <FORMAT>", "lines of JSON, or C2SP tlog-tiles up to the last checkpoint")
        .choices(["jsonl", "tiles"])
        .default("jsonl", "jsonl"),
    )
    .option("-o, --output <FOLDER>", "where tiles go; made by this")
    .action(async (flags: AuditExportFlags) => {
      const { auditExportCommand } = await import("./commands/audit/export.ts");
      exit(await auditExportCommand(flags));
    });

  ofLog(audit.command("key").description("print the key that checks the log's checkpoints and proofs")).action(
    async (flags: LogFlags) => {
      const { auditKeyCommand } = await import("./commands/audit/prove.ts");
      exit(auditKeyCommand(flags));
    },
  );
}

function ofLog(command: Command): Command {
  return command
    .option("--log <FILE>", "another log than this user's")
    .option("--json", "print one JSON document; with tail one for each event");
}

function withFilters(command: Command): Command {
  return command
    .option("--component <NAME>", "of this component")
    .option("--type <TYPE>", "of this type, such as NetworkAccess")
    .addOption(
      new Option("--result <RESULT>", "with this result").choices(["Allowed", "Denied", "Error", "would-deny"]),
    )
    .option("--rule <RULE>", "decided by this rule")
    .option("--invocation <ID>", "of this call, or of all of one process")
    .option("--since <TIME>", "from then on: 15m or 2h ago, or 2027-01-31T12:00:00Z")
    .option("--until <TIME>", "before then")
    .option("--text <TEXT>", "with this text in it");
}
