import {
  type HandleType,
  type HandleValues,
  normalizeValue,
  type Replacement,
} from "../../component/values/check-value.ts";
import { describeValue } from "../../component/values/describe-value.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import { HostObjects, type HostResource } from "../host-functions/host-objects.ts";
import type { ElementValues } from "../streams/element-values.ts";
import { InvocationStreams } from "../streams/invocation-streams.ts";
import { GuestHandle, type HandleState } from "./guest-handle.ts";

type ResourceType = Extract<HandleType, { readonly resource: string }>;

/** Handles that the arguments of one call hold, checked and not yet passed. */
export interface ArgumentHandles extends HandleValues {
  /** They are passed: those that are handed over are of no use from now on. */
  readonly pass: () => void;
  /** The call has ended, or was not made: objects of the embedder's that were lent are not any more. */
  readonly end: () => void;
}

/** The embedder's objects and streams of one invocation, and the resources that objects are of. */
export interface EmbeddersObjects {
  readonly objects: HostObjects;
  readonly streams: InvocationStreams;
  /** The embedder's resource at an index of the plan; undefined for any other. */
  readonly resourceAt: (index: number) => HostResource | undefined;
}

/** Handles that nobody has any more are dropped as if they had been disposed of. */
const FORGOTTEN = new FinalizationRegistry<HandleState>((state) => {
  if (state.status !== "held") return;
  state.status = "disposed";
  state.release();
});

/** How the handles of an instance are kept. */
export interface InstanceHandlesOptions {
  /** How many there may be at once. */
  readonly most: number;
  /** Whether handles that are collected are dropped. When that happens differs from run to run. */
  readonly collects: boolean;
  /** Told that there is something to drop. */
  readonly dropped: () => void;
  readonly embedders: EmbeddersObjects;
}

const NO_EMBEDDERS: EmbeddersObjects = {
  objects: new HostObjects(0),
  streams: new InvocationStreams(0),
  resourceAt: () => undefined,
};

/** The handles that an instance gave to the embedder, and that were not disposed of, handed over or forgotten. */
export class InstanceHandles {
  readonly #options: InstanceHandlesOptions;
  readonly #held = new Map<number, HandleState>();
  #drops: number[] = [];

  constructor(options: Omit<InstanceHandlesOptions, "embedders"> & Partial<InstanceHandlesOptions>) {
    this.#options = { ...options, embedders: options.embedders ?? NO_EMBEDDERS };
  }

  /** Whether there are any to drop. */
  get hasDrops(): boolean {
    return this.#drops.length > 0;
  }

  /** The numbers of those that are to be dropped, each once. */
  takeDrops(): readonly number[] {
    const drops = this.#drops;
    this.#drops = [];
    return drops;
  }

  /** For the arguments of one call: handles, and objects of the embedder's, become numbers. */
  arguments(resources: ReadonlyMap<WitType, number>): ArgumentHandles {
    const { objects, streams, resourceAt } = this.#options.embedders;
    const elements = this.#elements(resources);
    const givenStreams: number[] = [];
    const uses = new Map<HandleState, "own" | "borrow">();
    const given: { readonly number: number; readonly kind: "own" | "borrow" }[] = [];
    let isPassed = false;
    const give = (value: unknown, { kind }: ResourceType, resource: HostResource): Replacement => {
      if (typeof value !== "object" || value === null) return { found: `${describeValue(value)}, which is no object` };
      const number = objects.give(value, resource, kind);
      if (number === undefined) return { found: "one object more than an instance may have" };
      given.push({ number, kind });
      return { value: number };
    };
    return {
      replace: (value, type) => {
        if (!("resource" in type)) {
          const replaced = streams.give(value, type, elements);
          if ("value" in replaced) givenStreams.push(replaced.value as number);
          return replaced;
        }
        const index = resources.get(type);
        const embedders = index === undefined ? undefined : resourceAt(index);
        if (embedders !== undefined) return give(value, type, embedders);
        const found = this.#problemOf(value, index);
        if (found !== undefined) return { found };
        const state = GuestHandle.stateOf(value);
        if (state === undefined) return { found: describeValue(value) };
        const before = uses.get(state);
        if (before !== undefined && (before === "own" || type.kind === "own")) {
          return { found: "a handle that is passed twice, and handed over" };
        }
        uses.set(state, type.kind);
        return { value: state.number };
      },
      pass: () => {
        isPassed = true;
        for (const [state, kind] of uses) {
          if (kind !== "own") continue;
          state.status = "handed-over";
          this.#held.delete(state.number);
        }
      },
      end: () => {
        if (!isPassed) for (const id of givenStreams) streams.takeBack(id);
        for (const { number, kind } of given) if (kind === "borrow" || !isPassed) objects.takeBack(number);
      },
    };
  }

  /** For the result of a call: numbers become handles, or the embedder's objects. What says the numbers may be hostile. */
  results(resources: ReadonlyMap<WitType, number>): HandleValues {
    const { objects, streams, resourceAt } = this.#options.embedders;
    return {
      replace: (value, type) => {
        if (!("resource" in type)) {
          return streams.take(value, type, this.#elements(resources));
        }
        const index = resources.get(type);
        const embedders = index === undefined ? undefined : resourceAt(index);
        if (embedders === undefined) return this.#given(value, type, index);
        const object = objects.at(value, embedders);
        const isTaken = object !== undefined && objects.handOver(value as number, embedders);
        return isTaken ? { value: object } : { found: "no number of an object that the instance has" };
      },
    };
  }

  /** How elements of streams and futures are passed on. */
  #elements(resources: ReadonlyMap<WitType, number>): ElementValues {
    return {
      give: (value, type) => {
        const handles = this.arguments(resources);
        try {
          const given = normalizeValue(value, type, "pass on what was given", handles);
          handles.pass();
          return given;
        } finally {
          handles.end();
        }
      },
      take: (value, type) => normalizeValue(value, type, "take what the guest wrote", this.results(resources)),
    };
  }

  /** Why a value cannot be passed as a handle of a resource. */
  #problemOf(value: unknown, resource: number | undefined): string | undefined {
    const state = GuestHandle.stateOf(value);
    if (state === undefined) return `${describeValue(value)}, which is no handle`;
    if (state.status === "disposed") return "a handle that was disposed of";
    if (state.status === "handed-over") return "a handle that was handed over";
    if (this.#held.get(state.number) !== state) return "a handle of another instance";
    return state.resource === resource ? undefined : "a handle of another resource";
  }

  #given(number: unknown, { resource: name }: ResourceType, resource: number | undefined): Replacement {
    const isNew = typeof number === "number" && Number.isSafeInteger(number) && number > 0 && !this.#held.has(number);
    if (!isNew || resource === undefined) return { found: "no number of a new handle" };
    if (this.#held.size >= this.#options.most) return { found: `more than ${this.#options.most} handles` };
    const state: HandleState = {
      number,
      resource,
      status: "held",
      release: () => this.#release(number),
    };
    this.#held.set(number, state);
    const handle = new GuestHandle(name, state);
    if (this.#options.collects) FORGOTTEN.register(handle, state);
    return { value: handle };
  }

  #release(number: number): void {
    this.#held.delete(number);
    this.#drops.push(number);
    this.#options.dropped();
  }
}
