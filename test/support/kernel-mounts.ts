import { Guest, HOLDINGS, preopen } from "./filesystem.ts";

/*
 * Run by itself in a mount namespace of its own, with the kernel's file systems mounted below the folder that is its argument: what a
 * guest that was granted the folder is answered, as JSON, for folders held by descriptor and by path.
 */

const [folder = ""] = process.argv.slice(2);
const pid = String(process.ppid);
const name = `cordon-${process.pid}`;
const answers = [];
for (const [, holding] of HOLDINGS) {
  using guest = new Guest([preopen(folder)], holding);
  answers.push({
    processes: [
      await guest.open("notes", "r"),
      await guest.text(`notes/${pid}/environ`),
      await guest.text("notes/version"),
      await guest.put(`notes/${pid}/comm`, "renamed", "w"),
      await guest.put("version", "", "w"),
      await guest.text("environment"),
    ],
    devices: [
      await guest.put(`drawer/${name}`, "x", "wc"),
      await guest.call("unlink-file-at", guest.root, `drawer/${name}`),
      await guest.call("create-directory-at", guest.root, `drawer/${name}`),
    ],
    ordinary: [await guest.put("plain/new", "x", "wc"), await guest.call("unlink-file-at", guest.root, "plain/new")],
  });
}
process.stdout.write(JSON.stringify(answers));
