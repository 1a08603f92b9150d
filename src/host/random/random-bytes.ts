import type { HostContext } from "../capability.ts";
import { perInvocation } from "../per-invocation.ts";
import { onceGiven } from "../uses.ts";
import { seeded, type Xoshiro128 } from "./pseudo-random.ts";

/** Which of the sequences of random bytes; with a seed, each is another. */
export type RandomStream = "random" | "insecure" | "insecure-seed";

/** The most that the host's generator gives at once, in bytes. */
const MAX_CHUNK_BYTES = 65_536;

/** After how many bytes it is asked whether the invocation is to end: some milliseconds. A multiple of 8, which the sequences of a seed are made of. */
const STEP_BYTES = 1024 * 1024;

const tellGiven = onceGiven("random", { eventType: "PolicyViolation", action: "random", resource: "random" });

const generatorsOf = perInvocation(() => new Map<RandomStream, Xoshiro128>());

/**
 * What fills bytes with random ones, from where the grant says. Throws, which is a trap, when random bytes are not granted.
 *
 * @param action The function that was called, such as `random.get-random-bytes`.
 */
export function randomSource(
  context: HostContext,
  stream: RandomStream,
  action: string,
): (bytes: Uint8Array<ArrayBuffer>) => void {
  const { random } = context.grants;
  if (random.kind !== "none") tellGiven(context);
  if (random.kind === "full") return fillSecurely;
  if (random.kind === "pseudo") {
    const from = generator(context, stream, random.seed);
    return (bytes) => from.writeTo(bytes);
  }
  const reason = "random bytes are not granted";
  const remedies = (["pseudo", "full"] as const).map((value) => ({ setting: "grants.random", value }) as const);
  context.observe({ eventType: "PolicyViolation", action, resource: stream, result: "Denied", reason, remedies });
  throw new Error(`Permission denied: ${reason}`);
}

/**
 * `length` random bytes, as {@link randomSource} gives them; ends the invocation when they are more than may cross to the guest.
 *
 * @param action The function that was called, such as `random.get-random-bytes`.
 */
export function randomBytes(context: HostContext, stream: RandomStream, action: string, length: bigint): Uint8Array {
  const fill = randomSource(context, stream, action);
  const cap = context.limits.maxCrossingBytes;
  if (length > cap) {
    const message = `it asked for ${length} random bytes, more than the ${cap} that may cross at once`;
    context.end({ kind: "limit", limit: "host-memory", cap, message });
  }
  const bytes = new Uint8Array(Number(length));
  for (let at = 0; at < bytes.length; at += STEP_BYTES) {
    fill(bytes.subarray(at, at + STEP_BYTES));
    context.refuseIfOver();
  }
  return bytes;
}

/** 64 random bits. */
export function randomU64(context: HostContext, stream: RandomStream, action: string): bigint {
  return new DataView(randomBytes(context, stream, action, 8n).buffer).getBigUint64(0, true);
}

function fillSecurely(bytes: Uint8Array<ArrayBuffer>): void {
  for (let at = 0; at < bytes.length; at += MAX_CHUNK_BYTES) {
    crypto.getRandomValues(bytes.subarray(at, at + MAX_CHUNK_BYTES));
  }
}

function generator(context: HostContext, stream: RandomStream, seed: bigint): Xoshiro128 {
  const generators = generatorsOf(context);
  let found = generators.get(stream);
  if (found === undefined) {
    found = seeded(seed, stream);
    generators.set(stream, found);
  }
  return found;
}
