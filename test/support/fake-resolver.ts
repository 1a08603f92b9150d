/**
 * Loaded into a worker before anything else, this answers what it asks of the system's resolver. Names below `.rebind.test`
 * resolve to what their other labels say, with dashes for dots and `_` for colons: one address a lookup, the last one ever after;
 * or all at once when the last of these labels is `all`. So `2e00__1.127-0-0-1.rebind.test` is 2e00::1 first and 127.0.0.1 then.
 * No other name exists.
 */
import dns, { type LookupAddress } from "node:dns";
import { syncBuiltinESMExports } from "node:module";

const SUFFIX = ".rebind.test";

/** How often each name was looked up. */
const asked = new Map<string, number>();

async function lookUp(name: string): Promise<LookupAddress[]> {
  if (!name.endsWith(SUFFIX)) throw Object.assign(new Error("there is no such name"), { code: "ENOTFOUND" });
  const labels = name.slice(0, -SUFFIX.length).split(".");
  if (labels.at(-1) === "all") return labels.slice(0, -1).map(addressOf);
  const turn = asked.get(name) ?? 0;
  asked.set(name, turn + 1);
  return labels.slice(turn).concat(labels.slice(-1)).slice(0, 1).map(addressOf);
}

function addressOf(label: string): LookupAddress {
  return label.includes("_")
    ? { address: label.replaceAll("_", ":"), family: 6 }
    : { address: label.replaceAll("-", "."), family: 4 };
}

type Callback = (error: Error | null, found?: string | LookupAddress[], family?: number) => void;

async function callBack(name: string, { all = false }: { readonly all?: boolean }, callback: Callback): Promise<void> {
  const found = await lookUp(name).catch((error: Error) => error);
  if (found instanceof Error) callback(found);
  else if (all) callback(null, found);
  else callback(null, found[0]?.address, found[0]?.family);
}

Object.assign(dns.promises, { lookup: lookUp });
Object.assign(dns, {
  lookup: (name: string, options: { readonly all?: boolean }, callback: Callback) =>
    void callBack(name, options, callback),
});
syncBuiltinESMExports();
