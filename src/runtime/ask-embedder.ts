import type { Pending } from "./pending.ts";

/** What the embedder answers, or that it does not: why is not the guest's to know. */
export interface EmbedderAnswer {
  readonly failed: boolean;
  readonly value: unknown;
}

const NO_ANSWER: EmbedderAnswer = { failed: true, value: undefined };

/** Asks the embedder for a service on behalf of an invocation. It is told by a signal when the invocation ends before it answers. */
export async function askEmbedder(
  pending: Pending | undefined,
  service: string,
  payload: unknown,
): Promise<EmbedderAnswer> {
  const answer = pending?.job.answer;
  if (pending === undefined || answer === undefined || pending.settled) return NO_ANSWER;
  pending.asking ??= new AbortController();
  try {
    return { failed: false, value: await answer(service, payload, pending.asking.signal) };
  } catch {
    return NO_ANSWER;
  }
}
