import { camelCase } from "../../shared/wit/naming.ts";
import { collisionIn } from "../../component/values/shapes.ts";
import {
  CANCEL_SERVICE,
  type CheckedParameter,
  type CustomAnswer,
  type CustomFunction,
  type CustomImport,
  customLabel,
  customService,
  DROP_SERVICE,
} from "../../host/custom/custom-function.ts";
import type { InterfaceDeclaration } from "../../host/capability.ts";
import { customInterfaces, placeOf } from "../../host/custom/custom-interfaces.ts";
import { DECLARED_CORE_MODULES } from "../../host/declared-interfaces.ts";
import type { Grants } from "../../policy/grants.ts";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { findProvided, versionedName } from "../../shared/wit/interface-name.ts";
import { isLabel, parseFunctionType } from "../../shared/wit/parse-wit-type.ts";
import { printFunctionType } from "../../shared/wit/print-wit.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { nearest } from "../../shared/text/suggest.ts";
import { holdsHandle } from "../../shared/wit/wit-handles.ts";
import type { WitFunction, WitType } from "../../shared/wit/wit.ts";
import { answerCustom, type HostFunctionAsker, type RegisteredFunction } from "./custom-call.ts";
import { coreFunctionType } from "./core-function-type.ts";
import type { ResourcesByName } from "./call-objects.ts";
import type { CoreHostFunctionInput, HostFunctionInput, HostResourceInput } from "./host-function-input.ts";
import type { HostResource } from "./host-objects.ts";
import {
  holdsBorrow,
  memberProblem,
  nameProblem,
  readResource,
  resourceDescriptor,
  resourcesInReach,
} from "./read-resource.ts";

/** Names of interfaces that are not the embedder's to define. */
const RESERVED: ReadonlySet<string> = new Set(["wasi", "cordon", "sandbox"]);

const INTERFACE = /^([^:/@]+):([^:/@]+)\/([^:/@]+)(?:@([0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}))?$/;

