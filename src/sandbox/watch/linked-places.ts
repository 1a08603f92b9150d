import { lstatSync, readlinkSync } from "node:fs";
import { dirname, join, parse, sep } from "node:path";

/** The most links that a path leads over, as on Linux. */
const MOST_LINKS = 40;

/** A name in a folder. */
export interface Place {
  readonly folder: string;
  readonly name: string;
}

/**
 * Where a path may come to lead to something else: its file, and each symbolic link on the path and on those that links lead to. Ends
 * where there is nothing, which may come.
 *
 * @param path An absolute path.
 */
export function linkedPlaces(path: string): readonly Place[] {
  const places: Place[] = [];
  let folder = parse(path).root;
  let rest = segments(path);
  for (let links = 0; links <= MOST_LINKS && rest.length > 0;) {
    const [name = "", ...further] = rest;
    rest = further;
    if (name === "..") {
      folder = dirname(folder);
      continue;
    }
    const found = foundAt(join(folder, name));
    if (found.is !== "other" || rest.length === 0) places.push({ folder, name });
    if (found.is === "nothing") break;
    if (found.is === "other") {
      folder = join(folder, name);
      continue;
    }
    links += 1;
    const { root } = parse(found.target);
    if (root !== "") folder = root;
    rest = [...segments(found.target), ...rest];
  }
  return places;
}

function segments(path: string): string[] {
  return path
    .slice(parse(path).root.length)
    .split(sep)
    .filter((one) => one !== "" && one !== ".");
}

type Found = { readonly is: "link"; readonly target: string } | { readonly is: "nothing" } | { readonly is: "other" };

function foundAt(path: string): Found {
  try {
    return lstatSync(path).isSymbolicLink() ? { is: "link", target: readlinkSync(path) } : { is: "other" };
  } catch {
    return { is: "nothing" };
  }
}
