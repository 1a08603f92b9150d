/**
 * Runs the table of grants at some levels, with the package that is installed in the folder that this process runs in, and prints
 * what came of each row as JSON: one line for each level.
 */
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as library from "../../../src/sandbox/index.ts";
import type { GrantGuests } from "./guests.ts";
import { FILES, type GrantCall, type GrantRow, type Surroundings } from "./row.ts";
import { GRANT_ROWS } from "./rows.ts";

/** What this process is started with. */
export interface GrantTableRequest {
  readonly guests: GrantGuests;
  readonly cache: { readonly directory: string };
  readonly levels: readonly Level[];
}

/** A level of isolation, with how the process is wrapped. */
export type Level = "thread" | "off" | "required";

/** How many rows run at once. */
const AT_ONCE = 4;

const { guests, cache, levels } = JSON.parse(process.argv[2] ?? "") as GrantTableRequest;
const project = process.cwd();
const { CordonError, Sandbox } = (await import(
  pathToFileURL(join(project, "node_modules/cordon/dist/bin/index.js")).href
)) as typeof library;

const server = createServer((request, response) => response.end(`${request.method} ${request.url}`));
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as AddressInfo;

for (const level of levels) {
  const outcomes: Record<string, unknown> = {};
  const rows = GRANT_ROWS.map((row, index) => [row, `rows-${process.version}-${level}/${index}`] as const);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = rows.shift(); next !== undefined; next = rows.shift()) {
        const [row, own] = next;
        const outcome = JSON.stringify(await run(row, { project, own, port }, level));
        // Where the row was is of no interest, and the port another in each process.
        outcomes[row.name] = JSON.parse(
          outcome
            .replaceAll(own, "OWN")
            .replaceAll(String(port), "PORT")
            .replaceAll(String(port + 1), "NEXT"),
        );
      }
    }),
  );
  process.stdout.write(`${JSON.stringify(outcomes)}\n`);
}
server.close();

async function run(row: GrantRow, around: Surroundings, level: Level): Promise<unknown> {
  const folder = join(project, around.own);
  prepare(folder);
  const events: unknown[] = [];
  const answers: unknown[] = [];
  try {
    await using sandbox = await Sandbox.open(guests[row.guest], {
      cache,
      grants: row.grants(around),
      isolation: level === "thread" ? "thread" : "process",
      ...(level === "thread" ? {} : { osSandbox: level }),
      ...(row.hostFunctions === undefined ? {} : { hostFunctions: row.hostFunctions }),
      ...(row.deterministic === undefined ? {} : { deterministic: row.deterministic }),
      onEvent: ({ eventType, action, resource, result, reason }) =>
        events.push([eventType, action, resource, result, reason ?? ""].join(" ")),
    });
    for (const call of row.calls(around)) answers.push(await answerOf(sandbox, call, () => change(folder, row, call)));
  } catch (thrown) {
    answers.push(failure(thrown));
  }
  return { answers, events };
}

async function answerOf(sandbox: library.Sandbox, call: GrantCall, before: () => void): Promise<unknown> {
  before();
  try {
    const options = call.stdin === undefined ? {} : { stdin: call.stdin };
    return (await sandbox.call(call.function, call.parameters, options)).value;
  } catch (thrown) {
    return failure(thrown);
  }
}

function failure(thrown: unknown): unknown {
  return thrown instanceof CordonError ? [thrown.code, thrown.message] : ["fault", String(thrown)];
}

function prepare(folder: string): void {
  for (const written of FILES) {
    const [path = "", target] = written.split(" -> ");
    const at = join(folder, path);
    mkdirSync(dirname(at), { recursive: true });
    if (target === undefined) writeFileSync(at, `content of ${path}`);
    else symlinkSync(target, at);
  }
}

/** What another program does meanwhile. The old one stays, so that the new one is surely another. */
function change(folder: string, { changed = "" }: GrantRow, { before = [] }: GrantCall): void {
  const at = join(folder, changed);
  for (const step of before) {
    if (step !== "restore") renameSync(at, `${at}.${step}d`);
    if (step === "remove") continue;
    const isFolder = !changed.includes(".");
    if (isFolder) mkdirSync(at);
    writeFileSync(isFolder ? join(at, "in.txt") : at, `content after ${step}`);
  }
}
