/** The `wasm-tools` of the Bytecode Alliance, as one of its packages ships it: makes guests from text and WIT. Tests and benches alone use it. */
export { componentEmbed, componentNew, metadataAdd, parse, print } from "@bytecodealliance/jco-transpile/wasm-tools";
