/** A bare server of `node:http` in a process of its own, which answers every request with the same bytes. Sends its port. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { reply } from "./child.ts";
import { ANSWER } from "./http-guests.ts";

const server = createServer((_request, response) => {
  response.end(ANSWER);
});
process.on("disconnect", () => process.exit());
server.listen(0, "127.0.0.1", 1024, () => reply((server.address() as AddressInfo).port));
