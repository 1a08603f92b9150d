/** Entry of a guest process: the worker pool of one component, driven by messages of the process that embeds Cordon. */
import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { messageOf } from "../../../shared/errors.ts";
import { CHANNEL } from "../messages.ts";
import { Channel } from "./channel.ts";
import { GuestService } from "./guest-service.ts";

// What is written has to be taken before this thread goes on: an event that was recorded is on its way, and a flood of them
// fills no memory here.
const channel = new Channel((bytes) => {
  for (let written = 0; written < bytes.length;) written += writeSync(CHANNEL.up, bytes, written);
});
const service = new GuestService((message) => channel.send(message));

const down = new Socket({ fd: CHANNEL.down, readable: true, writable: false });
down.on("data", (chunk: Buffer) => {
  for (const message of channel.receive(chunk)) service.take(message);
});
// The other side is gone, or wants this one to be.
for (const event of ["end", "close", "error"]) down.on(event, () => process.exit(0));
process.on("uncaughtException", (thrown) => {
  process.stderr.write(`${messageOf(thrown)}\n`);
  process.exit(70);
});

channel.send({ type: "opened" });