/** As `grants.custom` takes them. */
const CAPABILITY = /^[a-zA-Z][a-zA-Z0-9_:/@.#-]{0,127}$/;

const SHOWN = 80;

/** The longest name of a core module, and of what is in it, in UTF-16 code units. */
const MAX_CORE_NAME = 128;

/** What the embedder of a sandbox gives its guests. */
export type HostImportInput = HostFunctionInput | CoreHostFunctionInput | HostResourceInput;

/** The functions and resources that the embedder of a sandbox gave its guests. */
export class HostFunctions {
  /** What the guests' side has to know of them: plain data. */
  readonly descriptors: readonly CustomImport[];
  readonly #resources: readonly HostResource[];
  readonly #interfaces: readonly InterfaceDeclaration[];
  readonly #registered: ReadonlyMap<string, RegisteredFunction>;

  /**
   * @throws CordonError `usage` with everything that is wrong with the functions, `policy` when a grant of the capabilities they
   *   need has no meaning for them.
   */
  constructor(inputs: readonly HostImportInput[], granted: Grants["custom"]) {
    const { resources, functions: registered } = readAll(inputs);
    const misfits = registered.flatMap((one) => grantProblems(one, granted));
    if (misfits.length > 0) throw new CordonError("policy", `Cannot use the grants: ${misfits.join("; ")}`);
    this.descriptors = [...resources.map(resourceDescriptor), ...registered.map(({ descriptor }) => descriptor)];
    this.#resources = resources;
    this.#interfaces = customInterfaces(this.descriptors);
    this.#registered = new Map(registered.map((one) => [customService(one.descriptor), one]));
  }

  /**
   * Answers a guest's call of one of the functions, and takes that it has dropped an object or cancelled a call; `undefined` for any other service. Records
   * the one event of the call.
   * Rejects when the parameters are not of their types, which the guests' side never lets through.
   */
  answer(service: string, payload: unknown, asker: HostFunctionAsker): Promise<CustomAnswer | undefined> | undefined {
    if (service === CANCEL_SERVICE) {
      asker.cancellations.cancel(payload);
      return Promise.resolve(undefined);
    }
    if (service === DROP_SERVICE) {
      asker.objects.drop(payload);
      return Promise.resolve(undefined);
    }
    const called = this.#registered.get(service);
    return called === undefined ? undefined : answerCustom(called, payload, asker);
  }

  /** The resource that a component imports by this path, if it is one of the embedder's. */
  resourceAt(path: readonly string[]): HostResource | undefined {
    const [interfaceName, name] = placeOf(path);
    const found = findProvided(interfaceName, this.#interfaces);
    return this.#resources.find(
      (one) => one.interface === found?.name && one.version === found.version && one.name === name,
    );
  }
}

/** What the inputs declare. Resources come first, since functions name them. */
function readAll(inputs: readonly HostImportInput[]): {
  readonly resources: readonly HostResource[];
  readonly functions: readonly RegisteredFunction[];
} {
  if (!Array.isArray(inputs)) throw new CordonError("usage", "Cannot use the host functions: expected a list of them");
  const problems: string[] = [];
  const resources: HostResource[] = [];
  for (const [index, input] of inputs.entries()) {
    if (!isResource(input)) continue;
    const read = readOneResource(input, resources);
    if (typeof read !== "string") resources.push(read);
    else problems.push(`hostFunctions[${index}]: ${read}`);
  }
  const found: RegisteredFunction[] = [];
  for (const [index, input] of inputs.entries()) {
    if (isResource(input)) continue;
    const at = `hostFunctions[${index}]`;
    const registered = readOne(input, resources, (problem) => void problems.push(`${at}: ${problem}`));
    if (registered === undefined) continue;
    const clash = found
      .map(({ descriptor }) => clashOf(descriptor, registered.descriptor))
      .find((one) => one !== undefined);
    if (clash === undefined) found.push(registered);
    else problems.push(`${at}: ${clash}`);
  }
  if (problems.length > 0) {
    throw new CordonError("usage", `Cannot use the host functions: ${problems.join("; ")}`);
  }
  return { resources, functions: found };
}

function isResource(input: HostImportInput): input is HostResourceInput {
  return isObject(input) && "resource" in input;
}

/** The resource, or what is wrong with it. */
function readOneResource(input: HostResourceInput, others: readonly HostResource[]): HostResource | string {
  const problems: string[] = [];
  unknownKeys(input, ["interface", "resource", "dropped"], (problem) => void problems.push(problem));
  const named = interfaceOf(input.interface);
  const read = typeof named === "string" ? named : readResource(input, named);
  if (typeof read === "string") return [...problems, read].join("; ");
  const [problem] = problems;
  if (problem !== undefined) return problem;
  const isThere = others.some((one) => resourceKey(one) === resourceKey(read));
  return isThere ? `${read.name} is there already` : read;
}

function resourceKey({ interface: of, version, name }: HostResource): string {
  return `${versionedName(of, version)}#${name.toLowerCase()}`;
}

function readOne(
  input: HostFunctionInput | CoreHostFunctionInput,
  resources: readonly HostResource[],
  problem: (text: string) => void,
): RegisteredFunction | undefined {
  if (!isObject(input)) {
    problem("expected an object");
    return undefined;
  }
  if ("module" in input) return readCoreFunction(input, problem);
  // A misspelt check would be no check.
  unknownKeys(input, ["interface", "name", "type", "capability", "check", "call"], problem);
  const named = interfaceOf(input.interface);
  if (typeof named === "string") problem(named);
  const place = typeof named === "string" ? { interface: "", version: undefined } : named;
  const misnamed = nameProblem(input.name, place, resources);
  if (misnamed !== undefined) problem(misnamed);
  checkCommon(input, problem);
  const inReach = resourcesInReach(place, resources);
  const wit = typeOf(input, inReach);
  if (typeof wit === "string") problem(wit);
  if (typeof wit === "string" || typeof named === "string") return undefined;
  const { check } = input;
  const checked = checkedParameter(check, wit, problem);
  return {
    descriptor: {
      importedBy: "component",
      ...named,
      name: input.name,
      type: printFunctionType(wit),
      capability: input.capability,
      checked,
      async: wit.async,
      takesHandles: wit.parameters.some(({ type }) => holdsHandle(type)),
      fallible: wit.result?.kind === "result",
      failsAsText: wit.result?.kind === "result" && wit.result.err?.kind === "string",
    },
    wit,
    resources: inReach,
    allows: check?.allows === undefined ? undefined : (grant, parameters) => check.allows?.(grant, parameters),
    call: (parameters, context) => input.call(parameters, context),
  };
}

/** What a function of components and one of core modules have in common. */
function checkCommon(input: HostFunctionInput | CoreHostFunctionInput, problem: (text: string) => void): void {
  const { capability } = input;
  if (typeof capability !== "string" || !CAPABILITY.test(capability)) {
    problem("capability is no name: a letter and up to 127 letters, digits and any of _:/@.#-");
  }
  if (typeof input.call !== "function") problem("call is no function");
}

/** A function for core modules. Its type is one of numbers, so all that holds for functions of components holds for it. */
function readCoreFunction(
  input: CoreHostFunctionInput,
  problem: (text: string) => void,
): RegisteredFunction | undefined {
  unknownKeys(input, ["module", "name", "type", "capability", "check", "call"], problem);
  for (const key of ["module", "name"] as const) {
    const { [key]: text } = input;
    if (typeof text !== "string" || text.length > MAX_CORE_NAME || !text.isWellFormed()) {
      problem(`${key} is no text of up to ${MAX_CORE_NAME} characters`);
    }
  }
  if (DECLARED_CORE_MODULES.some(({ name }) => name === input.module)) problem(`module: ${input.module} is provided`);
  checkCommon(input, problem);
  const read = coreFunctionType(input.name, input.type);
  if (typeof read === "string") {
    problem(`type: ${read}`);
    return undefined;
  }
  const { check } = input;
  return {
    descriptor: {
      importedBy: "core-module",
      interface: input.module,
      version: undefined,
      name: input.name,
      type: read.type,
      capability: input.capability,
      checked: checkedParameter(check, read.wit, problem),
      async: false,
      takesHandles: false,
      fallible: false,
      failsAsText: false,
    },
    wit: read.wit,
    resources: new Map(),
    allows: check?.allows === undefined ? undefined : (grant, parameters) => check.allows?.(grant, parameters),
    call: (parameters, context) => input.call(parameters, context),
  };
}

function checkedParameter(
  check: HostFunctionInput["check"],
  { parameters }: WitFunction,
  problem: (text: string) => void,
): CheckedParameter | undefined {
  if (check === undefined) return undefined;
  if (!isObject(check)) {
    problem("check: expected an object");
    return undefined;
  }
  unknownKeys(check, ["parameter", "allows"], (text) => problem(`check: ${text}`));
  if (check.allows !== undefined && typeof check.allows !== "function") problem("check.allows is no function");
  if (check.parameter === undefined) return undefined;
  if (typeof check.parameter !== "string") {
    problem("check.parameter is no text");
    return undefined;
  }
  const index = parameters.findIndex(({ name }) => name === check.parameter);
  const found = parameters[index];
  if (found === undefined) {
    problem(`check.parameter: the function has no parameter ${quoteText(check.parameter, SHOWN)}`);
    return undefined;
  }
  if (comparable(found.type) === undefined) {
    problem(`check.parameter: ${found.name} is neither a number nor a text; decide with check.allows`);
  }
  return { name: found.name, index };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unknownKeys(value: object, known: readonly string[], problem: (text: string) => void): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    const hint = near === undefined ? `the keys are ${known.join(", ")}` : `did you mean ${near}?`;
    problem(`unknown key ${quoteText(key, SHOWN)}; ${hint}`);
  }
}

