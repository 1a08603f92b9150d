import type { HostContext } from "../../../capability.ts";
import { realmBytes } from "../../../io/realm-bytes.ts";
import { err, ok } from "../../../text.ts";
import type { WasiFunctions } from "../../../wasi-interface.ts";
import { FieldMap, type HeaderError, type RawFields } from "./field-map.ts";
import { Fields } from "./fields.ts";

const NOTHING = new Uint8Array(0);

type Changed = { readonly tag: "ok"; readonly val: undefined } | { readonly tag: "err"; readonly val: HeaderError };

/** The functions of `wasi:http/types.fields`. Over a limit they trap: the specification has no error for it. */
export const fieldsFunctions: NonNullable<WasiFunctions["direct"]> = {
  "[constructor]fields": (context: HostContext) => ok(new Fields(new FieldMap(context), { mutable: true })),
  "[static]fields.from-list": fromList,
  "[method]fields.get": (_context: HostContext, { map }: Fields, name: string) => ok(map.get(name)),
  "[method]fields.has": (_context: HostContext, { map }: Fields, name: string) => ok(map.has(name)),
  "[method]fields.set": (_context: HostContext, self: Fields, name: string, values: readonly Uint8Array[]) =>
    changed(self.refusal() ?? self.map.set(name, Array.from(values, realmBytes))),
  "[method]fields.delete": (_context: HostContext, self: Fields, name: string) =>
    changed(self.refusal() ?? self.map.delete(name)),
  "[method]fields.append": (_context: HostContext, self: Fields, name: string, value: Uint8Array) =>
    changed(self.refusal() ?? self.map.append(name, realmBytes(value))),
  "[method]fields.entries": (_context: HostContext, { map }: Fields) => ok(map.entries()),
  "[method]fields.clone": (context: HostContext, { map }: Fields) =>
    ok(new Fields(map.clone(context), { mutable: true })),
};

function fromList(
  context: HostContext,
  entries: RawFields,
): { readonly tag: "ok"; readonly val: Fields } | { readonly tag: "err"; readonly val: HeaderError } {
  const fields = new Fields(new FieldMap(context), { mutable: true });
  let kept = false;
  try {
    for (let index = 0; index < entries.length; index++) {
      const [name = "", value = NOTHING] = entries[index] ?? [];
      const problem = fields.map.append(name, realmBytes(value));
      if (problem !== undefined) return err(problem);
    }
    kept = true;
    return ok(fields);
  } finally {
    if (!kept) fields[Symbol.dispose]();
  }
}

function changed(problem: HeaderError | undefined): Changed {
  return problem === undefined ? ok(undefined) : err(problem);
}
