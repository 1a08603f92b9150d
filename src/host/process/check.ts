import { isAbsolute } from "node:path";
import type { Decision } from "../../policy/decision.ts";
import type { ProcessGrant } from "../../policy/grants.ts";
import type { Remedy } from "../../shared/text/remedy.ts";

const REMEDIES: readonly Remedy[] = [{ setting: "grants.process", value: "COMMAND" }];

/** Whether a program may be started, and as what. */
export type CommandDecision =
  | {
      readonly allowed: true;
      /** Absolute. For a granted command it is its real path, which must still be one when it is started. */
      readonly path: string;
      /** Whether `path` may not lead anywhere else than to itself. */
      readonly pinned: boolean;
      /** The name that the program is started with, its first argument. A program that serves many names must not be made to serve another. */
      readonly name: string;
    }
  | Extract<Decision, { allowed: false }>;

/**
 * Whether a guest may start a command: one that was granted, by the name it was granted under or by its real path, or with the
 * grant `full` any absolute path. Nothing is looked up, and texts are compared as they are.
 */
export function checkCommand(grant: ProcessGrant, command: string): CommandDecision {
  switch (grant.kind) {
    case "none":
      return { allowed: false, reason: "process is not granted", remedies: REMEDIES };
    case "full":
      if (!isAbsolute(command)) return { allowed: false, reason: "the command is no absolute path" };
      return { allowed: true, path: command, pinned: false, name: command };
    case "commands": {
      const granted =
        grant.commands.find(({ name }) => name === command) ?? grant.commands.find(({ path }) => path === command);
      if (granted === undefined) {
        return { allowed: false, reason: "the command is not among those granted", remedies: REMEDIES };
      }
      return { allowed: true, path: granted.path, pinned: true, name: granted.name };
    }
  }
}
