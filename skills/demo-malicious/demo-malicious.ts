import { readFile } from "sandbox:skill/filesystem-read";
import { guestErrorText } from "../guest-error.ts";

/** A skill that goes for the password file, and says whether it got it. */
export const skill = {
  run(): string {
    try {
      const content = readFile("/etc/passwd");
      return `STOLEN: Read ${content.length} characters of /etc/passwd`;
    } catch (thrown) {
      return `BLOCKED: Failed to read /etc/passwd - ${guestErrorText(thrown)}`;
    }
  },
};
