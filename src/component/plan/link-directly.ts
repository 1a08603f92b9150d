import type { CoreItem, Plan, PlanCoreFunction, PlanStep } from "../../shared/plan/plan.ts";
import { mapCoreItems } from "./map-core-items.ts";
import { fillingModule, type TrampolineModule, trampolineModule } from "./trampolines.ts";

type Instantiation = Extract<PlanStep, { readonly step: "instantiate" }>;

/** A core instance, by its step. */
interface Placed {
  readonly step: Instantiation;
  /** The place of its step in the plan, and the instance's index. */
  readonly at: number;
  readonly instance: number;
}

/** An instance of trampolines, the one that fills its table, and what each exported function leads to. */
interface Pair {
  readonly trampolines: Placed;
  readonly filling: Placed;
  readonly targets: ReadonlyMap<string, CoreItem>;
}

/** How many instances of trampolines are looked for: a component has one for each that tools made it of. */
const MOST = 32;

/**
 * A component needs the memory of a core module for the functions that it gives that module as imports. Tools solve that with two modules
 * more: the imports are functions that do nothing but call what is in a table, and when all is there that table is filled. An engine that
 * knows the plan needs neither: what `canon` makes looks up its memory when it is called. So the two are left out, and in the place of
 * the second is a `link` step: until then a call traps, as one of a place of the table did that was empty.
 *
 * Modules are known by what they consist of; where anything could tell the difference, they stay.
 *
 * @param modules The core modules by their index.
 * @throws CordonError `invalid-component` when one is malformed.
 */
export function linkDirectly(plan: Plan, modules: readonly Uint8Array[]): Plan {
  const known = new Map<number, TrampolineModule | undefined>();
  const trampolinesOf = ({ step: { module, arguments: given } }: Placed): TrampolineModule | undefined => {
    if (module.from !== "bytes" || given.length > 0) return undefined;
    if (!known.has(module.index)) known.set(module.index, trampolineModule(bytesOf(modules, module.index)));
    return known.get(module.index);
  };
  let linked = plan;
  let links = 0;
  let after = -1;
  for (let left = MOST; left > 0; left -= 1) {
    const placed = placedOf(linked);
    const next = placed.find((one) => one.at > after && trampolinesOf(one) !== undefined);
    const trampolines = next === undefined ? undefined : trampolinesOf(next);
    if (next === undefined || trampolines === undefined) break;
    const pair = pairOf(linked, modules, { placed, trampolines: next }, trampolines);
    after = pair === undefined ? next.at : next.at - 1;
    if (pair === undefined) continue;
    linked = withoutPair(linked, pair, links);
    links += 1;
  }
  return linked;
}

function bytesOf(modules: readonly Uint8Array[], index: number): Uint8Array {
  const bytes = modules[index];
  if (bytes === undefined) throw new Error(`the plan names a core module that is not there: ${index}`);
  return bytes;
}

function placedOf({ steps }: Plan): readonly Placed[] {
  const placed: Placed[] = [];
  for (const [at, step] of steps.entries()) {
    if (step.step === "instantiate") placed.push({ step, at, instance: placed.length });
  }
  return placed;
}

function pairOf(
  plan: Plan,
  modules: readonly Uint8Array[],
  { placed, trampolines }: { readonly placed: readonly Placed[]; readonly trampolines: Placed },
  { tables, size, functions }: TrampolineModule,
): Pair | undefined {
  const isOf = (item: CoreItem): boolean => item.from === "export" && item.instance === trampolines.instance;
  const isTable = (item: CoreItem): boolean => isOf(item) && item.from === "export" && tables.has(item.name);
  const [filling, ...others] = placed.filter(({ step }) => step.arguments.some(({ item }) => isTable(item)));
  if (filling === undefined || others.length > 0 || filling.step.module.from !== "bytes") return undefined;
  const given = filling.step.arguments.map(({ item }) => item);
  const filled = fillingModule(bytesOf(modules, filling.step.module.index));
  if (filled === undefined) return undefined;
  if (given.some((item, position) => isOf(item) !== (position === filled.table))) return undefined;
  const places = new Map<number, { readonly item: CoreItem; readonly type: string }>();
  for (const { place, position, type } of filled.places) {
    const item = given[position];
    if (item === undefined || place >= size) return undefined;
    places.set(place, { item, type });
  }
  const targets = new Map<string, CoreItem>();
  for (const [name, { place, type }] of functions) {
    const found = places.get(place);
    if (found?.type === type) targets.set(name, found.item);
  }
  const pair = { trampolines, filling, targets };
  return isReplaceable(plan, pair) ? pair : undefined;
}

/** Whether every use of the trampolines can be one of what they lead to, with nothing that tells the difference. */
function isReplaceable(plan: Plan, { trampolines, filling, targets }: Pair): boolean {
  let can = true;
  mapCoreItems(plan, (item, use, at) => {
    if (item.from !== "export" || item.instance !== trampolines.instance || at === filling.at) return item;
    const target = targets.get(item.name);
    const isCanon = target?.from === "canon";
    // Before the table is filled there is no export that could be given, and one that is called has to be code.
    if (target === undefined || use === "option") can = false;
    else if (use === "callee" ? isCanon : !isCanon && at < filling.at) can = false;
    if (isCanon && plan.coreFunctions[target.index]?.linkedBy !== undefined) can = false;
    return item;
  });
  return can;
}

function withoutPair(plan: Plan, { trampolines, filling, targets }: Pair, link: number): Plan {
  const renumbered = <T extends CoreItem>(item: T): T => {
    if (item.from === "canon") return item;
    const gone = [trampolines, filling].filter(({ instance }) => instance < item.instance).length;
    return { ...item, instance: item.instance - gone };
  };
  const copies = new Map<number, number>();
  const copyOf = (index: number): number => {
    const copy = copies.get(index) ?? plan.coreFunctions.length + copies.size;
    copies.set(index, copy);
    return copy;
  };
  const mapped = mapCoreItems(plan, (item, use, at) => {
    if (at === filling.at) return item;
    const target = item.from === "export" && item.instance === trampolines.instance && targets.get(item.name);
    if (target === false || target === undefined) return renumbered(item);
    if (target.from === "canon") return { ...target, index: copyOf(target.index) };
    return use === "callee" ? { ...renumbered(target), linkedBy: link } : renumbered(target);
  });
  const made = [...copies.keys()].flatMap((index): PlanCoreFunction[] => {
    const core = mapped.coreFunctions[index];
    return core === undefined ? [] : [{ ...core, linkedBy: link }];
  });
  const steps = mapped.steps.flatMap((step, at): PlanStep[] => {
    if (at === trampolines.at) return [];
    return at === filling.at ? [{ step: "link", link }] : [step];
  });
  return { ...mapped, steps, coreFunctions: [...mapped.coreFunctions, ...made] };
}
