import type { DescriptorType } from "../filesystem/metadata/metadata.ts";

/** `filetype`. */
export const FILE_TYPE: Readonly<Record<DescriptorType, number>> = {
  unknown: 0,
  "block-device": 1,
  "character-device": 2,
  directory: 3,
  "regular-file": 4,
  socket: 6,
  "symbolic-link": 7,
  // Preview 1 has no word for it.
  fifo: 0,
};
