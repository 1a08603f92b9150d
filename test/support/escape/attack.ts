import dgram from "node:dgram";
import fs, { writeSync } from "node:fs";
import net from "node:net";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";

/** What there is to attack. */
export interface Given {
  readonly read: readonly string[];
  readonly list: readonly string[];
  readonly write: readonly string[];
  /** Paths to be reached through a held descriptor of a folder: the folder, and the path from there. */
  readonly through: readonly (readonly [folder: string, path: string])[];
  /** Folders to be left upwards, from one held folder to the one above it. */
  readonly climb?: readonly string[];
  /** Files to be opened for reading, and by that descriptor for writing. */
  readonly reopen?: readonly string[];
  readonly port: number;
  readonly socket: string;
  readonly parent: number;
}

/** What came of each attempt: `done` and what it gave, or the code of the error. */
export type Attempts = Readonly<Record<string, string>>;

/** Begins and ends the report in whatever else is written there. */
const MARK = "\n=====attempts=====\n";

/** Reports to the test, on the channel that leads to the parent. */
export function tell(attempts: Attempts): void {
  const bytes = Buffer.from(MARK + JSON.stringify(attempts) + MARK);
  for (let written = 0; written < bytes.length;) written += writeSync(4, bytes, written);
}

/** The report in what was read so far. */
export function told(text: string): Attempts | undefined {
  const [, report] = text.split(MARK);
  return report === undefined || !text.endsWith(MARK) ? undefined : (JSON.parse(report) as Attempts);
}

/** Tries all that an escaped guest would try. */
export async function attack(given: Given): Promise<Attempts> {
  const attempts: Record<string, string> = {};
  const attempt = async (name: string, work: () => unknown): Promise<void> => {
    try {
      attempts[name] = `done ${String(await work()).slice(0, 60)}`;
    } catch (thrown) {
      const { code, message } = thrown as { readonly code?: string; readonly message?: string };
      attempts[name] = code ?? message ?? String(thrown);
    }
  };

  for (const path of given.read) await attempt(`read ${path}`, () => fs.readFileSync(path, "latin1").length);
  for (const path of given.list) await attempt(`list ${path}`, () => fs.readdirSync(path).join(" "));
  for (const path of given.write) await attempt(`write ${path}`, () => fs.writeFileSync(path, "from the guest"));
  for (const [folder, path] of given.through) {
    await attempt(`through ${path}`, () => {
      const fd = fs.openSync(folder, fs.constants.O_DIRECTORY);
      return fs.readFileSync(`/proc/self/fd/${fd}/${path}`, "latin1").length;
    });
  }
  for (const folder of given.climb ?? []) {
    await attempt(`climb from ${folder}`, () => {
      let fd = fs.openSync(folder, fs.constants.O_DIRECTORY);
      for (let above = dirname(folder); above !== "/"; above = dirname(above)) {
        fd = fs.openSync(`/proc/self/fd/${fd}/..`, fs.constants.O_DIRECTORY);
      }
      return fs.readFileSync(`/proc/self/fd/${fd}/../etc/passwd`, "latin1").length;
    });
  }
  for (const path of given.reopen ?? []) {
    await attempt(`reopen ${path}`, () =>
      fs.openSync(`/proc/self/fd/${fs.openSync(path, "r")}`, fs.constants.O_WRONLY),
    );
  }
  await attempt("environment", () => Object.keys(process.env).toSorted().join(" "));
  await attempt("environment of the process", () => fs.readFileSync("/proc/self/environ", "latin1"));
  await attempt("connect", () => connected(net.connect(given.port, "127.0.0.1")));
  await attempt("connect to a socket file", () => connected(net.connect(given.socket)));
  await attempt("datagram", () => sent(given.port));
  await attempt("listen", () => listened());
  await attempt("look up", async () => (await import("node:dns/promises")).lookup("localhost"));
  await attempt("spawn", async () => started("/bin/sh", ["-c", "exit 7"]));
  await attempt("spawn node", async () => started(process.execPath, ["-e", "process.exit(7)"]));
  await attempt("spawn by a binding", () => Reflect.apply(binding, process, ["spawn_sync"]));
  await attempt("addon", () => process.dlopen({ exports: {} }, "/nowhere/addon.node"));
  await attempt("inspector", async () => (await import("node:inspector")).open(0));
  await attempt("inspector session", async () => new (await import("node:inspector")).Session().connect());
  await attempt("database", async () => {
    const { DatabaseSync } = await import("node:sqlite");
    return new DatabaseSync(`${given.write[0] ?? ""}.db`).exec("create table if not exists taken (over)");
  });
  await attempt("foreign functions", async () => import("node:ffi"));
  await attempt("wasi", async () => new (await import("node:wasi")).WASI({ version: "preview1" }));
  await attempt("report", () => process.report.writeReport(given.write[0] ?? ""));
  await attempt("signal to the parent", () => process.kill(given.parent, 0));
  await attempt("signal to its own parent", () => process.ppid > 1 && process.kill(process.ppid, 0));
  await attempt("thread", () => threadReads(given.read[0] ?? "", undefined));
  await attempt("thread without permissions", () => threadReads(given.read[0] ?? "", []));
  await attempt("pid", () => process.pid);
  return attempts;
}

const { binding } = process as unknown as { readonly binding: (name: string) => unknown };

/** A thread of one's own, to see whether it may do what this one may not. */
async function threadReads(path: string, execArgv: string[] | undefined): Promise<string> {
  const code = `require("worker_threads").parentPort.postMessage(require("fs").readFileSync(${JSON.stringify(path)}, "latin1").length)`;
  const thread = new Worker(code, { eval: true, ...(execArgv === undefined ? {} : { execArgv }) });
  return new Promise((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
  });
}

async function started(program: string, words: readonly string[]): Promise<string> {
  const { spawnSync } = await import("node:child_process");
  const { status, error } = spawnSync(program, words);
  if (error !== undefined) throw error;
  return `exit ${String(status)}`;
}

function connected(socket: net.Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once("connect", () => {
      socket.destroy();
      resolve("connected");
    });
    socket.once("error", reject);
  });
}

/** One that is refused says so in an event that nobody can listen to before it comes. */
function listened(): Promise<string> {
  return new Promise((resolve, reject) => {
    process.once("uncaughtException", reject);
    const server = net.createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      process.removeAllListeners("uncaughtException");
      server.close();
      resolve("listening");
    });
  });
}

function sent(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket("udp4");
    socket.once("error", reject);
    socket.send("x", port, "127.0.0.1", (error) => {
      socket.close();
      if (error === null) resolve("sent");
      else reject(error);
    });
  });
}
