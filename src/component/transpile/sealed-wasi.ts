/**
 * The WASI that the transpiler itself is given in place of `@bytecodealliance/preview2-shim`: nothing.
 *
 * The transpiler is a WebAssembly component that reads hostile bytes. It needs no files, no environment and no clock, so
 * it gets none; what it says when it panics is kept for the error message. Only the build bundles this file.
 */

const MAX_DIAGNOSTICS_BYTES = 4096;
const MAX_RANDOM_BYTES = 4096;

const diagnostics: Uint8Array[] = [];
let diagnosticsBytes = 0;

/** What the transpiler wrote to its standard error since the last call, at most 4 KiB. */
export function takeDiagnostics(): string {
  const text = new TextDecoder().decode(Buffer.concat(diagnostics));
  diagnostics.length = 0;
  diagnosticsBytes = 0;
  return text;
}

function keep(bytes: Uint8Array): void {
  const kept = bytes.slice(0, MAX_DIAGNOSTICS_BYTES - diagnosticsBytes);
  diagnostics.push(kept);
  diagnosticsBytes += kept.length;
}

class OutputStream {
  checkWrite(): bigint {
    return BigInt(MAX_DIAGNOSTICS_BYTES);
  }
  write(bytes: Uint8Array): void {
    keep(bytes);
  }
  blockingWriteAndFlush(bytes: Uint8Array): void {
    keep(bytes);
  }
  flush(): void {}
  blockingFlush(): void {}
}
class InputStream {}
class WasiError {}
class TerminalInput {}
class TerminalOutput {}
class Descriptor {}
class DirectoryEntryStream {}

function refused(name: string): never {
  throw new Error(`the transpiler called ${name}, which it has no use for`);
}

type Interface = Readonly<Record<string, unknown>>;

export const environment: Interface = { getEnvironment: () => [] };
export const exit: Interface = {
  exit: () => {
    throw new Error("the transpiler gave up");
  },
};
export const stderr: Interface = { getStderr: () => new OutputStream() };
export const stdin: Interface = { getStdin: () => refused("get-stdin") };
export const stdout: Interface = { getStdout: () => new OutputStream() };
export const terminalInput: Interface = { TerminalInput };
export const terminalOutput: Interface = { TerminalOutput };
export const terminalStderr: Interface = { getTerminalStderr: () => undefined };
export const terminalStdin: Interface = { getTerminalStdin: () => undefined };
export const terminalStdout: Interface = { getTerminalStdout: () => undefined };
export const preopens: Interface = { getDirectories: () => [] };
export const types: Interface = {
  Descriptor,
  DirectoryEntryStream,
  filesystemErrorCode: () => undefined,
};
export const error: Interface = { Error: WasiError };
export const streams: Interface = { InputStream, OutputStream };
export const random: Interface = {
  getRandomBytes: (length: bigint) => {
    if (length > BigInt(MAX_RANDOM_BYTES)) refused("get-random-bytes for more than it needs");
    return crypto.getRandomValues(new Uint8Array(Number(length)));
  },
};
