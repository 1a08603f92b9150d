import { ByteReader, MalformedError } from "../shared/byte-reader.ts";
import { CordonError } from "../shared/errors.ts";
import type { Plan } from "../shared/plan/plan.ts";
import type { ComponentInterface } from "../shared/wit/wit.ts";
import { type DecodeBounds, DEFAULT_DECODE_BOUNDS } from "./binary/bounds.ts";
import { readComponent } from "./binary/component.ts";
import { type CoreModuleRange, Decoding, type DefinitionCounts, type Producer } from "./binary/decoding.ts";
import { sniff } from "./binary/sniff.ts";
import { makePlan } from "./plan/make-plan.ts";
import { validateComponent } from "./validate/validate-component.ts";

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
  /** How it is instantiated; left out when it is valid and uses what is not supported. */
  readonly plan?: Plan;
  /** What it uses that is not supported, as the rest of a sentence that begins "it uses"; left out when there is a plan. */
  readonly unsupported?: string;
}

const NOT_A_COMPONENT: Readonly<Record<Exclude<ReturnType<typeof sniff>, "component">, string>> = {
  "core-module": "they are a core WebAssembly module, which has to be made into a component first",
  text: "they are text, not a WebAssembly binary",
  empty: "there are none",
  unknown: "they do not begin with the preamble of a component",
};

/**
 * Decodes a binary component: reads it, validates it by every rule of the component model but for the code of its core
 * modules, and makes its interface and the plan of its instantiation. The bytes may be hostile: work, memory and the size
 * of what is made are bounded by `bounds`.
 *
 * - A type carries the name its interface gives it. An interface lists a resource or named value type if it is the
 *   first of the component, imports before exports, to show it; types that it `use`s from another are left out, as are
 *   aliases of primitive and handle types, which have no name in this data.
 * - Types of the world itself are reported in `other` only if they are resources that come from no interface. An
 *   instance that exports what no WIT interface can (a module, component or nested instance) is reported in `other` as
 *   well as in `interfaces`.
 *
 * @throws {CordonError} `invalid-component` if the bytes are malformed or not valid, naming the offset; `limit`
 * (`component-size` or `complexity`) if a bound is exceeded; `unsupported` if the component has component-level values,
 * passes garbage-collected values, or waits with the withdrawn option `cancellable`.
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
    const binary = readComponent(decoding, new ByteReader(bytes));
    const valid = validateComponent(decoding, binary);
    const planned = makePlan(decoding, binary, valid);
    return {
      interface: planned.interface,
      producers: [...decoding.producers.values()],
      coreModules: decoding.modules,
      counts: { ...decoding.counts },
      asynchronous: decoding.asynchronous,
      ...(planned.plan === undefined ? {} : { plan: planned.plan }),
      ...(planned.unsupported === undefined ? {} : { unsupported: planned.unsupported }),
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