/** The name taken apart, or what is wrong with it. */
function interfaceOf(text: unknown): Pick<CustomFunction, "interface" | "version"> | string {
  if (text === undefined) return { interface: "", version: undefined };
  if (typeof text === "string" && isLabel(text) && !RESERVED.has(text.toLowerCase()))
    return { interface: text, version: undefined };
  const [, namespace = "", name = "", own = "", version] = typeof text === "string" ? (INTERFACE.exec(text) ?? []) : [];
  if (![namespace, name, own].every(isLabel)) {
    return "interface is no name such as acme:mail/outbox, acme:mail/outbox@1.0.0 or outbox";
  }
  if (RESERVED.has(namespace.toLowerCase())) return `interface: the namespace ${namespace} is not for other functions`;
  return { interface: `${namespace}:${name}/${own}`, version };
}

/** The function's type, or what is wrong with it. */
function typeOf({ name, type }: HostFunctionInput, resources: ResourcesByName): WitFunction | string {
  if (typeof type !== "string") return "type is no text such as func(to: string) -> result<u32, string>";
  let wit: WitFunction;
  try {
    wit = parseFunctionType(type, name, new Set(resources.keys()));
  } catch (thrown) {
    return `type: ${messageOf(thrown)}`;
  }
  const misfit = memberProblem(wit);
  if (misfit !== undefined) return misfit;
  if (holdsBorrow(wit.result)) return "type: a function cannot return what it only borrows";
  for (const part of [...wit.parameters.map((one) => one.type), ...(wit.result === undefined ? [] : [wit.result])]) {
    const collision = collisionIn(part);
    if (collision !== undefined) return `type: JavaScript cannot tell ${collision.join(" and ")} apart`;
  }
  return wit;
}

