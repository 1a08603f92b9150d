import type { CoreModuleForm, CoreModuleShape } from "../../shared/plan/core-module.ts";
import type { Artifact } from "../artifact.ts";
import { sniff } from "../binary/sniff.ts";
import { coreArtifact } from "../core/core-artifact.ts";
import { coreForm } from "../core/core-form.ts";
import { coreInterface } from "../core/core-interface.ts";
import { type CoreOutline, outlineOf } from "../core/outline.ts";
import { type DecodedComponent, decodeComponent } from "../decode-component.ts";
import type { Description, ModuleForm } from "../description.ts";
import { type ArtifactRequest, componentArtifact } from "./build-artifact.ts";
import type { AdmitTypes } from "./harden-core.ts";

/** What bytes are that can be run: a component, or a core module that is run as it is. */
export type Recognized =
  | { readonly kind: "component"; readonly decoded: DecodedComponent }
  | { readonly kind: "core"; readonly outline: CoreOutline; readonly shape: CoreModuleShape };

const FORMS: Readonly<Record<CoreModuleForm, ModuleForm>> = {
  command: "preview1-command",
  reactor: "preview1-reactor",
  json: "json-module",
};

/**
 * Reads and validates the bytes of a component or core module. Belongs into a thread of its own, since they are hostile.
 *
 * @throws CordonError `invalid-component`, `unsupported` or `limit`.
 */
export function recognize(bytes: Uint8Array): Recognized {
  if (sniff(bytes) !== "core-module") return { kind: "component", decoded: decodeComponent(bytes) };
  const outline = outlineOf(bytes);
  return { kind: "core", outline, shape: coreForm(outline) };
}

/** What can be said of it without running it. */
export function describe(recognized: Recognized): Description {
  if (recognized.kind === "component") {
    const { interface: described, producers, coreModules } = recognized.decoded;
    return { form: "component", interface: described, producers, coreModules: coreModules.length };
  }
  const { outline, shape } = recognized;
  return {
    form: FORMS[shape.form],
    interface: coreInterface(shape),
    core: shape,
    producers: outline.producers,
    coreModules: 1,
  };
}

/**
 * Its artifact.
 *
 * @param admitTypes Called with the types of a module that the engine is to validate.
 * @throws CordonError `invalid-component`, `unsupported` or `limit`.
 */
export function makeArtifact(request: ArtifactRequest, recognized: Recognized, admitTypes: AdmitTypes): Artifact {
  return recognized.kind === "component"
    ? componentArtifact(request, recognized.decoded, admitTypes)
    : coreArtifact(request, recognized.shape, admitTypes);
}
