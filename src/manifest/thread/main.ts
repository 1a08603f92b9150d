/** Entry of the thread that reads a manifest and checks values by its schemas: both are a stranger's, and are ended with the thread. */
import { parentPort } from "node:worker_threads";
import { messageOf } from "../../shared/errors.ts";
import { instanceProblem } from "../json-schema/check-instance.ts";
import { type ReadManifest, readManifest } from "../read-manifest.ts";
import type { ManifestAnswer, ManifestRequest } from "./messages.ts";

const port = parentPort;
if (port === null) throw new Error("this module runs in a worker thread");

let read: ReadManifest | undefined;

port.on("message", (request: ManifestRequest) => void answer(request).then((answered) => port.postMessage(answered)));

async function answer(request: ManifestRequest): Promise<ManifestAnswer> {
  try {
    if (request.type === "check") return check(request);
    const found = await readManifest(request.text, request.place);
    if ("faults" in found) return { type: "faults", faults: found.faults };
    read = found;
    return { type: "manifest", manifest: found.manifest };
  } catch (thrown) {
    return { type: "failed", message: messageOf(thrown) };
  }
}

function check({ export: index, side, json }: Extract<ManifestRequest, { readonly type: "check" }>): ManifestAnswer {
  const schema = read?.schemas[index]?.[side];
  if (schema === undefined) throw new Error("there is no such schema");
  return { type: "checked", problem: instanceProblem(json, schema, read?.patterns) };
}
