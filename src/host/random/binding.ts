import type { HostContext, HostInterface } from "../capability.ts";
import { ok } from "../text.ts";
import { wasiInterface } from "../wasi-interface.ts";
import { randomBytes, randomU64 } from "./random-bytes.ts";

/** `wasi:random/random`: the host's secure generator only with the grant `random` full. */
export const random: HostInterface = wasiInterface("wasi:random/random", {
  direct: {
    "get-random-bytes": (context: HostContext, length: bigint) =>
      ok(randomBytes(context, "random", "random.get-random-bytes", length)),
    "get-random-u64": (context: HostContext) => ok(randomU64(context, "random", "random.get-random-u64")),
  },
});

/** `wasi:random/insecure`: from the same generator, another sequence. */
export const insecureRandom: HostInterface = wasiInterface("wasi:random/insecure", {
  direct: {
    "get-insecure-random-bytes": (context: HostContext, length: bigint) =>
      ok(randomBytes(context, "insecure", "insecure.get-insecure-random-bytes", length)),
    "get-insecure-random-u64": (context: HostContext) =>
      ok(randomU64(context, "insecure", "insecure.get-insecure-random-u64")),
  },
});

/** `wasi:random/insecure-seed`: as above; language runtimes seed their hash tables with it. */
export const insecureSeed: HostInterface = wasiInterface("wasi:random/insecure-seed", {
  direct: {
    "insecure-seed": (context: HostContext) => {
      const one = (): bigint => randomU64(context, "insecure-seed", "insecure-seed.insecure-seed");
      return ok([one(), one()]);
    },
  },
});
