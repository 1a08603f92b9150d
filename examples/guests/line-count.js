// The program of `line-count.wit`. It finds files in the first folder that was opened for it, and knows of no other.
import { getArguments } from "wasi:cli/environment@0.2.12";
import { exit } from "wasi:cli/exit@0.2.12";
import { getStderr } from "wasi:cli/stderr@0.2.12";
import { getStdout } from "wasi:cli/stdout@0.2.12";
import { getDirectories } from "wasi:filesystem/preopens@0.2.12";

const LINE_FEED = 10;

const print = (stream, text) => stream.blockingWriteAndFlush(Uint8Array.from(text, (one) => one.charCodeAt(0)));

function linesOf(folder, path) {
  const file = folder.openAt({ symlinkFollow: true }, path, {}, { read: true });
  let lines = 0;
  let offset = 0;
  for (;;) {
    const [bytes, isEnd] = file.read(65_536, offset);
    for (const byte of bytes) if (byte === LINE_FEED) lines += 1;
    offset += bytes.length;
    if (isEnd) return lines;
  }
}

export const run = {
  run() {
    const [, ...paths] = getArguments();
    const [opened] = getDirectories();
    let failed = opened === undefined;
    if (opened === undefined) print(getStderr(), "no folder was opened for me\n");
    for (const path of opened === undefined ? [] : paths) {
      try {
        print(getStdout(), `${linesOf(opened[0], path)} ${path}\n`);
      } catch (error) {
        print(getStderr(), `${path}: ${error.payload ?? error}\n`);
        failed = true;
      }
    }
    if (failed) exit({ tag: "err" });
  },
};
