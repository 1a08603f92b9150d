/** Version of the bundled `@bytecodealliance/jco-transpile`; part of every artifact's key. A test compares it. */
export const TRANSPILER_VERSION = "0.15.0";
