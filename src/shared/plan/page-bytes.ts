/** Bytes of a page of linear memory. */
export const PAGE_BYTES = 65_536;
