/**
 * The glue treats every call of a host function as a task of the asynchronous ABI, with a subtask, a waitable and promises, which
 * takes several microseconds, and suspends the guest for any that may wait, even when the answer is there. None of it is needed
 * for functions that are not of that ABI, which are all that is loaded. A trampoline is made to do without: it lifts the
 * arguments, calls, and lowers the result; the object that stands for its task does nothing. One that may wait becomes a
 * generator that is run to its end at once, unless the host function answers with a promise.
 */
const DIRECT = `
const _directTask = {
  id: () => 0, componentIdx: () => -1, resolve() {}, reject() {}, setErrored() {}, exit() {},
  getParentSubtask: () => undefined, setParentSubtask() {},
};
const _directTasks = () => [_directTask, 0];
const _directly = ({ fn }) => fn();
const _runToItsEnd = (trampoline, parameters) => {
  const steps = trampoline(...parameters);
  const goOn = ({ done, value }) => {
    while (!done) {
      if (value instanceof Promise) {
        return value.then((settled) => goOn(steps.next(settled)), (thrown) => goOn(steps.throw(thrown)));
      }
      ({ done, value } = steps.next(value));
    }
    return value;
  };
  return goOn(steps.next());
};
`;

/** Of the functions that may wait: the instance they leave is the one that the generator names behind them. */
const SUSPENDING_DIRECTLY = `
const _suspendingDirectly = (trampoline, componentIdx, checkMayLeave) => (...parameters) => {
  checkMayLeave(componentIdx);
  return _runToItsEnd(trampoline, parameters);
};
`;

/** A trampoline of a host function, from its head to what names it. No name holds a line feed. */
const TRAMPOLINE =
  /\n *const (_trampoline\d+) = (async )?function\((?:arg\d+(?:, arg\d+)*)?\) \{\n[^]*?\n *(?=\1\.fnName = ')/g;

/** What a trampoline has exactly one of, and what it becomes. Whole lines of the generator's own. */
const PARTS: readonly (readonly [line: RegExp, direct: string])[] = [
  [/(\n *)const hostProvided = true;(?=\n)/g, "$1const hostProvided = false;"],
  [/(\n *)const results = createNewCurrentTask\(\{(?=\n)/g, "$1const results = _directTasks({"],
  [
    /(\n *)const started = (?:task\.enterSync\(\)|await task\.enter\(\{ isHost: hostProvided \}\));(?=\n)/g,
    "$1const started = true;",
  ],
];
const CALL =
  /(\n *(?:(?:ret|const hostRet\d+) = )?)(?:(await +)_withGlobalCurrentTaskMetaAsync|_withGlobalCurrentTaskMeta)\(\{(?=\n)/g;

/** Where the glue takes up a call of an import, before it makes anything for it. */
const TAKEN_UP =
  /(\n *function _lowerImportBackwardsCompat\(args\) \{\n *const params = \[\.\.\.arguments\]\.slice\(1\);\n)/;

/** Where it would suspend the guest for one. */
const SUSPENDING =
  /(\n *let trampoline\d+ = (_trampoline\d+)\.manuallyAsync \? new WebAssembly\.Suspending\()_suspendingImport\((\d+), /g;

/** Makes the trampolines direct whose form is known. The others stay as they are. */
export function withDirectCalls(glue: string): string {
  if (!TAKEN_UP.test(glue)) return glue;
  const direct = glue.replaceAll(TRAMPOLINE, (trampoline: string, name: string, waits: string | undefined) => {
    if ([...PARTS.map(([line]) => line), CALL].some((line) => trampoline.match(line)?.length !== 1)) return trampoline;
    let text = trampoline;
    for (const [line, instead] of PARTS) text = text.replace(line, instead);
    text = text.replace(CALL, (_all, head: string) => `${head}${waits === undefined ? "" : "yield "}_directly({`);
    if (waits !== undefined) text = text.replace("= async function(", "= function* (");
    return /\bawait\b/.test(text) ? trampoline : `${text}${name}.isDirect = true;\n`;
  });
  return (
    DIRECT +
    SUSPENDING_DIRECTLY +
    direct
      .replaceAll(SUSPENDING, "$1$2.isDirect ? _suspendingDirectly($2, $3, _checkMayLeave) : _suspendingImport($3, ")
      .replace(
        TAKEN_UP,
        "$1    if (args.importFn.isDirect) { _checkMayLeave(args.componentIdx); return args.importFn(...params); }\n",
      )
  );
}
