import { type HandleValues, normalizeValue, type Replacement } from "../../component/values/check-value.ts";
import { describeValue } from "../../component/values/describe-value.ts";
import type { ElementValues } from "../streams/element-values.ts";
import type { InvocationStreams } from "../streams/invocation-streams.ts";
import { type HostObjects, type HostResource, letGo } from "./host-objects.ts";

/** The resources that the types of one function name. */
export type ResourcesByName = ReadonlyMap<string, HostResource>;

/** What the embedder has of one invocation. */
export interface CallObjectsParts {
  readonly objects: HostObjects;
  readonly streams: InvocationStreams;
}

/** The embedder's objects, and streams, that a guest passes to one call of a function, and takes from it. */
export class CallObjects {
  readonly #objects: HostObjects;
  readonly #streams: InvocationStreams;
  readonly #resources: ResourcesByName;
  /** Numbers of streams and futures that the guest gave. */
  readonly #taken: unknown[] = [];
  readonly #lent: (() => void)[] = [];
  readonly #handedOver: { readonly resource: HostResource; readonly object: object }[] = [];

  constructor({ objects, streams }: CallObjectsParts, resources: ResourcesByName) {
    this.#objects = objects;
    this.#streams = streams;
    this.#resources = resources;
  }

  /** For the parameters: numbers become the objects. */
  get parameters(): HandleValues {
    return {
      replace: (value, type): Replacement => {
        if (!("resource" in type)) {
          this.#taken.push(value);
          return this.#streams.take(value, type, this.#elements);
        }
        const resource = this.#resources.get(type.resource);
        const object = resource === undefined ? undefined : this.#objects.at(value, resource);
        const isThere = resource !== undefined && object !== undefined && typeof value === "number";
        if (!isThere) return { found: "no handle" };
        if (type.kind === "borrow") this.#lent.push(this.#objects.lend(value, resource));
        else if (this.#objects.handOver(value, resource)) this.#handedOver.push({ resource, object });
        else return { found: "a handle that is lent" };
        return { value: object };
      },
    };
  }

  /** For the result: objects become numbers. */
  get result(): HandleValues {
    return {
      replace: (value, type): Replacement => {
        if (!("resource" in type)) return this.#streams.give(value, type, this.#elements);
        const resource = this.#resources.get(type.resource);
        if (typeof value !== "object" || value === null)
          return { found: `${describeValue(value)}, which is no object` };
        if (resource === undefined) return { found: "an object of no resource" };
        const number = this.#objects.give(value, resource);
        if (number !== undefined) return { value: number };
        letGo({ resource, object: value });
        return { found: "one object more than the guest may have" };
      },
    };
  }

  /** Objects within a stream are handed over with it. */
  get #elements(): ElementValues {
    return {
      give: (value, type) => normalizeValue(value, type, "hand on what the embedder gave", this.result),
      take: (value, type) => normalizeValue(value, type, "take what the guest wrote", this.parameters),
    };
  }

  /** The function was not called: what was handed over to it is let go of. */
  refuse(): void {
    for (const id of this.#taken.splice(0)) this.#streams.refuse(id);
    for (const one of this.#handedOver.splice(0)) letGo(one);
  }

  /** The call is over: what was lent to it is not any more. */
  end(): void {
    for (const giveBack of this.#lent.splice(0)) giveBack();
  }
}
