/** A worker thread in which hostile code runs, with all that Node has there. */
import { workerData } from "node:worker_threads";
import { attack, type Given, tell } from "./attack.ts";

tell(await attack((workerData as { readonly given: Given }).given));
