import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { errorDocument } from "../output/failure.ts";
import { controlFolder } from "./control-folder.ts";

/** The longest request, in characters. */
const MAX_REQUEST = 256;

/** How long a client may take to send it, in milliseconds. */
const REQUEST_MS = 2_000;

/** Listens for `cordon policy reload`, until it is disposed of. */
export class ControlServer implements Disposable {
  readonly #server: Server;
  readonly #path: string;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
  }

  /**
   * @param reload Reads the policy anew; resolves to the version that is in force then.
   * @returns `undefined` where there is no place for its socket: then documents are reloaded when they change, and not when one asks.
   */
  static async open(reload: () => Promise<string | undefined>): Promise<ControlServer | undefined> {
    if (process.platform === "win32") return undefined;
    try {
      const path = join(controlFolder(), `${process.pid}.sock`);
      // One of a process that had the number before.
      rmSync(path, { force: true });
      const server = createServer((socket) => void answer(socket, reload));
      server.unref();
      server.listen(path);
      await once(server, "listening");
      return new ControlServer(server, path);
    } catch {
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    this.#server.close();
    rmSync(this.#path, { force: true });
  }
}

async function answer(socket: Socket, reload: () => Promise<string | undefined>): Promise<void> {
  socket.on("error", () => undefined);
  socket.setTimeout(REQUEST_MS, () => socket.destroy());
  if ((await requestOf(socket)) !== "reload policy\n") {
    socket.destroy();
    return;
  }
  // What reads the documents takes its time.
  socket.setTimeout(0);
  try {
    socket.end(`${JSON.stringify({ status: "ok", version: (await reload()) ?? null })}\n`);
  } catch (thrown) {
    socket.end(`${JSON.stringify({ status: "error", error: errorDocument(thrown) })}\n`);
  }
}

/** What comes first, up to the end of its line. */
function requestOf(socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let request = "";
  socket.setEncoding("utf8");
  socket.on("data", (part: string) => {
    request += part;
    if (request.includes("\n") || request.length > MAX_REQUEST) resolve(request);
  });
  socket.on("close", () => resolve(request));
  return promise;
}
