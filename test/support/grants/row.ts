import type { GrantsInput, HostFunctionInput } from "../../../src/sandbox/index.ts";
import type { GrantGuests } from "./guests.ts";

/** What a row finds: a project into which Cordon is installed, in whose folder the embedding process runs. */
export interface Surroundings {
  /** The project's folder. */
  readonly project: string;
  /** The row's own folder within it, from the project's on. See {@link FILES} for what is in it. */
  readonly own: string;
  /** The port of an HTTP server on the loopback address. */
  readonly port: number;
}

/** What is in a row's own folder. Names that end in a slash are folders, `from -> to` is a link. */
export const FILES: readonly string[] = [
  "demo.txt",
  "data/in.txt",
  "data/deep/in.txt",
  "data-more/in.txt",
  "data.txt",
  "odd, =[name]?/in file.txt",
  "-dash/in.txt",
  "out/kept.txt",
  "link.txt -> data/in.txt",
  "linked -> data",
  "data/within -> deep/in.txt",
  "data/across -> ../data-more/in.txt",
  "data/outside -> ../demo.txt",
];

/** One call by the guest. */
export interface GrantCall {
  readonly function: string;
  readonly parameters: readonly unknown[];
  /** Steps of another program before this call: a file that an editor replaces, a folder that is moved. */
  readonly before?: readonly ("replace" | "remove" | "restore")[];
  readonly stdin?: string;
}

/** One form of grant: what is granted, and what a guest does with it. */
export interface GrantRow {
  readonly name: string;
  readonly guest: keyof GrantGuests;
  readonly grants: (around: Surroundings) => GrantsInput;
  readonly calls: (around: Surroundings) => readonly GrantCall[];
  /** The file or folder that the steps before calls are about, from the row's own folder on. */
  readonly changed?: string;
  readonly hostFunctions?: readonly HostFunctionInput[];
  readonly deterministic?: { readonly seed: bigint };
}

/** The path of a file in the row's own folder, from the project's on. */
export type At = (name: string) => string;
