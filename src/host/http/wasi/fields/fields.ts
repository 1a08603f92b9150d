import type { FieldMap, HeaderError } from "./field-map.ts";

/** A `wasi:http/types.fields`: a handle on a map of fields, which may be one that others hold too and that is then immutable. */
export class Fields {
  readonly mutable: boolean;
  readonly #map: FieldMap;
  #open = true;

  /** @param map Owned by this handle from now on. */
  constructor(map: FieldMap, { mutable }: { readonly mutable: boolean }) {
    this.#map = map;
    this.mutable = mutable;
  }

  get map(): FieldMap {
    return this.#map;
  }

  /** The map, for a message that it belongs to from now on; this handle is used up. */
  take(): FieldMap {
    const map = this.#map.retain();
    this[Symbol.dispose]();
    return map;
  }

  /** Why it may not be changed. */
  refusal(): HeaderError | undefined {
    return this.mutable ? undefined : { tag: "immutable" };
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#map.release();
  }
}
