/** What is made when it is first asked for, and kept: not what a process or thread that needs none of it should wait for. */
export function lazy<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
