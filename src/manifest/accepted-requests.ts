import { createHash } from "node:crypto";
import { join } from "node:path";
import { LIMIT_BOUNDS } from "../shared/limits/limit-bounds.ts";
import type { Limits } from "../shared/limits/limits.ts";
import { CordonError, messageOf } from "../shared/errors.ts";
import { privateDirectory } from "../shared/machine/private-directory.ts";
import { readPrivateFile, writePrivateFile } from "../shared/machine/private-file.ts";
import { stateDirectory } from "../shared/machine/xdg.ts";
import { quoteText } from "../shared/text/quote-text.ts";
import type { RequestTexts } from "./request-texts.ts";

/** The form of a kept file. */
const FORMAT = 1;
const MAX_FILE_BYTES = 1024 * 1024;

/** Whose requests they are: a component by its name, as policies know it, under a manifest by the name that it has itself. */
export interface RequestSubject {
  readonly component: string;
  readonly manifest: string;
}

/** What an operator has accepted that a component asks for. */
export interface AcceptedRequests extends RequestTexts {
  /** The version that it was accepted of. */
  readonly version: string;
}

/**
 * Where accepted requests are kept: one file for each component, in a folder that nobody else can write to and no guest is granted.
 * Whatever is wrong with it is an error, so that nothing passes for accepted on its word.
 */
export class AcceptedStore {
  readonly #asked: string | undefined;

  /** @param directory Default `$XDG_STATE_HOME/cordon/accepted`. */
  constructor(directory?: string) {
    const state = stateDirectory();
    this.#asked = directory ?? (state === undefined ? undefined : join(state, "accepted"));
  }

  /**
   * What was accepted; `undefined` where nothing was.
   *
   * @throws CordonError `policy` when the folder, or the file in it, is none to rely on.
   */
  read(subject: RequestSubject): AcceptedRequests | undefined {
    const path = this.#pathOf(subject);
    try {
      const bytes = readPrivateFile(path, { maxBytes: MAX_FILE_BYTES, othersMay: "nothing", mayBeLink: false });
      return bytes === undefined ? undefined : decoded(bytes, subject);
    } catch (thrown) {
      const message = `Cannot rely on the accepted requests in ${quoteText(path)}: ${messageOf(thrown)}; remove the file and accept them anew`;
      throw new CordonError("policy", message, { cause: thrown });
    }
  }

  /**
   * Keeps what was accepted, in the place of what was before.
   *
   * @throws CordonError `policy` when there is no folder to rely on, `usage` when it cannot be written.
   */
  write(subject: RequestSubject, { version, asks, renounces, limits }: AcceptedRequests): void {
    const document = { format: FORMAT, ...subject, version, asks, renounces, limits };
    const bytes = Buffer.from(`${JSON.stringify(document, undefined, 2)}\n`);
    writePrivateFile(this.#pathOf(subject), bytes, { existing: "replace" });
  }

  /** Names are a stranger's, so files have none of them. */
  #pathOf({ component, manifest }: RequestSubject): string {
    const name = createHash("sha256")
      .update(JSON.stringify([component, manifest]))
      .digest("hex");
    return join(this.#directory(), `${name}.json`);
  }

  #directory(): string {
    if (this.#asked === undefined) {
      throw new CordonError(
        "policy",
        "Cannot find the accepted requests: this user has no home folder; set XDG_STATE_HOME",
      );
    }
    const found = privateDirectory(this.#asked);
    if ("path" in found) return found.path;
    throw new CordonError("policy", `Cannot rely on the accepted requests: ${found.problem}`);
  }
}

function decoded(bytes: Uint8Array, subject: RequestSubject): AcceptedRequests {
  const found: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
  if (!isMap(found) || found["format"] !== FORMAT) throw new SyntaxError("it is of another form");
  if (found["component"] !== subject.component || found["manifest"] !== subject.manifest) {
    throw new SyntaxError("it is of another component");
  }
  const { version, asks, renounces, limits } = found;
  if (typeof version !== "string" || !isTexts(asks) || !isTexts(renounces) || !isLimits(limits)) {
    throw new SyntaxError("it is damaged");
  }
  return { version, asks, renounces, limits };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function isLimits(value: unknown): value is Partial<Limits> {
  return (
    isMap(value) &&
    Object.entries(value).every(([name, one]) => Object.hasOwn(LIMIT_BOUNDS, name) && typeof one === "number")
  );
}
