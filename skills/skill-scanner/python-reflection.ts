import type { Call } from "./python-calls.ts";
import { argument, exactName } from "./python-calls.ts";
import { canonicalName } from "./python-names.ts";
import type { Semantics } from "./python-semantics.ts";
import type { Value } from "./python-values.ts";
import { named, tainted, UNKNOWN } from "./python-values.ts";

/** The object that a call names at run time: `getattr`, `__import__`, `globals()[...]`. Undefined for other calls. */
export function reflection(call: Call, semantics: Pick<Semantics, "load" | "attribute">): Value | undefined {
  const { name } = call;
  if (name === undefined) return undefined;
  const first = argument(call.args, 0);
  const text = exactName(first);
  switch (name) {
    case "builtins.getattr": {
      const attribute = exactName(argument(call.args, 1));
      return attribute === undefined ? tainted(first) : semantics.attribute(first, attribute, call.line);
    }
    case "builtins.vars":
      return call.args.positional.length === 0 ? named("globals()") : semantics.attribute(first, "__dict__", call.line);
    case "builtins.globals":
    case "builtins.locals":
      return named("globals()");
    case "globals().get":
      return text === undefined ? UNKNOWN : semantics.load(text);
    case "sys.modules.get":
      return text === undefined ? UNKNOWN : named(canonicalName(text));
    case "builtins.__import__":
      return text === undefined ? UNKNOWN : named(canonicalName(text.split(".", 1)[0] ?? text));
    case "importlib.import_module":
    case "importlib.__import__":
      return text === undefined ? UNKNOWN : named(canonicalName(text));
    default:
      if (call.method === "get" && call.receiver.method === "__dict__" && text !== undefined) {
        return semantics.attribute(call.receiver.receiver ?? UNKNOWN, text, call.line);
      }
      return undefined;
  }
}
