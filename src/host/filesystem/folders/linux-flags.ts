/** Linux's `O_PATH` on every architecture Node runs on: names a file without opening it, so that no device notices. */
export const O_PATH = 0o10000000;
