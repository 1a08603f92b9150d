import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test, type TestContext } from "node:test";
import { Database } from "../../src/shared/machine/database.ts";
import { type CliResult, cordon, documentOf, startCordon } from "../support/cli.ts";
import { temporaryFolder, testGuest } from "../support/guests.ts";
import { needing } from "../support/needs.ts";

let guest: string;
before(async () => {
  guest = await testGuest();
});

interface Place {
  readonly folder: string;
  readonly database: string;
  readonly run: (...words: readonly string[]) => Promise<CliResult>;
}

/** A folder with a file to read, and a state folder of its own. */
async function place(context: TestContext): Promise<Place> {
  const folder = await temporaryFolder(context);
  await writeFile(join(folder, "in.txt"), "content");
  const environment = { XDG_STATE_HOME: join(folder, "state") };
  return {
    folder,
    database: join(folder, "state/cordon/audit.db"),
    run: async (...words) => cordon(words, { environment }),
  };
}

async function recorded(context: TestContext): Promise<Place> {
  const made = await place(context);
  const { run, folder } = made;
  const file = join(folder, "in.txt");
  assert.equal((await run("run", "--audit-log", guest, "read", "/etc/passwd")).code, 3);
  assert.equal((await run("run", "--audit-log", `--allow-fs-read=${folder}`, guest, "read", file)).code, 0);
  return made;
}

test("what guests did is in the log: shown, counted, verified and proved", async (context) => {
  const { run, folder, database } = await recorded(context);
  const query = await run("audit", "query");
  assert.match(
    query.stdout,
    /^ +1 {2}\S+Z {2}Allowed {2}guest-\w+ {2}\S+read-file\("[^\n]+in\.txt"\)\n +0 {2}\S+Z {2}Denied .*\n$/,
  );
  const denied = documentOf(await run("audit", "query", "--result", "Denied", "--json"));
  const [event] = denied["events"] as readonly Record<string, unknown>[];
  assert.deepEqual(
    { ...event, timestamp: "", component_id: "", component_digest: "", invocation: "" },
    {
      position: 0,
      schema: 1,
      timestamp: "",
      component_id: "",
      component_digest: "",
      event_type: "FilesystemAccess",
      resource: "/etc/passwd",
      action: "filesystem-read.read-file",
      result: "Denied",
      reason: "filesystem-read is not granted; allow it with --allow-fs-read=PATH",
      invocation: "",
      sequence: 1,
    },
  );
  const stats = await run("audit", "stats");
  assert.match(
    stats.stdout,
    /^COMPONENT +TYPE +RESULT +EVENTS\nguest-\w+ +FilesystemAccess +Allowed +1\nguest-\w+ +FilesystemAccess +Denied +1\n$/,
  );
  const { code, stdout: summary } = await run("audit", "summary", String(event?.["invocation"]));
  assert.equal(code, 0);
  assert.match(
    summary,
    /^component +guest-\w+ sha256:\w+\npolicy +none: grants alone\ntime +\S+ to \S+\nevents +1\n\ndenied\n +1x {2}filesystem-read\.read-file {2}"\/etc\/passwd" {2}filesystem-read is not granted; .*\n$/,
  );
  const tail = await run("audit", "tail", "-n", "1", "--json");
  assert.equal((JSON.parse(tail.stdout) as Record<string, unknown>)["position"], 1);

  const verified = await run("audit", "verify");
  assert.match(verified.stdout, /^unaltered {2}2 events, 2 of them under 2 checkpoints of cordon-audit-[0-9a-f]{8}\n$/);
  const key = await run("audit", "key");
  assert.match(key.stdout, /^cordon-audit-[0-9a-f]{8}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}\n$/);
  const proof = join(folder, "event.proof");
  await writeFile(proof, (await run("audit", "prove", "0")).stdout);
  // Whoever has the key needs nothing of the log.
  const elsewhere = await cordon(["audit", "check-proof", proof, "--key", key.stdout.trim(), "--json"]);
  assert.equal((documentOf(elsewhere)["event"] as Record<string, unknown>)["resource"], "/etc/passwd");
  await writeFile(proof, (await readFile(proof, "utf8")).replace("index 0", "index 1"));
  const refused = await run("audit", "check-proof", proof);
  assert.deepEqual([refused.code, refused.stdout], [6, ""]);
  assert.match(refused.stderr, /^error: Cannot accept the proof: /);
  const lines = (await run("audit", "export")).stdout.trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as Record<string, unknown>)["position"]),
    [0, 1],
  );
  const tiles = await run("audit", "export", "--format", "tiles", "--output", join(folder, "tiles"));
  assert.match(tiles.stdout, /^2 events and their tree are in "[^"]+tiles"\n$/);
  assert.match(await readFile(join(folder, "tiles/checkpoint"), "utf8"), /^cordon-audit-\w+\n2\n/);
  if (process.platform !== "win32") assert.equal((await stat(database)).mode & 0o777, 0o600);
});

