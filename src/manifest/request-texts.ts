import { grantSayings } from "../policy/documents/grant-sayings.ts";
import type { GrantsInput } from "../policy/parsing/parse-grants.ts";
import { DEFAULT_LIMITS, type Limits } from "../shared/limits/limits.ts";
import type { Requests, WholeCapability } from "./manifest.ts";

/** Requests as texts that are the same for what is the same; what an operator has accepted is kept so. */
export interface RequestTexts {
  /** What is asked for, each `CAPABILITY` or `CAPABILITY: SCOPE`. */
  readonly asks: readonly string[];
  /** What it says itself that it does not need, in the same form. */
  readonly renounces: readonly string[];
  readonly limits: Partial<Limits>;
}

/** What nobody has to accept: nothing is asked for. */
const NOTHING: RequestTexts = { asks: [], renounces: [], limits: {} };

/** The capability that asks for all of what a text is about, by how the text begins. */
const WHOLE_OF: Readonly<Record<string, readonly WholeCapability[]>> = {
  storage: ["filesystem-read", "filesystem-write"],
  network: ["network"],
  listen: ["listen"],
  lookup: ["lookup"],
  environment: ["environment"],
  process: ["process"],
  clocks: ["clocks"],
  random: ["random"],
  stdin: ["stdin"],
};

/** Requests as texts. */
export function requestTexts({ whole, grants, limits }: Requests): RequestTexts {
  const { allowed, denied } = grantSayings(asWritten(grants));
  return { asks: [...whole, ...allowed].toSorted(), renounces: [...denied].toSorted(), limits };
}

/** Paths from the manifest's folder stay what they are when it is moved. */
function asWritten(grants: GrantsInput): GrantsInput {
  const { filesystem } = grants;
  if (filesystem === undefined) return grants;
  const strip = (rules: typeof filesystem.allow): typeof filesystem.allow =>
    rules?.map((rule) => (typeof rule === "string" ? rule : { ...rule, from: "the manifest's folder" }));
  const { allow, deny } = filesystem;
  return {
    ...grants,
    filesystem: {
      ...(allow === undefined ? {} : { allow: strip(allow) ?? [] }),
      ...(deny === undefined ? {} : { deny: strip(deny as typeof allow) ?? [] }),
    },
  };
}

/**
 * What requests ask for that was not accepted: rules are compared one by one, so one that another covers counts as new. A limit that is
 * left out bounds nothing, so to leave one out that was there asks for more.
 *
 * @param accepted `undefined` where nothing ever was: then the limits that everyone has count as accepted.
 */
export function newRequests(asked: RequestTexts, accepted: RequestTexts | undefined): readonly string[] {
  const before = accepted ?? NOTHING;
  const isCovered = (text: string): boolean => {
    if (before.asks.includes(text)) return true;
    const [kind = "", access] = /^(\w+): (?:(\w+) )?/u.exec(text)?.slice(1) ?? [];
    const wholes = Object.hasOwn(WHOLE_OF, kind) ? (WHOLE_OF[kind] ?? []) : [];
    const whole = kind === "storage" ? wholes[access === "read" ? 0 : 1] : wholes[0];
    return whole !== undefined && before.asks.includes(whole);
  };
  const limits = (Object.keys(DEFAULT_LIMITS) as (keyof Limits)[]).flatMap((name) => {
    const [old, made] = [
      before.limits[name] ?? (accepted === undefined ? DEFAULT_LIMITS[name] : undefined),
      asked.limits[name],
    ];
    if (old === undefined || (made ?? (accepted === undefined ? old : Number.POSITIVE_INFINITY)) <= old) return [];
    return [`limits: ${name} ${old} -> ${made ?? "whatever is granted"}`];
  });
  return [
    ...asked.asks.filter((text) => !isCovered(text)),
    ...before.renounces.filter((text) => !asked.renounces.includes(text)).map((text) => `no longer renounced: ${text}`),
    ...limits,
  ];
}
