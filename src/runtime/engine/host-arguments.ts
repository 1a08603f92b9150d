import type { EngineEnvironment, HostImport, Room } from "./environment.ts";

/** Lifts what a guest passes to a function of the host's. Objects that were handed over are disposed of where the rest fails. */
export function liftArguments<T>(
  { dispose }: Pick<EngineEnvironment, "dispose">,
  owned: readonly unknown[],
  lift: () => T,
): T {
  try {
    return lift();
  } catch (thrown) {
    using stack = new DisposableStack();
    for (const object of owned) stack.defer(() => dispose(object));
    throw thrown;
  }
}

/** Calls a function of the host's with room for what it is given. What that throws ends the invocation. */
export function callWithRoom(environment: Pick<EngineEnvironment, "fail">, room: Room, call: () => unknown): unknown {
  try {
    return call();
  } catch (thrown) {
    environment.fail(thrown);
    throw thrown;
  } finally {
    room.release();
  }
}

/**
 * Calls a function of the host's when there is room for what it is given, for a guest that waits for the answer: nothing is lifted before.
 *
 * @param call Lifts what it is given, and calls it.
 */
export async function callInTurn(
  environment: EngineEnvironment,
  target: HostImport,
  room: Promise<Room>,
  call: () => unknown,
): Promise<unknown> {
  const granted = await environment.waitFor(room, (unwanted) => unwanted.release());
  const answer = callWithRoom(environment, granted, call);
  return answer instanceof Promise ? environment.waitFor(answer, target.discard) : answer;
}
