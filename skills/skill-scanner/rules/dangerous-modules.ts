import type { Severity } from "../finding.ts";

interface DangerousModule {
  readonly severity: Severity;
  readonly why: string;
}

const TABLE: Readonly<Record<string, readonly [Severity, string]>> = {
  subprocess: ["medium", "runs programs"],
  popen2: ["medium", "runs programs"],
  pexpect: ["medium", "runs programs"],
  sh: ["medium", "runs programs"],
  _posixsubprocess: ["high", "runs programs below subprocess"],
  pty: ["high", "gives a program a terminal"],
  ctypes: ["medium", "calls native code"],
  cffi: ["medium", "calls native code"],
  _ctypes: ["high", "calls native code"],
  pickle: ["medium", "executes code when it loads data"],
  dill: ["medium", "executes code when it loads data"],
  cloudpickle: ["medium", "executes code when it loads data"],
  shelve: ["medium", "executes code when it loads data"],
  jsonpickle: ["medium", "executes code when it loads data"],
  marshal: ["high", "loads compiled code"],
  winreg: ["medium", "changes the Windows registry"],
  paramiko: ["medium", "opens remote shells"],
  fabric: ["medium", "opens remote shells"],
};

/** Why importing a module deserves attention, or undefined. */
export function dangerousModule(module: string): DangerousModule | undefined {
  const root = module.split(".", 1)[0] ?? "";
  const row = Object.hasOwn(TABLE, root) ? TABLE[root] : undefined;
  return row === undefined ? undefined : { severity: row[0], why: row[1] };
}
