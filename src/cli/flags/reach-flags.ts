import type { Reach, ReachGrant } from "../../sandbox/loading/reach.ts";

/** The flag for each grant that a component can be told to need. */
const FLAGS: Readonly<Record<ReachGrant, string>> = {
  "filesystem.read": "--allow-fs-read[=PATH]",
  "filesystem.write": "--allow-fs-write[=PATH]",
  "filesystem.preopens": "--dir HOST[::GUEST][:ro|:rw]",
  "network.hosts": "--allow-network[=HOST[:PORT]]",
  "network.allow": "--allow-net RULE",
  listen: "--allow-listen ADDR:PORT",
  lookup: "--allow-dns[=NAME]",
  environment: "--env NAME=VALUE",
  stdin: "--stdin",
  process: "--allow-process=COMMAND",
  clocks: "--clock",
  random: "--random full",
};

/** What an import gives access to, as the command line tells it. */
export interface ReachWithFlags extends Omit<Reach, "grants"> {
  /** The flags that allow it, all of them or some; empty when it needs none. */
  readonly flags: readonly string[];
}

/** The same with flags in the place of the library's grants. */
export function withFlags({ grants, ...rest }: Reach): ReachWithFlags {
  return { ...rest, flags: grants.map((grant) => FLAGS[grant]) };
}
