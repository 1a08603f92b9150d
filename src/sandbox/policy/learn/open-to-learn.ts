import { permissionsAsGrants } from "../../../policy/documents/translate.ts";
import { parseGrants } from "../../../policy/parsing/parse-grants.ts";
import type { ComponentSource } from "../../loading/source.ts";
import { grantsBase, type SandboxOptions } from "../../options/sandbox-options.ts";
import { Sandbox } from "../../sandbox.ts";
import { type LearnedDocument, learnedDocument } from "./learned-document.ts";
import { Learner } from "./learner.ts";

/** A component that is learned from: what it uses while the sandbox is open. */
export interface OpenToLearn {
  readonly sandbox: Sandbox;
  /** The document that covers what was used until now. */
  readonly document: () => LearnedDocument;
}

/**
 * Opens a component to learn what it uses: it is allowed what the fence allows, and nothing outside. Documents of the folders deny it what
 * they deny, and their fences hold.
 *
 * @param fence The document that bounds what is allowed; without one, nothing is.
 * @throws CordonError as `Sandbox.open`.
 */
export async function openToLearn(
  source: ComponentSource,
  fence: string | undefined,
  options: Omit<SandboxOptions, "policy">,
): Promise<OpenToLearn> {
  const learner = new Learner(fence);
  const sandbox = await Sandbox.open(source, { ...options, policy: { folders: true, learn: learner } });
  const document = (): LearnedDocument => {
    const { learned } = learner;
    if (learned === undefined) throw new Error("what is open has begun to be learned from");
    return learnedDocument(learned, (permissions) =>
      parseGrants(permissionsAsGrants(permissions, "/"), grantsBase({})),
    );
  };
  return { sandbox, document };
}
