import { type PerInvocation, perInvocation } from "../per-invocation.ts";
import { StdioInput } from "./input.ts";
import { StdioOutput } from "./output.ts";

interface Stdio {
  readonly stdin: StdioInput;
  readonly stdout: StdioOutput;
  readonly stderr: StdioOutput;
}

/** The three streams of an invocation. */
export const stdioOf: PerInvocation<Stdio> = perInvocation((context) => {
  const total = { written: 0 };
  return {
    stdin: new StdioInput(context),
    stdout: new StdioOutput("stdout", context, total),
    stderr: new StdioOutput("stderr", context, total),
  };
});
