import { isHttpHandler } from "../../sandbox/loading/entries.ts";
import { PREVIEW1_MODULE } from "../../shared/plan/core-module.ts";
import { withoutVersion } from "../../shared/wit/interface-name.ts";
import type { ComponentInterface } from "../../shared/wit/wit.ts";

/** Something of the host that a component can ask for by what it imports. */
export type Facility =
  | "read-by-path"
  | "write-by-path"
  | "folders"
  | "http"
  | "sockets"
  | "listening"
  | "lookup"
  | "environment"
  | "stdin"
  | "programs"
  | "clocks"
  | "random"
  /** It is sent requests, which `serve-http` bounds. */
  | "requests";

/** By how the names of imported interfaces begin. */
const BY_INTERFACE: readonly (readonly [RegExp, readonly Facility[]])[] = [
  [/^sandbox:skill\/filesystem-read$/, ["read-by-path"]],
  [/^sandbox:skill\/filesystem-write$/, ["write-by-path"]],
  [/^sandbox:skill\/network$/, ["http"]],
  [/^wasi:filesystem\//, ["folders"]],
  [/^wasi:http\/outgoing-handler$/, ["http"]],
  [/^wasi:sockets\/(?:tcp|udp)/, ["sockets", "listening"]],
  [/^wasi:sockets\/ip-name-lookup$/, ["lookup"]],
  [/^wasi:cli\/environment$/, ["environment"]],
  [/^wasi:cli\/stdin$/, ["stdin"]],
  [/^wasi:clocks\//, ["clocks"]],
  [/^wasi:random\//, ["random"]],
  [/^cordon:process\/run$/, ["programs"]],
];

/** By the names of imported functions, of an interface that has functions for several things. */
const BY_FUNCTION: Readonly<Record<string, readonly (readonly [RegExp, readonly Facility[]])[]>> = {
  [PREVIEW1_MODULE]: [
    [/^path_|^fd_prestat|^fd_readdir$/, ["folders"]],
    [/^sock_/, ["listening"]],
    [/^environ_/, ["environment"]],
    [/^random_/, ["random"]],
    [/^clock_|^poll_/, ["clocks"]],
    [/^fd_read$|^poll_/, ["stdin"]],
  ],
  "cordon:vak/host": [
    [/^fs-read$/, ["read-by-path"]],
    [/^fs-write$/, ["write-by-path"]],
    [/^env-get$/, ["environment"]],
  ],
};

/** What a component can ask of the host. */
export function facilitiesOf(component: ComponentInterface): ReadonlySet<Facility> {
  const found = new Set<Facility>(isHttpHandler(component) ? ["requests"] : []);
  const add = (rules: readonly (readonly [RegExp, readonly Facility[]])[], name: string): void => {
    for (const [pattern, facilities] of rules) {
      if (pattern.test(name)) for (const one of facilities) found.add(one);
    }
  };
  for (const { name, functions, resources } of component.imports.interfaces) {
    if (functions.length + resources.length === 0) continue;
    const plain = withoutVersion(name);
    add(BY_INTERFACE, plain);
    for (const fn of functions) add(Object.hasOwn(BY_FUNCTION, plain) ? (BY_FUNCTION[plain] ?? []) : [], fn.name);
  }
  return found;
}
