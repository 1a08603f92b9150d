/** What no service is asked with. */
export const ODD: readonly unknown[] = [
  undefined,
  null,
  true,
  1.5,
  -1,
  Number.NaN,
  Infinity,
  1n,
  "",
  "text",
  [],
  {},
  new Map(),
];
