// The component of `tool.wit`. An `err` of a host function is thrown here, and goes on to the caller as it is.
import { readFile } from "sandbox:skill/filesystem-read";
import { writeFile } from "sandbox:skill/filesystem-write";
import { httpGet } from "sandbox:skill/network";

export const tool = {
  read: (path) => readFile(path),
  write: (path, content) => writeFile(path, content),
  fetch: (url) => httpGet(url),
};
