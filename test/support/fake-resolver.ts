/**
 * Loaded into each worker before it starts, by {@link ../support/workers-with.ts}: names below `.rebind.test` resolve to what
 * their first label says, dashes for dots and `_` for colons, one address a lookup, the last one ever after; or all at once with
 * `all` as second label. `2e00__1.127-0-0-1.rebind.test` is 2e00::1 first and 127.0.0.1 then.
 */
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";

const SUFFIX = ".rebind.test";
const asked = new Map<string, number>();

dns.promises.lookup = (async (name: string) => {
  if (!name.endsWith(SUFFIX)) throw Object.assign(new Error("there is no such name"), { code: "ENOTFOUND" });
  const labels = name.slice(0, -SUFFIX.length).split(".");
  const atOnce = labels.at(-1) === "all";
  const addresses = labels.filter((label) => label !== "all").map(addressOf);
  const turn = asked.get(name) ?? 0;
  asked.set(name, turn + 1);
  return atOnce ? addresses : [addresses[Math.min(turn, addresses.length - 1)]];
}) as typeof dns.promises.lookup;

dns.lookup = ((
  name: string,
  options: { readonly all?: boolean },
  callback: (error: Error | null, ...found: unknown[]) => void,
) => {
  void (dns.promises.lookup as (name: string) => Promise<{ address: string; family: number }[]>)(name).then(
    (all) => (options.all === true ? callback(null, all) : callback(null, all[0]?.address, all[0]?.family)),
    (error: Error) => callback(error),
  );
}) as typeof dns.lookup;

syncBuiltinESMExports();

function addressOf(label: string): { readonly address: string; readonly family: number } {
  return label.includes("_")
    ? { address: label.replaceAll("_", ":"), family: 6 }
    : { address: label.replaceAll("-", "."), family: 4 };
}
