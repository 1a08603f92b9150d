import type { Call } from "../python-calls.ts";
import { argument, exactName, exactText } from "../python-calls.ts";
import { FOREIGN_LABELS, LABEL } from "../python-values.ts";
import { decodeBase64, decodeHex, decodeSpelledHex, isPrintable } from "../text-tools.ts";
import { dangerousModule } from "./dangerous-modules.ts";
import type { RuleContext, Rules } from "./rule.ts";

const CATEGORY = "obfuscated_code";

const EXECUTORS: Readonly<Record<string, "high" | "medium">> = {
  "builtins.exec": "high",
  "builtins.eval": "high",
  "builtins.execfile": "high",
  "builtins.compile": "medium",
  "code.InteractiveInterpreter().runsource": "high",
  "types.FunctionType": "high",
  "types.CodeType": "high",
  "runpy.run_path": "medium",
  "runpy.run_module": "medium",
};

const IMPORTERS = new Set(["builtins.__import__", "importlib.import_module", "importlib.__import__"]);

/** Attributes that lead from any object to the interpreter's insides. */
const ESCAPES = new Set(["__subclasses__", "__globals__", "__builtins__"]);

/** Code made at run time, encoded payloads, dynamic imports. */
export const obfuscatedCode: Rules = {
  use(value, line, operator, context) {
    const name = value.name ?? "";
    if (operator !== "in" && (name === "builtins.exec" || name === "builtins.eval" || name === "builtins.execfile")) {
      const description = `Builtin ${short(name)} used as a value`;
      context.report({ category: CATEGORY, severity: "high", line, description });
    }
  },
  attribute(name, line, context) {
    if (!ESCAPES.has(name)) return;
    const description = `Use of ${name} to reach hidden objects`;
    context.report({ category: CATEGORY, severity: "medium", line, description });
  },
  call(call, context) {
    const { name, line } = call;
    if (name === undefined) return undefined;
    const severity = Object.hasOwn(EXECUTORS, name) ? EXECUTORS[name] : undefined;
    if (severity !== undefined) executed(call, severity, context);
    if (IMPORTERS.has(name)) imported(call, context);
    if (name === "builtins.getattr" && argument(call.args, 0).name === "builtins") {
      context.report({ category: CATEGORY, severity: "high", line, description: "Builtin looked up by name" });
    }
    return undefined;
  },
  text(text, line, context) {
    const hidden = hiddenText(text);
    if (hidden === undefined) return;
    const found = context.nested(hidden, line, "In an encoded string: ");
    if (!found && !looksLikeCode(hidden)) return;
    context.report({ category: CATEGORY, severity: "high", line, description: "Encoded string that hides code" });
  },
};

function executed(call: Call, severity: "high" | "medium", context: RuleContext): void {
  const { line } = call;
  const what = short(call.name ?? "");
  const code = argument(call.args, 0, "source");
  if ((code.labels & FOREIGN_LABELS) !== 0) {
    const origin = (code.labels & LABEL.remote) !== 0 ? "downloaded" : "decoded";
    const description = `Code that was ${origin} at run time is executed by ${what}`;
    context.report({ category: CATEGORY, severity: "critical", line, description, subject: "executed" });
    for (const { kind, line } of code.origins) {
      if (kind !== "decoded") continue;
      context.report({
        category: CATEGORY,
        severity: "high",
        line,
        description: "Decoding of code that is later executed",
      });
    }
  } else {
    const description = `Text executed as code by ${what}`;
    context.report({ category: CATEGORY, severity, line, description, subject: "executed" });
  }
  const text = exactText(code);
  if (text !== undefined) context.nested(text, line, "In executed text: ");
}

function imported(call: Call, context: RuleContext): void {
  const { line, name } = call;
  const how = short(name ?? "");
  const module = exactName(argument(call.args, 0, "name"));
  if (module === undefined) {
    const description = `Import of a computed module by ${how}`;
    context.report({ category: CATEGORY, severity: "medium", line, description });
    return;
  }
  const dangerous = dangerousModule(module) !== undefined || ["os", "sys", "socket", "builtins"].includes(module);
  const severity = dangerous ? "high" : name === "builtins.__import__" ? "medium" : "low";
  const description = `Import of ${module.slice(0, 60)} hidden in a call of ${how}`;
  context.report({ category: CATEGORY, severity, line, description });
}

/** What a string hides in base64, hexadecimal or spelled-out escapes. */
function hiddenText(text: string): string | undefined {
  if (text.length < 16) return undefined;
  const spelled = decodeSpelledHex(text, 8);
  if (spelled !== undefined) return isPrintable(spelled) ? spelled : undefined;
  if (text.includes(".") || text.includes(":") || text.includes("<")) return undefined;
  for (const decode of [decodeHex, decodeBase64]) {
    const plain = decode(text);
    if (plain !== undefined && plain.length >= 12 && isPrintable(plain)) return plain;
  }
  return undefined;
}

const CODE_MARKS = [
  "import ",
  "exec(",
  "eval(",
  "http://",
  "https://",
  "require(",
  "#!/",
  "os.system",
  "powershell",
  "curl ",
];

function looksLikeCode(text: string): boolean {
  return CODE_MARKS.some((mark) => text.includes(mark));
}

function short(name: string): string {
  return name.startsWith("builtins.") ? name.slice(9) : name;
}
