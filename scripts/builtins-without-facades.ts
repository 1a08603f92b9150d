/** An import of a module of Node's as the bundler prints it: a default or namespace name, names in braces, or both. */
const IMPORT = /^import (?:(\* as )?([\w$]+))?(?:, )?(?:\{ ([^}]+) \})? ?from "(node:[\w/]+)";$/gm;

/** Any other way to import one. */
const OTHER = /^(?:import|export) .*"node:[\w/]+";$/m;

/**
 * A bundle that takes its modules of Node's from `process.getBuiltinModule`. An import statement makes a second module with every
 * export of the first, whose getters load further ones: a tenth of the time in which the command starts.
 *
 * @throws Error when the bundle imports one in a way that is not known here.
 */
export function builtinsWithoutFacades(code: string): string {
  const own = code.replaceAll(IMPORT, (_whole, _namespace, name?: string, names?: string, module?: string) => {
    const taken = `globalThis.process.getBuiltinModule("${module}")`;
    const lines = [];
    if (name !== undefined) lines.push(`const ${name} = ${taken};`);
    if (names !== undefined) lines.push(`const { ${names.replaceAll(" as ", ": ")} } = ${taken};`);
    return lines.join("\n");
  });
  const left = OTHER.exec(own);
  if (left !== null) throw new Error(`Cannot bundle: what this import takes of Node is not known: ${left[0]}`);
  return own;
}
