export const api = {
  greet: (name) => "Hello, " + name,
  double: (value) => value * 2n,
  oldest: (people) => people.toSorted((a, b) => (b.age ?? 0) - (a.age ?? 0))[0],
  check: (number) => { if (number < 0) throw number + " is negative"; return number; },
};