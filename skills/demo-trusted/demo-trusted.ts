import { readFile } from "sandbox:skill/filesystem-read";
import { guestErrorText } from "../guest-error.ts";

/** A skill that reads one file of the folder it was granted. */
export const skill = {
  run(): string {
    try {
      return `SUCCESS: Read demo.txt content:\n${readFile("./demo.txt")}`;
    } catch (thrown) {
      return `FAILED: Could not read ./demo.txt - ${guestErrorText(thrown)}`;
    }
  },
};
