import { cutResource } from "../../text.ts";

/** What the record calls a path that a guest named from a descriptor. */
export function labelOf({ label }: { readonly label: string }, path: string): string {
  return cutResource(label.endsWith("/") ? label + path : `${label}/${path}`);
}
