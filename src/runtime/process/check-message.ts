import { isSetting, type Remedy } from "../../shared/text/remedy.ts";
import type { AccessEventType, AuditObservation, AuditResult } from "../../audit/event.ts";
import { CordonError } from "../../shared/errors.ts";
import type { GuestFrame, WorkerUsage } from "../messages.ts";
import type { Ended, Ending } from "../pending.ts";
import { usesOf } from "./check-uses.ts";
import type { FromProcess } from "./messages.ts";

/** The most functions of the stack of a trap. */
const MAX_FRAMES = 24;

/** The most settings that one event names. */
const MAX_REMEDIES = 4;

/** The longest text that goes into an error or an event, in UTF-16 code units. What is longer is cut. */
const MAX_TEXT = 8_192;

/** The longest name of an action or a service. */
const MAX_NAME = 512;

/** More host functions than there are. */
const MAX_HOST_FUNCTIONS = 10_000;

type Fields = Readonly<Record<string, unknown>>;

const EVENT_TYPES: Readonly<Record<AccessEventType, true>> = {
  FilesystemAccess: true,
  NetworkAccess: true,
  EnvironmentAccess: true,
  ProcessStart: true,
  CustomAccess: true,
  PolicyViolation: true,
};

/** What a guest's process can know of: what would have been denied is found out on this side. */
const RESULTS: Readonly<Record<Exclude<AuditResult, "would-deny">, true>> = {
  Allowed: true,
  Denied: true,
  Error: true,
};

/** How each ending is made of what was sent. A process ends no invocation as cancelled that was not. */
const ENDINGS: { readonly [K in Ending["kind"]]: (sent: Fields) => Extract<Ending, { readonly kind: K }> | Ending } = {
  value: ({ value }) => ({ kind: "value", value }),
  "guest-error": ({ payload }) => ({ kind: "guest-error", payload }),
  trap: ({ message, frames }) => ({ kind: "trap", message: text(message), frames: framesOf(frames) }),
  memory: ({ neededBytes }) => ({ kind: "memory", neededBytes: count(neededBytes) }),
  "host-memory": () => ({ kind: "host-memory" }),
  exit: ({ code }) => ({ kind: "exit", code: exitCode(code) }),
  limit: ({ limit, cap, message }) => ({
    kind: "limit",
    limit: limitName(limit),
    cap: count(cap),
    message: text(message),
  }),
  revoked: () => ({ kind: "lost", message: "its process gave it back" }),
  fault: ({ message }) => ({ kind: "fault", message: text(message) }),
  deadline: () => ({ kind: "deadline" }),
  cancelled: () => ({ kind: "lost", message: "its process gave it up" }),
  "backing-off": () => ({ kind: "lost", message: "its process gave it back" }),
  "worker-memory": () => ({ kind: "worker-memory" }),
  lost: ({ message }) => ({ kind: "lost", message: text(message) }),
};

/**
 * What a guest process said, as a message: the shape is checked, texts are cut, and what belongs to no message is left out. Values
 * of guests are plain data already and stay as they are; whether they are of their types is for who knows the types.
 *
 * @throws CordonError `host` for everything else, upon which the process is ended.
 */
export function checkMessage(sent: unknown): FromProcess {
  const fields = record(sent);
  switch (fields["type"]) {
    case "opened":
      return { type: "opened" };
    case "loaded":
      return { type: "loaded", problem: optionalText(fields["problem"]) };
    case "started":
      return { type: "started", ticket: number(fields["ticket"]) };
    case "policy-held":
      return { type: "policy-held", generation: number(fields["generation"]) };
    case "reported": {
      const { usage } = fields;
      const checked = usage === undefined ? undefined : usageOf(usage);
      return { type: "reported", ticket: number(fields["ticket"]), usage: checked };
    }
    case "observed":
      return { type: "observed", ticket: number(fields["ticket"]), observation: observation(fields["observation"]) };
    case "ask":
      return {
        type: "ask",
        ticket: number(fields["ticket"]),
        ask: number(fields["ask"]),
        service: name(fields["service"]),
        payload: fields["payload"],
      };
    case "ready":
      return {
        type: "ready",
        ticket: number(fields["ticket"]),
        ending: fields["ending"] === undefined ? undefined : goingOn(fields["ending"]),
        usage: usageOf(fields["usage"]),
      };
    case "ended":
      return { type: "ended", ticket: number(fields["ticket"]), ended: ended(fields["ended"]) };
    default:
      throw malformed("it is of no known type");
  }
}

function observation(sent: unknown): AuditObservation {
  const { eventType, action, resource, result, reason, remedies, uses } = record(sent);
  if (!isKeyOf(EVENT_TYPES, eventType) || !isKeyOf(RESULTS, result)) throw malformed("an event is of no known type");
  return {
    eventType,
    action: name(action),
    resource: text(resource),
    result,
    ...(reason === undefined ? {} : { reason: text(reason).replaceAll(/[\r\n]+/g, " ") }),
    ...(remedies === undefined ? {} : { remedies: remediesOf(remedies) }),
    ...(uses === undefined ? {} : { uses: usesOf(uses) }),
  };
}

