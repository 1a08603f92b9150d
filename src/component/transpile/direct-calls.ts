/**
 * The glue treats every call of a host function as a task of the asynchronous ABI, with a subtask, a waitable and promises, which
 * takes several microseconds. A function that answers at once needs none of it. Its trampoline is made to do without: it lifts
 * the arguments, calls, and lowers the result, and the objects that stand for the task do nothing.
 */
const DIRECT = `
const _directTask = {
  id: () => 0, componentIdx: () => -1, enterSync: () => true, resolve() {}, reject() {}, setErrored() {}, exit() {},
  getParentSubtask: () => undefined, setParentSubtask() {},
};
const _directTasks = () => [_directTask, 0];
const _directly = ({ fn }) => fn();
`;

/** A trampoline of a function that is not suspended, from its head to the line that names it. No name holds a line feed. */
const TRAMPOLINE = /\n *const (_trampoline\d+) = function\((?:arg\d+(?:, arg\d+)*)?\) \{\n[^]*?\n *\1\.fnName = '/g;

/** What a trampoline has exactly one of, and what it becomes. Lines of the generator's own, whole. */
const PARTS: readonly (readonly [line: string, direct: string])[] = [
  ["\n    const hostProvided = true;\n", "\n    const hostProvided = false;\n"],
  ["\n      const results = createNewCurrentTask({\n", "\n      const results = _directTasks({\n"],
  ["\n    const started = task.enterSync();\n", "\n    const started = true;\n"],
];
const CALL = /(\n *(?:ret|const hostRet\d+) = )_withGlobalCurrentTaskMeta\(\{\n/;

/** Where the glue takes up a call of an import, before it makes anything for it. */
const TAKEN_UP = /(\n *function _lowerImportBackwardsCompat\(args\) \{\n *const params = \[\.\.\.arguments\]\.slice\(1\);\n)/;

/** Makes the trampolines direct whose form is known. The others stay as they are. */
export function withDirectCalls(glue: string): string {
  if (!TAKEN_UP.test(glue)) return glue;
  const direct = glue.replace(TRAMPOLINE, (trampoline: string, name: string) => {
    if (!CALL.test(trampoline) || PARTS.some(([line]) => trampoline.split(line).length !== 2)) return trampoline;
    const shortened = PARTS.reduce((text, [line, instead]) => text.replace(line, instead), trampoline);
    const named = shortened.lastIndexOf(`${name}.fnName = '`);
    const called = shortened.slice(0, named).replace(CALL, "$1_directly({\n");
    return `${called}${name}.isDirect = true;\n  ${shortened.slice(named)}`;
  });
  const taken = "    if (args.importFn.isDirect) { _checkMayLeave(args.componentIdx); return args.importFn(...params); }\n";
  return DIRECT + direct.replace(TAKEN_UP, `$1${taken}`);
}
