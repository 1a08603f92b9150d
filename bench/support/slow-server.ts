/**
 * A loopback HTTP server in a process of its own, so that what it costs is not counted with the client. `/wait/N`
 * answers after N milliseconds; `/hold` answers when the process that started it says `release`. Sends its port first, and
 * `held` once as many requests are held as the message `hold N` asked for.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { reply } from "./child.ts";

let expected = Number.POSITIVE_INFINITY;
let held: ServerResponse[] = [];

const server = createServer((request, response) => {
  const wait = /^\/wait\/(\d{1,5})$/.exec(request.url ?? "")?.[1];
  if (wait !== undefined) {
    setTimeout(() => response.end("waited"), Number(wait));
    return;
  }
  held.push(response);
  if (held.length === expected) reply("held");
});

process.on("message", (order: string) => {
  if (order === "release") {
    for (const response of held) response.end("released");
    held = [];
  } else {
    expected = Number(order.replace("hold ", ""));
    if (held.length >= expected) reply("held");
  }
});
process.on("disconnect", () => process.exit());
server.listen(0, "127.0.0.1", 1024, () => reply((server.address() as AddressInfo).port));
