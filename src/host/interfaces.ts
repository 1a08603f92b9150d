import { processRun } from "./process/run-binding.ts";
import type { HostInterface } from "./capability.ts";
import { monotonicClock, wallClock } from "./clocks/binding.ts";
import { cliEnvironment } from "./environment/binding.ts";
import { cliExit } from "./environment/exit-binding.ts";
import { ioError } from "./io/error-binding.ts";
import { ioPoll } from "./io/poll-binding.ts";
import { ioStreams } from "./io/streams-binding.ts";
import { insecureRandom, insecureSeed, random } from "./random/binding.ts";
import { cliStderr, cliStdin, cliStdout } from "./stdio/binding.ts";
import { cliTerminals } from "./stdio/terminal-binding.ts";
import { ipNameLookup } from "./sockets/name-lookup-binding.ts";
import { instanceNetwork, socketsNetwork } from "./sockets/network-binding.ts";
import { tcp } from "./sockets/tcp-binding.ts";
import { tcpCreateSocket } from "./sockets/tcp-create-socket-binding.ts";
import { udp } from "./sockets/udp-binding.ts";
import { udpCreateSocket } from "./sockets/udp-create-socket-binding.ts";
import { filesystemRead, filesystemWrite } from "./filesystem/skills/skill-binding.ts";
import { wasiFilesystemPreopens } from "./filesystem/wasi/wasi-preopens-binding.ts";
import { wasiFilesystemTypes } from "./filesystem/wasi/wasi-types-binding.ts";
import { outgoingHandler } from "./http/outgoing-handler.ts";
import { network } from "./http/skill-binding.ts";
import { httpTypes } from "./http/types-binding.ts";
import { vakHost } from "./vak/binding.ts";

/** Every interface that guests can import. */
export const HOST_INTERFACES: readonly HostInterface[] = Object.freeze([
  processRun,
  filesystemRead,
  filesystemWrite,
  network,
  vakHost,
  ioError,
  ioPoll,
  ioStreams,
  cliEnvironment,
  cliExit,
  cliStdin,
  cliStdout,
  cliStderr,
  ...cliTerminals,
  monotonicClock,
  wallClock,
  random,
  insecureRandom,
  insecureSeed,
  socketsNetwork,
  instanceNetwork,
  ipNameLookup,
  tcp,
  tcpCreateSocket,
  udp,
  udpCreateSocket,
  wasiFilesystemPreopens,
  wasiFilesystemTypes,
  httpTypes,
  outgoingHandler(),
]);
