import { join } from "node:path";
import { artifactOf } from "./support/artifact.ts";
import { Child } from "./support/child.ts";
import { fetcher } from "./support/guests.ts";
import { figure, type Report, times } from "./support/report.ts";
import { slope, summarize } from "./support/statistics.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

const COUNTS = [0, 50, 100, 200] as const;
const ROUNDS = 3;
const MIB = 2 ** 20;

const SUBJECTS = { cordon: "Sandbox.call", bare: "bare, one thread", requests: "requests alone" } as const;

/** Resident memory of the process while guests wait on a host call. */
export async function run(): Promise<Report> {
  using folder = new TemporaryFolder();
  const component = await fetcher();
  const cache = join(folder.path, "artifacts");
  const { modules } = await artifactOf(component, cache);
  const initialPages = modules
    .flatMap(({ memories }) => memories)
    .reduce((sum, memory) => sum + memory.initialPages, 0);

  const server = new Child("./slow-server.ts");
  const url = `http://127.0.0.1:${String(await server.receive())}/hold`;
  const resident = new Map<string, number[]>();
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const how of Object.keys(SUBJECTS)) {
        for (const count of COUNTS) {
          const bytes = await residentWith(server, count, [how, component, url, cache, String(count)]);
          const key = `${how} ${count}`;
          resident.set(key, [...(resident.get(key) ?? []), bytes / MIB]);
        }
      }
    }
  } finally {
    await server.end();
  }
  const median = (how: string, count: number): number => summarize(resident.get(`${how} ${count}`) ?? []).median;
  const perGuest = (how: string): number => slope(COUNTS.map((count) => [count, median(how, count)] as const)) * 1024;
  const ratio = (how: string): string => times(perGuest(how) / perGuest("bare"));
  return {
    title: "Memory per waiting guest",
    method: `Resident memory of a process of its own, while its guests (1 MB, JSPI) wait on an http-get that is not \
answered. Median of ${ROUNDS} processes; the memory per guest is the slope of the fitted line.`,
    sections: [
      {
        title: "Resident memory, MiB",
        header: ["process", ...COUNTS.map((count) => `${count} waiting`), "per guest, KiB", "× bare"],
        rows: Object.entries(SUBJECTS).map(([how, name]) =>
          [[name], COUNTS.map((count) => figure(median(how, count))), [figure(perGuest(how)), ratio(how)]].flat(),
        ),
        notes: [`A guest's linear memory starts at ${initialPages * 64} KiB, of which it touches a part.`],
      },
    ],
  };
}

async function residentWith(server: Child, count: number, parameters: readonly string[]): Promise<number> {
  const guests = new Child("./waiting-guests.ts", parameters);
  await guests.receive();
  if (count > 0) {
    server.send(`hold ${count}`);
    await server.receive();
  }
  guests.send("measure");
  const bytes = Number(await guests.receive());
  server.send("release");
  if (count === 0) await guests.end();
  else await guests.ended();
  return bytes;
}
