import type { Severity } from "../finding.ts";
import type { Call } from "../python-calls.ts";
import { argument, argumentsOf, exactText } from "../python-calls.ts";
import type { Value } from "../python-values.ts";
import { FOREIGN_LABELS, HOLE, LABEL, union } from "../python-values.ts";
import { dangerousModule } from "./dangerous-modules.ts";
import type { RuleContext, Rules } from "./rule.ts";

const CATEGORY = "dangerous_imports";

/** Calls that hand a command line to a shell. */
const SHELL_CALLS = new Set(
  `os.system os.popen subprocess.getoutput subprocess.getstatusoutput asyncio.create_subprocess_shell
  paramiko.SSHClient().exec_command pexpect.spawn pexpect.run`.split(/\s+/),
);

const PROGRAM_CALLS = new Set(
  `subprocess.run subprocess.call subprocess.check_call subprocess.check_output subprocess.Popen
  asyncio.create_subprocess_exec pty.spawn`.split(/\s+/),
);

const OTHER_CALLS: Readonly<Record<string, readonly [Severity, string]>> = {
  "pickle.load": ["high", "Unpickling executes code in the data"],
  "pickle.loads": ["high", "Unpickling executes code in the data"],
  "pickle.Unpickler": ["high", "Unpickling executes code in the data"],
  "dill.load": ["high", "Unpickling executes code in the data"],
  "dill.loads": ["high", "Unpickling executes code in the data"],
  "cloudpickle.loads": ["high", "Unpickling executes code in the data"],
  "jsonpickle.decode": ["high", "Unpickling executes code in the data"],
  "shelve.open": ["medium", "Unpickling executes code in the data"],
  "marshal.load": ["high", "Compiled code is loaded from data"],
  "marshal.loads": ["high", "Compiled code is loaded from data"],
  "ctypes.CDLL": ["high", "Native library is loaded"],
  "ctypes.WinDLL": ["high", "Native library is loaded"],
  "ctypes.cdll.LoadLibrary": ["high", "Native library is loaded"],
  "pty.spawn": ["high", "Program started in a terminal of its own"],
  "os.dup2": ["high", "Standard streams are redirected"],
  "os.posix_spawn": ["high", "Program is run"],
  "os.startfile": ["high", "Program is run"],
  "yaml.unsafe_load": ["high", "YAML loader that runs code in the data"],
  "yaml.full_load": ["medium", "YAML loader that runs code in the data"],
};

/** Calls that execute what their data says. */
const DATA_LOADERS = /^(?:pickle|dill|cloudpickle|jsonpickle|marshal)\./;

/** Longer commands are not looked into at every use. */
const MAX_COMMAND = 16_384;

const EXEC_FAMILY = /^os\.(?:exec|spawn)[lv]p?e?$/;

/** Modules and calls that run programs, native code or code in data. */
export const dangerousImports: Rules = {
  import(module, member, line, context) {
    const found = dangerousModule(module);
    if (found !== undefined) {
      const description = `Import of ${module}, which ${found.why}`;
      context.report({ category: CATEGORY, severity: found.severity, line, description });
    } else if (module === "os" && member !== undefined && isCommandCall(`os.${member}`)) {
      const description = `Import of os.${member}, which runs programs`;
      context.report({ category: CATEGORY, severity: "medium", line, description });
    } else if (module === "os" && member === "*") {
      const description = "Everything in os imported without its name";
      context.report({ category: CATEGORY, severity: "low", line, description });
    }
  },
  use(value, line, _operator, context) {
    const name = value.name ?? "";
    if (!isCommandCall(name) || name.endsWith("()")) return;
    context.report({ category: CATEGORY, severity: "high", line, description: `${name} used as a value` });
  },
  call(call, context) {
    const { name, line } = call;
    if (name === undefined) return undefined;
    const other = Object.hasOwn(OTHER_CALLS, name) ? OTHER_CALLS[name] : undefined;
    if (other !== undefined) {
      const foreign = DATA_LOADERS.test(name) && (argumentsOf(call.args).labels & FOREIGN_LABELS) !== 0;
      const description = foreign ? `${other[1]}, and the data was decoded or downloaded` : other[1];
      context.report({
        category: CATEGORY,
        severity: foreign ? "critical" : other[0],
        line,
        description,
        subject: other[1],
      });
    }
    if (name === "yaml.load" && !(argument(call.args, 1, "Loader").name ?? "SafeLoader").includes("Safe")) {
      context.report({
        category: CATEGORY,
        severity: "high",
        line,
        description: "YAML loader that runs code in the data",
      });
    }
    if (isCommandCall(name)) return commandRun(call, name, context);
    return undefined;
  },
};

function isCommandCall(name: string): boolean {
  return SHELL_CALLS.has(name) || PROGRAM_CALLS.has(name) || EXEC_FAMILY.test(name);
}

function commandRun(call: Call, name: string, context: RuleContext): number {
  const { line } = call;
  const command = argument(call.args, 0, "args");
  const text = commandText(call, command);
  const shell = call.args.keywords.has("shell") && call.args.keywords.get("shell")?.number !== 0;
  const fixed = text !== undefined && text.length <= MAX_COMMAND && !text.includes(HOLE);
  const program = command.items === undefined ? command : union(command.items.filter((_, at) => at !== 1).slice(0, 2));
  if ((program.labels & FOREIGN_LABELS) !== 0) {
    const description = "Command that was decoded or downloaded is run";
    context.report({ category: CATEGORY, severity: "critical", line, description, subject: "command" });
  } else if (SHELL_CALLS.has(name) || EXEC_FAMILY.test(name)) {
    context.report({
      category: CATEGORY,
      severity: "high",
      line,
      description: `Command is run by ${name}`,
      subject: "command",
    });
  } else if (shell) {
    const severity: Severity = fixed ? "medium" : "high";
    const description = `${name} with a shell${fixed ? "" : " and a command put together at run time"}`;
    context.report({ category: CATEGORY, severity, line, description, subject: "command" });
  }
  if (text !== undefined && text.length <= MAX_COMMAND)
    context.nested(`#!/bin/sh\n${text.replaceAll(HOLE, "_")}`, line, "In a command: ");
  return LABEL.file;
}

/** The command line, its unknown parts as holes. */
function commandText(call: Call, command: Value): string | undefined {
  const items = command.items ?? (EXEC_FAMILY.test(call.name ?? "") ? call.args.positional : undefined);
  if (items !== undefined && items.length > 0 && items.length < 256) {
    // `sh -c script`: the script is what runs.
    const script = exactText(items[1] ?? command) === "-c" ? items[2]?.text : undefined;
    return script ?? items.map((item) => item.text ?? HOLE).join(" ");
  }
  return command.text;
}
