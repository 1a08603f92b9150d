import { CordonError } from "../shared/errors.ts";
import { withoutOwnSecrets } from "../shared/own-variables.ts";
import { quoteText } from "../shared/text/quote-text.ts";

/** Time for a person to type something, in milliseconds. */
const TIMEOUT_MS = 60_000;

/**
 * What a program of the operator's prints. It is started without a shell, with the environment of this process, and what it says on
 * stderr is shown; nothing of what it prints is ever part of a message.
 *
 * @param command The program and its arguments.
 * @throws CordonError `usage` when it cannot be started, fails, takes over a minute or prints more than `maxBytes`.
 */
export async function commandOutput([program, ...words]: readonly string[], maxBytes: number): Promise<Uint8Array> {
  if (program === undefined || program === "")
    throw new CordonError("usage", "Cannot run the key command: it is empty");
  const { spawn } = await import("node:child_process");
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const failed = (why: string): CordonError =>
    new CordonError("usage", `Cannot have the identity from ${quoteText(program, 200)}: ${why}`);
  const child = spawn(program, words, {
    env: withoutOwnSecrets(process.env),
    stdio: ["ignore", "pipe", "inherit"],
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
    windowsHide: true,
  });
  const chunks: Buffer[] = [];
  let length = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length <= maxBytes) chunks.push(chunk);
    else child.kill("SIGKILL");
  });
  child.once("error", (error) =>
    reject(failed("code" in error && error.code === "ENOENT" ? "there is no such program" : "it cannot be started")),
  );
  child.once("close", (code, signal) => {
    if (length > maxBytes) reject(failed(`it prints more than ${maxBytes} bytes`));
    else if (signal !== null) reject(failed("it was killed, or took over a minute"));
    else if (code !== 0) reject(failed(`it ended with the exit code ${code}`));
    else resolve(Buffer.concat(chunks));
  });
  return promise;
}
