/** An import of a module of Node's as the bundler prints it: a default or namespace name, names in braces, or both. */
const IMPORT = /^import (?:(?:\* as )?([\w$]+))?(?:, )?(?:\{ ([^}]+) \})? ?from "(node:[\w/]+)";$/;

/** What else takes a module of Node's before any code runs. */
const OTHER = /^[ \t]*(?:import|export)\b(?!\s*\()[^;"']*["']node:[^;]*;?/m;

/**
 * A bundle that takes its modules of Node's from `process.getBuiltinModule`. An import statement makes a second module with every
 * export of the first, whose getters load further ones: a tenth of the time in which the command starts.
 *
 * @throws Error when the bundle takes one by syntax that is not known here.
 */
export function builtinsWithoutFacades(code: string): string {
  const lines = code.split("\n");
  // Imports come first; what looks like one below them may be in a text.
  const rest = lines.findIndex((line) => !line.startsWith("import "));
  const imports = lines.slice(0, rest).map((line) => line.replace(IMPORT, taken));
  const own = [...imports, ...lines.slice(rest)].join("\n");
  const left = OTHER.exec(own);
  if (left !== null) throw new Error(`Cannot bundle: what this takes of Node is not known: ${left[0]}`);
  return own;
}

function taken(whole: string, name?: string, names?: string, module?: string): string {
  if (names !== undefined && /\bdefault as\b/.test(names)) return whole;
  const from = `globalThis.process.getBuiltinModule("${module}")`;
  const all = name === undefined ? [] : [`const ${name} = ${from};`];
  const some = names === undefined ? [] : [`const { ${names.replaceAll(" as ", ": ")} } = ${from};`];
  return [...all, ...some].join(" ");
}
