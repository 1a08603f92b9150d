import { FOLDER_ROWS } from "./folder-rows.ts";
import { OTHER_ROWS } from "./other-rows.ts";
import { PATH_ROWS } from "./path-rows.ts";
import type { GrantRow } from "./row.ts";

/** Every form of grant. */
export const GRANT_ROWS: readonly GrantRow[] = [...PATH_ROWS, ...FOLDER_ROWS, ...OTHER_ROWS];
