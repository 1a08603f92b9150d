import { types } from "node:util";
import vm from "node:vm";
import { LazyBytes } from "../../host/io/lazy-bytes.ts";
import { GUARD_NAMESPACE, MEMORY_NAMESPACE } from "../../shared/hardening-profile.ts";
import {
  type BoundInterface,
  type HostNamespaces,
  type HostSide,
  type InstantiatedGuest,
  type InstantiationSide,
  type Occupant,
  realmPrelude,
  type RealmSide,
} from "./realm-prelude.ts";

/** The exports of an instance as the glue presents them: functions, and objects of functions for interfaces. */
export type GuestExports = Readonly<Record<string, unknown>>;

/**
 * A JavaScript realm for one program's generated glue. The glue's text holds names chosen by an attacker, so it is
 * evaluated where nothing is: no `process`, no `require`, no `fetch`, no modules, and no code from strings.
 */
export class Realm {
  readonly #side: RealmSide;
  readonly #glue: unknown;

  /**
   * @param glue The body of a function that returns the glue's `instantiate`.
   */
  constructor(glue: string) {
    const context = vm.createContext(vm.constants.DONT_CONTEXTIFY, {
      codeGeneration: { strings: false, wasm: true },
    });
    const prelude = vm.runInContext(`(${realmPrelude.toString()})`, context, { filename: "cordon:prelude" }) as (
      host: HostSide,
    ) => RealmSide;
    this.#side = prelude(HOST_SIDE);
    this.#glue = vm.runInContext(`(function () {"use strict";${glue}\n})`, context, { filename: "cordon:glue" });
  }

  /** Sets whose code runs in it from now on. */
  occupy(occupant: Occupant): void {
    this.#side.occupy(occupant);
  }

  /** Makes a fresh instance of the component, with its own scope of the glue. */
  instantiate(
    side: InstantiationSide,
    imports: readonly BoundInterface[],
  ): InstantiatedGuest & { readonly exports: GuestExports } {
    const { exports, ...making } = this.#side.instantiate(this.#glue, side, imports, NAMESPACES);
    return { ...making, exports: exports as GuestExports };
  }
}

const NAMESPACES: HostNamespaces = { memory: MEMORY_NAMESPACE, guard: GUARD_NAMESPACE };

const decoders = new Map<string, TextDecoder>();
const encoder = new TextEncoder();

const HOST_SIDE: HostSide = {
  decode(encoding, bytes) {
    let decoder = decoders.get(encoding);
    if (decoder === undefined) {
      decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
      decoders.set(encoding, decoder);
    }
    return decoder.decode(bytes);
  },
  encodeInto: (text, target) => encoder.encodeInto(text, target),
  isMap: (value) => types.isMap(value),
  lazyLength: (value) => (value instanceof LazyBytes ? value.length : undefined),
};
