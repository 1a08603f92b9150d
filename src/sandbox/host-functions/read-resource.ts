import type { CustomResource } from "../../host/custom/custom-function.ts";
import { isLabel } from "../../shared/wit/parse-wit-type.ts";
import { versionedName } from "../../shared/wit/interface-name.ts";
import type { WitFunction, WitType } from "../../shared/wit/wit.ts";
import type { ResourcesByName } from "./call-objects.ts";
import type { HostResourceInput } from "./host-function-input.ts";
import type { HostResource } from "./host-objects.ts";

/** Where something is declared. */
type Place = Pick<HostResource, "interface" | "version">;

/** The resource that the embedder declares, of an interface that was read; or what is wrong with it. */
export function readResource(input: HostResourceInput, place: Place): HostResource | string {
  const { resource: name } = input;
  if (typeof name !== "string" || !isLabel(name)) return "resource is no WIT name such as bucket";
  if (input.dropped !== undefined && typeof input.dropped !== "function") return "dropped is no function";
  const dropped = input.dropped === undefined ? disposeOf : (object: object): void => input.dropped?.(object);
  return { ...place, name, dropped };
}

function disposeOf(object: object): void {
  const hook: unknown = (object as Partial<Disposable>)[Symbol.dispose];
  if (typeof hook === "function") Reflect.apply(hook, object, []);
}

/** What the guests' side has to know of it. */
export function resourceDescriptor({ interface: of, version, name }: HostResource): CustomResource {
  return { importedBy: "resource", interface: of, version, name };
}

/**
 * The resources that a function of an interface can name: those of the interface, and those of others whose names only one has.
 */
export function resourcesInReach(place: Place, all: readonly HostResource[]): ResourcesByName {
  const found = new Map<string, HostResource>();
  for (const [name, same] of Map.groupBy(all, (one) => one.name)) {
    const own = same.find((one) => placeName(one) === placeName(place));
    const [only] = same;
    if (own !== undefined) found.set(name, own);
    else if (same.length === 1 && only !== undefined) found.set(name, only);
  }
  return found;
}

/** What is wrong with the name of a function, which may be of a resource of its interface. */
export function nameProblem(name: unknown, place: Place, all: readonly HostResource[]): string | undefined {
  const text = typeof name === "string" ? name : "";
  if (isLabel(text)) return undefined;
  const [, kind, resource = "", member] = /^\[(constructor|method|static)\]([^.]+)(?:\.([^.]+))?$/.exec(text) ?? [];
  const isMember = kind === "constructor" ? member === undefined : member !== undefined && isLabel(member);
  if (kind === undefined || !isMember || !isLabel(resource)) {
    return "name is no WIT name such as send-mail or [method]bucket.get";
  }
  const isDeclared = all.some((one) => one.name === resource && placeName(one) === placeName(place));
  return isDeclared ? undefined : `name: the interface declares no resource ${resource}`;
}

/** What is wrong with a function's type for what its name says that it is. */
export function memberProblem({ name, parameters, result }: WitFunction): string | undefined {
  const [, kind, resource] = /^\[(constructor|method)\]([^.]+)/.exec(name) ?? [];
  if (kind === "method") {
    const [self] = parameters;
    const isSelf = self?.name === "self" && self.type.kind === "borrow" && self.type.resource === resource;
    return isSelf ? undefined : `type: a method takes self: borrow<${String(resource)}> first`;
  }
  if (kind !== "constructor") return undefined;
  const made = result?.kind === "result" ? result.ok : result;
  const isMade = made?.kind === "own" && made.resource === resource;
  return isMade ? undefined : `type: a constructor gives a ${String(resource)}`;
}

/** Whether a type has a handle that is lent, which no function can return. */
export function holdsBorrow(type: WitType | undefined): boolean {
  return type !== undefined && JSON.stringify(type).includes('"kind":"borrow"');
}

function placeName({ interface: of, version }: Place): string {
  return versionedName(of, version);
}
