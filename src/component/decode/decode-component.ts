import { MalformedError } from "../../shared/byte-reader.ts";
import { CordonError } from "../../shared/errors.ts";
import type { ComponentInterface } from "../../shared/wit.ts";
import type { DecodeBounds } from "./bounds.ts";
import { DEFAULT_DECODE_BOUNDS } from "./bounds.ts";
import { evaluateComponent } from "./component-body.ts";
import type { CoreModuleRange, DefinitionCounts, Producer } from "./decoding.ts";
import { Decoding } from "./decoding.ts";
import { sniff } from "./sniff.ts";
import { toInterface } from "./to-interface.ts";

/** What a component's bytes say of it. All of it comes from whoever made the component. */
export interface DecodedComponent {
  readonly interface: ComponentInterface;
  /** The tools that made it, nested components and core modules included, each once. */
  readonly producers: readonly Producer[];
  /** Its core modules in the order they lie in the bytes, those of nested components included. */
  readonly coreModules: readonly CoreModuleRange[];
  readonly counts: DefinitionCounts;
  /** Whether it lifts or lowers async functions, or uses a built-in for tasks, threads, streams, futures or errors. */
  readonly asynchronous: boolean;
}

const NOT_A_COMPONENT: Readonly<Record<Exclude<ReturnType<typeof sniff>, "component">, string>> = {
  "core-module": "they are a core WebAssembly module, which has to be made into a component first",
  text: "they are text, not a WebAssembly binary",
  empty: "there are none",
  unknown: "they do not begin with the preamble of a component",
};

/**
 * Decodes a binary component into its interface, following
 * https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md by evaluating its definitions as far
 * as types go. The bytes may be hostile: work, memory and the size of the result are bounded by `bounds`.
 *
 * - Decoding is not validation: types are not checked against each other where a component instantiates another or
 *   ascribes a type to an export; what an export is ascribed is what is reported.
 * - A type carries the name its interface gives it. An interface lists a resource or named value type if it is the
 *   first of the component, imports before exports, to show it; types that it `use`s from another are left out, as are
 *   aliases of primitive and handle types, which have no name in this data.
 * - Types of the world itself are reported in `other` only if they are resources that come from no interface. An
 *   instance that exports what no WIT interface can (a module, component, value or nested instance) is reported
 *   in `other` as well as in `interfaces`.
 *
 * @throws {CordonError} `invalid-component` if the bytes are malformed, naming the offset; `limit` (`component-size` or
 * `complexity`) if a bound is exceeded; `unsupported` if the component defines component-level values.
 */
export function decodeComponent(bytes: Uint8Array, bounds: DecodeBounds = DEFAULT_DECODE_BOUNDS): DecodedComponent {
  if (bytes.length > bounds.maxBytes) {
    throw new CordonError(
      "limit",
      `Cannot decode the component: it has ${bytes.length} bytes where ${bounds.maxBytes} are allowed; the bound \`maxBytes\` would have to be raised to accept it.`,
      { limit: { limit: "component-size", cap: bounds.maxBytes, used: bytes.length } },
    );
  }
  const format = sniff(bytes);
  if (format !== "component") {
    throw new CordonError(
      "invalid-component",
      `Cannot decode the bytes as a component, at byte 0: ${NOT_A_COMPONENT[format]}.`,
    );
  }
  const decoding = new Decoding(bytes, bounds);
  try {
    const root = evaluateComponent(decoding, 0, bytes.length, undefined, undefined);
    return {
      interface: toInterface(decoding, root),
      producers: [...decoding.producers.values()],
      coreModules: decoding.modules,
      counts: { ...decoding.counts },
      asynchronous: decoding.asynchronous,
    };
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw new CordonError(
      "invalid-component",
      `Cannot decode the component: ${error.message}; it has to be built or downloaded again.`,
      { cause: error },
    );
  }
}
