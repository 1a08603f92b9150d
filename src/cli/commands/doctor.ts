import { diagnose } from "../../sandbox/machine/doctor.ts";
import { lookAtMachine } from "../../sandbox/machine/machine.ts";
import { doctorDocument, doctorReport } from "../output/doctor-report.ts";
import { EXIT } from "../output/exit-codes.ts";
import { printJson } from "../output/json-output.ts";
import { styled } from "../output/terminal.ts";
import { terminalWidth } from "../output/width.ts";

/** `cordon doctor`: says what this machine can give, and what is missing. Returns the exit code: 0 when guests can be run. */
export async function doctorCommand(flags: { readonly json?: boolean }): Promise<number> {
  const facts = await lookAtMachine();
  const diagnosis = diagnose(facts);
  if (flags.json === true) printJson(doctorDocument(diagnosis, facts), process.stdout);
  else {
    const lines = doctorReport(
      diagnosis,
      (style, text) => styled(style, text, process.stdout),
      terminalWidth(process.stdout),
    );
    for (const line of lines) process.stdout.write(`${line}\n`);
  }
  return diagnosis.fit ? EXIT.done : EXIT.usage;
}
