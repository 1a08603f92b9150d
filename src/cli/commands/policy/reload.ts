import { readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { CordonError } from "../../../shared/errors.ts";
import { controlFolder } from "../../control/control-folder.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { fail } from "../../output/failure.ts";
import { printJson } from "../../output/json-output.ts";
import { neutralisedLine, styled } from "../../output/terminal.ts";

/** How long a server may take to answer, in milliseconds. */
const ANSWER_MS = 30_000;

/** The flags of `policy reload`, as parsed. */
export interface PolicyReloadFlags {
  readonly pid?: string;
  readonly json?: boolean;
}

interface Answer {
  readonly pid: number;
  readonly status: "ok" | "error";
  readonly version?: string | null;
  readonly error?: { readonly message: string };
}

/** `cordon policy reload`: has the servers of this user read their policies anew. Exits with 2 when one could not. */
export async function policyReloadCommand({ pid, json }: PolicyReloadFlags): Promise<number> {
  try {
    const folder = controlFolder();
    const found = serversIn(folder).filter((one) => pid === undefined || String(one) === pid);
    const answers = (await Promise.all(found.map((one) => ask(folder, one)))).filter((one) => one !== undefined);
    if (answers.length === 0) {
      const which =
        pid === undefined ? "no server of this user" : `no server with the process number ${JSON.stringify(pid)}`;
      throw new CordonError("usage", `Cannot reload the policy: ${which} is running`);
    }
    const failed = answers.some(({ status }) => status === "error");
    if (json === true) printJson({ status: failed ? "error" : "ok", servers: answers }, process.stdout);
    else for (const answer of answers) process.stdout.write(`${lineOf(answer)}\n`);
    return failed ? EXIT.usage : EXIT.done;
  } catch (thrown) {
    return fail(thrown, json);
  }
}

function lineOf({ pid, status, version, error }: Answer): string {
  if (status === "ok") return `${pid}: ${neutralisedLine(version ?? "no document is in force")}`;
  return `${pid}: ${styled("bad", "failed", process.stdout)}: ${neutralisedLine(error?.message ?? "no answer")}`;
}

function serversIn(folder: string): readonly number[] {
  return readdirSync(folder).flatMap((name) => {
    const [, pid] = /^(\d{1,10})\.sock$/u.exec(name) ?? [];
    return pid === undefined ? [] : [Number(pid)];
  });
}

/** Asks a server; `undefined` for one that is gone, whose socket goes too. */
async function ask(folder: string, pid: number): Promise<Answer | undefined> {
  const path = join(folder, `${pid}.sock`);
  const socket = connect(path);
  socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error("it did not answer")));
  socket.setEncoding("utf8");
  socket.write("reload policy\n");
  try {
    let text = "";
    for await (const part of socket as AsyncIterable<string>) text += part;
    return { ...(JSON.parse(text) as Omit<Answer, "pid">), pid };
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ECONNREFUSED") {
      rmSync(path, { force: true });
      return undefined;
    }
    const message = thrown instanceof SyntaxError ? "it ended before it had answered" : String(thrown);
    return { pid, status: "error", error: { message } };
  }
}
