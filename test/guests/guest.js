import { readFile } from "sandbox:skill/filesystem-read";
import { writeFile } from "sandbox:skill/filesystem-write";
import { httpGet, httpPost } from "sandbox:skill/network";

let calls = 0;

const add = (a, b) => a + b;
// This toolchain hands 64-bit integers to JavaScript as numbers.
const double = (value) => value + value;
const greet = (name) => `Hello, ${name}!`;
const mirror = ({ x, y }) => ({ x: -x, y: -y });
const describe = (what, colour, rights) =>
  JSON.stringify({ what, colour: colour ?? null, read: rights.read === true, write: rights.write === true });
const total = (numbers) => numbers.reduce((sum, next) => sum + next, 0);
const reverse = (bytes) => bytes.reverse();
const check = (number) => {
  if (number < 0) throw `${number} is negative`;
  return number;
};
const fail = (message) => {
  throw new Error(message);
};

const read = (path) => readFile(path);
const write = (path, content) => writeFile(path, content);
const get = (url) => httpGet(url);
const post = (url, body) => httpPost(url, body);

const spin = () => {
  for (;;);
};
const readThenSpin = (path) => {
  try {
    readFile(path);
  } catch {
    // Denied or not, it goes on to spin.
  }
  for (;;);
};
const getThenSpin = (url) => {
  httpGet(url);
  for (;;);
};
const getInALoop = (url) => {
  let done = 0;
  for (;;) {
    try {
      httpGet(url);
    } catch {
      // It tries again for ever.
    }
    done += 1;
  }
};
const recurse = () => 1 + recurse();
const allocate = (mebibytes) => {
  const held = [];
  for (let index = 0; index < mebibytes; index += 1) held.push(new Uint8Array(1024 * 1024).fill(index));
  return held.length;
};
const count = () => (calls += 1);

export const api = {
  add,
  double,
  greet,
  mirror,
  describe,
  total,
  reverse,
  check,
  fail,
  read,
  write,
  get,
  post,
  spin,
  readThenSpin,
  getThenSpin,
  getInALoop,
  recurse,
  allocate,
  count,
};