/** Why two functions cannot be provided together. */
function clashOf(one: CustomFunction, other: CustomFunction): string | undefined {
  if (one.importedBy !== other.importedBy || one.interface !== other.interface) return undefined;
  if (one.version !== other.version) return undefined;
  if (one.importedBy === "core-module") {
    return one.name === other.name ? `${quoteText(one.name, SHOWN)} is there already` : undefined;
  }
  const name = customLabel(other);
  if (one.name.toLowerCase() === other.name.toLowerCase()) return `${name} is there already`;
  if (camelCase(one.name) === camelCase(other.name)) return `JavaScript cannot tell ${name} and ${one.name} apart`;
  return undefined;
}

/** What a value of a type can be compared with. */
function comparable(type: WitType): "numbers" | "texts" | undefined {
  switch (type.kind) {
    case "s8":
    case "u8":
    case "s16":
    case "u16":
    case "s32":
    case "u32":
    case "s64":
    case "u64":
    case "f32":
    case "f64":
      return "numbers";
    case "string":
    case "char":
    case "enum":
      return "texts";
    default:
      return undefined;
  }
}

/** A grant that nothing would compare with anything must not be taken for a yes. */
function grantProblems({ descriptor, wit, allows }: RegisteredFunction, granted: Grants["custom"]): readonly string[] {
  const { capability, checked } = descriptor;
  const grant = Object.hasOwn(granted, capability) ? granted[capability] : undefined;
  if (grant === undefined || grant.kind === "boolean") return [];
  const fn = customLabel(descriptor);
  if (checked === undefined) {
    return allows === undefined
      ? [`${fn} has no check that custom.${capability} could bound; grant it true or false`]
      : [];
  }
  const found = grant.kind === "numeric" ? "numbers" : "texts";
  const type = wit.parameters[checked.index]?.type;
  const wanted = type === undefined ? undefined : comparable(type);
  if (found === wanted) return [];
  return [`custom.${capability} bounds ${found}, and ${fn} compares it with ${checked.name}, one of ${String(wanted)}`];
}