function framesOf(sent: unknown = []): readonly GuestFrame[] {
  if (!Array.isArray(sent) || sent.length > MAX_FRAMES) throw malformed("the stack of a trap is no short list");
  return sent.map((one: unknown) => {
    const { function: called, index, module, position } = record(one);
    const named = called === undefined ? undefined : name(called);
    return { function: named, index: count(index), module: count(module), position: count(position) };
  });
}

function remediesOf(sent: unknown): readonly Remedy[] {
  if (!Array.isArray(sent) || sent.length > MAX_REMEDIES)
    throw malformed("what would allow an access is no short list");
  return sent.map((one: unknown) => {
    const { setting, value } = record(one);
    if (!isSetting(setting)) throw malformed("what would allow an access is no setting");
    return value === undefined ? { setting } : { setting, value: text(value).replaceAll(/[\r\n]+/g, " ") };
  });
}

function ended(sent: unknown): Ended {
  const { ending, usage, wallMs } = record(sent);
  const checked = { ending: endingOf(ending), wallMs: amount(wallMs) };
  return usage === undefined ? checked : { ...checked, usage: usageOf(usage) };
}

function endingOf(sent: unknown): Ending {
  const given = record(sent);
  const kind = given["kind"];
  if (!isKeyOf(ENDINGS, kind)) throw malformed("an ending is of no known kind");
  return ENDINGS[kind](given);
}

/** How a call ends that leaves its instance to be called again. */
function goingOn(sent: unknown): Ending {
  const ending = endingOf(sent);
  // A result that cannot leave the sandbox is a fault, and of that call alone.
  if (!["value", "guest-error", "fault"].includes(ending.kind)) throw malformed("an instance goes on after its end");
  return ending;
}

/** All figures, and nothing else: they are added to those of others. */
function usageOf(sent: unknown): WorkerUsage {
  const given = record(sent);
  return {
    cpuMs: amount(given["cpuMs"]),
    fuel: count(given["fuel"]),
    longestHoldMs: amount(given["longestHoldMs"]),
    memoryHighWaterBytes: count(given["memoryHighWaterBytes"]),
    hostCalls: hostCalls(given["hostCalls"]),
    denials: count(given["denials"]),
    readBytes: count(given["readBytes"]),
    writtenBytes: count(given["writtenBytes"]),
    handlesHighWater: count(given["handlesHighWater"]),
  };
}

function hostCalls(sent: unknown): ReadonlyMap<string, number> {
  if (!(sent instanceof Map) || sent.size > MAX_HOST_FUNCTIONS) throw malformed("host calls are not counted by name");
  return new Map([...(sent as ReadonlyMap<unknown, unknown>)].map(([key, value]) => [name(key), count(value)]));
}

function record(sent: unknown): Fields {
  if (typeof sent !== "object" || sent === null || Array.isArray(sent) || ArrayBuffer.isView(sent)) {
    throw malformed("a part of it is no record");
  }
  return sent as Fields;
}

function number(sent: unknown): number {
  if (typeof sent !== "number" || !Number.isSafeInteger(sent) || sent <= 0) throw malformed("a number is none");
  return sent;
}

function count(sent: unknown): number {
  if (typeof sent !== "number" || !Number.isSafeInteger(sent) || sent < 0) throw malformed("a count is none");
  return sent;
}

function amount(sent: unknown): number {
  if (typeof sent !== "number" || !Number.isFinite(sent) || sent < 0) throw malformed("an amount is none");
  return sent;
}

function exitCode(sent: unknown): number {
  const code = count(sent);
  if (code > 255) throw malformed("an exit code is none");
  return code;
}

function limitName(sent: unknown): Extract<Ending, { readonly kind: "limit" }>["limit"] {
  if (typeof sent !== "string" || !/^[a-z][a-z-]{0,40}$/.test(sent)) throw malformed("there is no such limit");
  return sent as Extract<Ending, { readonly kind: "limit" }>["limit"];
}

function name(sent: unknown): string {
  if (typeof sent !== "string" || sent.length > MAX_NAME) throw malformed("a name is none");
  return sent.toWellFormed();
}

function text(sent: unknown): string {
  if (typeof sent !== "string") throw malformed("a text is none");
  return sent.slice(0, MAX_TEXT).toWellFormed();
}

function optionalText(sent: unknown): string | undefined {
  return sent === undefined ? undefined : text(sent);
}

function isKeyOf<K extends string>(known: Readonly<Record<K, unknown>>, key: unknown): key is K {
  return typeof key === "string" && Object.hasOwn(known, key);
}

function malformed(reason: string): CordonError {
  return new CordonError("host", `Cannot take a message of a guest process: ${reason}`);
}
