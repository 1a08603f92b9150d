/** Words longer than this get no suggestion, and so many candidates are compared, which bounds the work on hostile input. */
const [MAX_LENGTH, MAX_COMPARED] = [64, 500];

/**
 * The candidate that `word` is most likely a misspelling of, or `undefined` when none is near. Letter case is ignored. Near
 * means at most two edits (one for words of up to three letters), an edit being a letter inserted, removed, replaced or
 * swapped with its neighbour (optimal string alignment distance). Of equally near candidates the first wins.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  let limit = word.length <= 3 ? 1 : 2;
  let best: string | undefined;
  let compared = 0;
  for (const candidate of candidates) {
    // Each letter more or less is an edit.
    if (candidate.length > MAX_LENGTH || Math.abs(candidate.length - word.length) > limit) continue;
    compared += 1;
    if (compared > MAX_COMPARED) break;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance > limit) continue;
    best = candidate;
    // Only a strictly nearer candidate may replace this one.
    limit = distance - 1;
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replace = at(previous, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(replace, at(previous, column) + 1, at(current, column - 1) + 1);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, at(beforePrevious, column - 2) + 1);
      }
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
