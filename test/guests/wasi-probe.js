import * as environment from "wasi:cli/environment@0.2.12";
import * as exit from "wasi:cli/exit@0.2.12";
import * as stderr from "wasi:cli/stderr@0.2.12";
import * as stdin from "wasi:cli/stdin@0.2.12";
import * as stdout from "wasi:cli/stdout@0.2.12";
import * as terminalStderr from "wasi:cli/terminal-stderr@0.2.12";
import * as terminalStdin from "wasi:cli/terminal-stdin@0.2.12";
import * as terminalStdout from "wasi:cli/terminal-stdout@0.2.12";
import * as monotonicClock from "wasi:clocks/monotonic-clock@0.2.12";
import * as wallClock from "wasi:clocks/wall-clock@0.2.12";
import * as preopens from "wasi:filesystem/preopens@0.2.12";
import * as filesystem from "wasi:filesystem/types@0.2.12";
import * as poll from "wasi:io/poll@0.2.12";
import * as streams from "wasi:io/streams@0.2.12";
import * as insecure from "wasi:random/insecure@0.2.12";
import * as insecureSeed from "wasi:random/insecure-seed@0.2.12";
import * as random from "wasi:random/random@0.2.12";
import * as network from "wasi:sockets/instance-network@0.2.12";
import * as lookup from "wasi:sockets/ip-name-lookup@0.2.12";
import * as tcp from "wasi:sockets/tcp-create-socket@0.2.12";
import * as udp from "wasi:sockets/udp-create-socket@0.2.12";
import * as outgoing from "wasi:http/outgoing-handler@0.2.12";
import * as http from "wasi:http/types@0.2.12";

const wasi = {
  environment,
  exit,
  stderr,
  stdin,
  stdout,
  terminalStderr,
  terminalStdin,
  terminalStdout,
  monotonicClock,
  wallClock,
  preopens,
  filesystem,
  poll,
  streams,
  insecure,
  insecureSeed,
  random,
  network,
  lookup,
  tcp,
  udp,
  outgoing,
  http,
};

/** JSON with bytes as lists. 64-bit integers are numbers in this engine; it traps when it is given others for them. */
function shown(value) {
  return JSON.stringify(value, (_key, part) => {
    if (ArrayBuffer.isView(part)) return Array.from(part);
    return part === undefined ? null : part;
  });
}

/** What an operation gave: `{ ok }`, or `{ err }` for the error value that it threw. */
function attempt(operation) {
  try {
    return { ok: operation() };
  } catch (error) {
    return { err: error !== null && typeof error === "object" && "payload" in error ? error.payload : String(error) };
  }
}

export function run(code) {
  // oxlint-disable-next-line typescript/no-implied-eval -- it is what the probe is for: the guest runs what a test sends it
  return shown(attempt(() => new Function("wasi", "attempt", code)(wasi, attempt)));
}
