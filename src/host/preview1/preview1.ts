import type { CoreModule } from "../core/core-function.ts";
import { ARGUMENT_FUNCTIONS } from "./arguments.ts";
import { CLOCK_FUNCTIONS } from "./clocks.ts";
import { DESCRIPTOR_FUNCTIONS } from "./descriptor-state.ts";
import { FILESTAT_FUNCTIONS } from "./filestat.ts";
import { PATH_FUNCTIONS } from "./paths.ts";
import { POLL } from "./poll.ts";
import { PROCESS_FUNCTIONS } from "./process.ts";
import { READ_DIRECTORY } from "./read-directory.ts";
import { READ_WRITE_FUNCTIONS } from "./read-write.ts";
import { SOCKET_FUNCTIONS } from "./sockets.ts";

/**
 * WASI preview 1 (https://github.com/WebAssembly/WASI/tree/main/legacy/preview1): all of its functions, over the same files, clocks,
 * random bytes, stdio and sockets as WASI 0.2. An address that the memory does not have, or that is not aligned, ends the guest, as
 * the specification says; flags and enumerations that are none are `inval`.
 */
export const PREVIEW1: CoreModule = Object.freeze({
  name: "wasi_snapshot_preview1",
  functions: Object.freeze([
    ...ARGUMENT_FUNCTIONS,
    ...CLOCK_FUNCTIONS,
    ...DESCRIPTOR_FUNCTIONS,
    ...FILESTAT_FUNCTIONS,
    ...PATH_FUNCTIONS,
    ...PROCESS_FUNCTIONS,
    ...READ_WRITE_FUNCTIONS,
    ...SOCKET_FUNCTIONS,
    POLL,
    READ_DIRECTORY,
  ]),
});
