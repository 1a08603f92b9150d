import type {
  ComponentInstanceIndex,
  CoreExport,
  FunctionTypeIndex,
  Plan,
  PlanCoreFunction,
  PlanExport,
  PlanFunction,
  PlanImport,
  PlanResource,
  PlanStep,
  ResourceIndex,
} from "../../shared/plan/plan.ts";
import type { Decoding } from "../binary/decoding.ts";
import type { ValidComponent } from "../validate/validate-component.ts";
import type { FunctionType, ResourceType } from "./entities.ts";
import { PlanTypes } from "./plan-types.ts";

/** A plan while it is being made. */
export class PlanBuilder {
  readonly decoding: Decoding;
  readonly valid: ValidComponent;
  readonly types: PlanTypes;
  readonly imports: PlanImport[] = [];
  /** The first thing for which the component cannot be run, if there is one. */
  unsupported: string | undefined;
  readonly #resources: PlanResource[] = [];
  readonly #componentInstances: { readonly parent?: ComponentInstanceIndex }[] = [];
  readonly #functions: PlanFunction[] = [];
  readonly #coreFunctions: PlanCoreFunction[] = [];
  readonly #steps: PlanStep[] = [];
  #coreInstances = 0;

  constructor(decoding: Decoding, valid: ValidComponent) {
    this.decoding = decoding;
    this.valid = valid;
    this.types = new PlanTypes((steps) => decoding.charge(steps));
  }

  /** How much there is in the plan. What leaves it as it is, can be done again without a difference. */
  get extent(): number {
    return (
      this.#resources.length +
      this.#componentInstances.length +
      this.#functions.length +
      this.#coreFunctions.length +
      this.#steps.length
    );
  }

  /** Notes why the component cannot be run. The first reason counts. */
  refuse(what: string): void {
    this.unsupported ??= what;
  }

  addComponentInstance(parent: ComponentInstanceIndex | undefined): ComponentInstanceIndex {
    this.decoding.count("plannedInstances");
    return this.#componentInstances.push(parent === undefined ? {} : { parent }) - 1;
  }

  addResource(resource: PlanResource): ResourceType {
    this.decoding.charge(1);
    this.#weigh(resource);
    const index = this.#resources.push(resource) - 1;
    return { sort: "resource", resource: { index, name: undefined }, name: undefined };
  }

  /** Whether the resource is imported under that path, and not another. */
  isImportedAt(index: ResourceIndex, path: readonly string[]): boolean {
    const resource = this.#resources[index];
    return resource?.from === "import" && resource.path.join("\0") === path.join("\0");
  }

  addFunction(fn: PlanFunction): number {
    this.decoding.charge(1);
    this.#weigh(fn);
    return this.#functions.push(fn) - 1;
  }

  addCoreFunction(fn: PlanCoreFunction): number {
    this.decoding.charge(1);
    this.#weigh(fn);
    return this.#coreFunctions.push(fn) - 1;
  }

  /** Returns how exports of the new core instance are named. */
  addInstantiation(step: Extract<PlanStep, { readonly step: "instantiate" }>): (name: string) => CoreExport {
    this.decoding.count("plannedCoreInstances");
    for (const argument of step.arguments) this.#weigh(argument);
    this.#steps.push(step);
    const instance = this.#coreInstances;
    this.#coreInstances += 1;
    return (name) => ({ from: "export", instance, name });
  }

  addStart(fn: number): void {
    this.decoding.charge(1);
    this.#steps.push({ step: "start", function: fn });
  }

  /** Charges a part of the plan, in about the bytes that it is stored in. A name is written out wherever it is used. */
  #weigh(part: object): void {
    let bytes = 0;
    for (const [key, value] of Object.entries(part) as [string, unknown][]) {
      bytes += key.length + 4;
      if (typeof value === "string") bytes += value.length;
      else if (typeof value === "object" && value !== null) this.#weigh(value);
      else bytes += 6;
    }
    this.decoding.chargePlan(bytes);
  }

  functionType(type: FunctionType): FunctionTypeIndex {
    return this.types.functionType(type);
  }

  finish(exports: readonly PlanExport[]): Plan {
    return {
      types: this.types.types,
      functionTypes: this.types.functionTypes,
      resources: this.#resources,
      componentInstances: this.#componentInstances,
      functions: this.#functions,
      coreFunctions: this.#coreFunctions,
      steps: this.#steps,
      imports: this.imports,
      exports,
    };
  }
}
