/** A folder as `--dir` writes it, taken apart. */
export interface PreopenText {
  readonly host: string;
  readonly guest: string;
  readonly write: boolean;
}

/**
 * Takes `HOST[::GUEST][:ro|:rw]` apart. `:ro` is the default. GUEST begins after the last `::`; without one it is HOST as
 * written, so a host path with `::` in it needs its GUEST written too. A single colon, as after a Windows drive letter, is part
 * of the path; one that ends in `:ro` or `:rw` itself needs the access written after it.
 */
export function parsePreopenText(written: string): PreopenText {
  // Not `::ro`, which is a guest's name.
  const access = /(?<!:):(ro|rw)$|(?<=::):(ro|rw)$/u.exec(written);
  const paths = access === null ? written : written.slice(0, access.index);
  const separator = paths.lastIndexOf("::");
  const host = separator < 0 ? paths : paths.slice(0, separator);
  const guest = separator < 0 ? paths : paths.slice(separator + 2);
  return { host, guest, write: (access?.[1] ?? access?.[2]) === "rw" };
}