test("a log that was altered or put back is told, with exit code 6", async (context) => {
  const { run, database, folder } = await recorded(context);
  const kept = join(folder, "kept.txt");
  await writeFile(kept, await readFile(`${database}.checkpoint`));
  {
    using log = new Database(database, { what: "the log" });
    log.exec("UPDATE events SET text = replace(text, 'Denied', 'Allowed') WHERE position = 0");
  }
  const altered = await run("audit", "verify");
  assert.deepEqual([altered.code, altered.stdout], [6, "altered  event 0 was altered\n"]);
  const document = documentOf(await run("audit", "verify", "--json"));
  assert.deepEqual(
    [document["status"], document["fault"]],
    ["altered", { kind: "altered", position: 0, message: "event 0 was altered" }],
  );
  const another = await recorded(context);
  const replaced = await another.run("audit", "verify", "--checkpoint", kept);
  assert.equal(replaced.code, 6);
  assert.match(replaced.stdout, /^altered {2}\S+kept\.txt is no checkpoint that cordon-audit-[0-9a-f]{8} signed\n$/);
});

test("tail goes on with what comes", async (context) => {
  const { run, folder } = await recorded(context);
  const tail = startCordon(["audit", "tail", "-f", "--json", "--result", "Denied"], {
    environment: { XDG_STATE_HOME: join(folder, "state") },
  });
  await tail.printed('"position":0');
  await run("run", "--audit-log", guest, "read", "/etc/shadow");
  await tail.printed("/etc/shadow");
  tail.child.kill("SIGINT");
  const { code, stdout } = await tail.ended;
  assert.equal(code, 130);
  assert.equal(stdout.trimEnd().split("\n").length, 2);
});

test("what cannot be answered is said in one line", async (context) => {
  const { run } = await place(context);
  const none = await run("audit", "query");
  assert.equal(none.code, 2);
  assert.match(
    none.stderr,
    /^error: Cannot read the audit log "[^"]+": there is none; runs with --audit-log make it\n$/,
  );
  const recordedPlace = await recorded(context);
  for (const [words, message] of [
    [["query", "--since", "yesterday"], /Cannot read --since "yesterday"; write 90s/],
    [["query", "--limit", "0"], /Cannot use --limit "0"/],
    [["query", "--before", "x"], /Cannot use "x" as an event/],
    [["summary", "0123456789abcdef-7"], /the log has no event of it/],
    [["summary", "7"], /Cannot tell of "7": a call is known by/],
    [["prove", "99"], /Cannot prove event 99: the log has events 0 to 1/],
    [["check-proof", "/no/such/file"], /Cannot read the proof/],
    [["check-proof", guest, "--key", "nonsense"], /Cannot use "nonsense" as a key/],
    [["verify", "--checkpoint", "/no/such/file"], /Cannot read the checkpoint/],
  ] as const) {
    const result = await recordedPlace.run("audit", ...words);
    assert.equal(result.code, 2, words.join(" "));
    assert.match(result.stderr, message);
  }
});

test(
  "a run whose log cannot be opened does not begin",
  needing(["posix"], async (context: TestContext) => {
    const { folder } = await place(context);
    const result = await cordon(["run", "--audit-log", guest, "add", "1", "2"], {
      environment: { XDG_STATE_HOME: join(folder, "in.txt") },
    });
    assert.deepEqual([result.code, result.stdout], [2, ""]);
    assert.match(result.stderr, /^error: Cannot use the audit log: /);
  }),
);
