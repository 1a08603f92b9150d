const TYPES = ["u32", "u64", "f32", "f64"] as const;
const CORE = { u32: "i32", u64: "i64", f32: "f32", f64: "f64" } as const;

type Types = readonly (keyof typeof CORE)[];

const parameters = (types: Types): string => types.map((type, at) => `(param "p${at}" ${type})`).join(" ");
const core = (types: Types): string => types.map((type) => CORE[type]).join(" ");

/** A component that calls so many functions of different types in another one, which may wait. */
export function manySignatures(count: number): string {
  const all = Array.from({ length: count }, (_, index) => ({
    name: `f${index}`,
    types: [0, 2, 4, 6, 8].map((shift) => TYPES[(index >> shift) & 3] ?? "u32"),
  }));
  return `(component
    (component $a (core func $yield (canon thread.yield))
      (core module $m (import "" "yield" (func $yield (result i32)))
        ${all.map(({ name, types }) => `(func (export "${name}") (param ${core(types)}))`).join(" ")})
      (core instance $i (instantiate $m (with "" (instance (export "yield" (func $yield))))))
      ${all.map(({ name, types }) => `(func (export "${name}") ${parameters(types)} (canon lift (core func $i "${name}")))`).join(" ")})
    (instance $a (instantiate $a))
    (component $b
      ${all.map(({ name, types }) => `(import "${name}" (func $${name} ${parameters(types)})) (core func $l${name} (canon lower (func $${name})))`).join(" ")}
      (core module $m ${all.map(({ name, types }) => `(import "" "${name}" (func (param ${core(types)})))`).join(" ")}
        (func (export "f") (result i32) (i32.const 7)))
      (core instance $i (instantiate $m (with "" (instance ${all.map(({ name }) => `(export "${name}" (func $l${name}))`).join(" ")}))))
      (func (export "f") (result u32) (canon lift (core func $i "f"))))
    (instance $b (instantiate $b ${all.map(({ name }) => `(with "${name}" (func $a "${name}"))`).join(" ")}))
    (export "f" (func $b "f")))`;
}
