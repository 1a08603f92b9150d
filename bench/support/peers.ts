import { spawn, spawnSync } from "node:child_process";

/** What a peer measured, in milliseconds. */
export type PeerSamples = Readonly<Record<string, readonly number[]>>;

/** What to say where the peer is not there. */
export const NO_PYTHON_PEER = "Peer: the wasmtime package of PyPI is not installed for python3.";

/** The command of wasmtime, where it is on the PATH. */
export function wasmtimeCommand(): string | undefined {
  return spawnSync("wasmtime", ["--version"], { stdio: "ignore" }).status === 0 ? "wasmtime" : undefined;
}

/** The version of PyPI's wasmtime, where python3 can import it with its component API. */
export function wasmtimePackage(): string | undefined {
  const check = "import wasmtime.component; from importlib.metadata import version; print(version('wasmtime'))";
  const { status, stdout } = spawnSync("python3", ["-c", check], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** `wasmtime serve`, with a fresh instance for each request, where the command is on the PATH. */
export async function wasmtimeServer(
  component: string,
): Promise<{ readonly port: number; readonly end: () => void } | undefined> {
  const command = wasmtimeCommand();
  if (command === undefined) return undefined;
  const server = spawn(command, ["serve", "--addr", "127.0.0.1:0", component], { stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  server.stderr.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
    const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1];
    if (port !== undefined) resolve(Number(port));
  });
  server.once("exit", () => resolve(undefined));
  const port = await promise;
  return port === undefined ? undefined : { port, end: () => void server.kill() };
}

/** Loads a component with PyPI's wasmtime `rounds` times: compiled from scratch, and from a serialized module. */
export function wasmtimeLoads(component: string, rounds: number): PeerSamples {
  return measured(
    `
engine = wasmtime.Engine()
source = open(sys.argv[1], "rb").read()
samples = {"compile": [], "deserialize": []}
for _ in range(int(sys.argv[2])):
    compiled = timed(samples["compile"], lambda: component.Component(engine, source))
    serialized = compiled.serialize()
    timed(samples["deserialize"], lambda: component.Component.deserialize(engine, serialized))
`,
    [component, String(rounds)],
  );
}

/** Calls `add(5, 3)` of a component that imports nothing on a fresh instance, `rounds` times. */
export function wasmtimeCalls(path: string, rounds: number): PeerSamples {
  return measured(
    `
engine = wasmtime.Engine()
compiled = component.Component.from_file(engine, sys.argv[1])
linker = component.Linker(engine)
def call():
    store = wasmtime.Store(engine)
    return linker.instantiate(store, compiled).get_func(store, "add")(store, 5, 3)
samples = {"call": []}
for _ in range(10): assert call() == 8
for _ in range(int(sys.argv[2])): timed(samples["call"], call)
`,
    [path, String(rounds)],
  );
}

function measured(script: string, parameters: readonly string[]): PeerSamples {
  const whole = `
import json, sys, time, wasmtime
from wasmtime import component
def timed(samples, action):
    start = time.perf_counter()
    result = action()
    samples.append((time.perf_counter() - start) * 1000)
    return result
${script}
print(json.dumps(samples))
`;
  const { status, stdout, stderr } = spawnSync("python3", ["-c", whole, ...parameters], { encoding: "utf8" });
  if (status !== 0) throw new Error(`the peer failed: ${stderr.trim().split("\n").at(-1) ?? ""}`);
  return JSON.parse(stdout) as PeerSamples;
}
