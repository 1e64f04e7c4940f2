/**
 * The nearest names to a wrong one, so that an error can propose them.
 * @module
 */

/**
 * Edit distance between two strings, counting a swap of neighbours as one (optimal string alignment).
 * Work is `a.length * b.length`; callers pass names, not texts.
 */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(previous, j) + 1, at(current, j - 1) + 1, at(previous, j - 1) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, at(before, j - 2) + 1);
      }
      current.push(best);
    }
    before = previous;
    previous = current;
  }
  return at(previous, b.length);
}

/**
 * The candidates nearest to `name`, best first: close in spelling, equal but for case, or one containing
 * the other. At most `count`; none when nothing is near.
 */
export function nearest(name: string, candidates: Iterable<string>, count = 3): string[] {
  const wanted = name.toLowerCase();
  const scored: { candidate: string; score: number }[] = [];
  for (const candidate of candidates) {
    const other = candidate.toLowerCase();
    const contains = other.length > 2 && wanted.length > 2 &&
      (other.includes(wanted) || wanted.includes(other));
    const score = Math.min(distance(wanted.slice(0, 100), other.slice(0, 100)), contains ? 2 : Infinity);
    if (score <= Math.max(2, Math.floor(wanted.length / 3))) scored.push({ candidate, score });
  }
  scored.sort((x, y) => x.score - y.score || (x.candidate < y.candidate ? -1 : 1));
  return scored.slice(0, count).map((entry) => entry.candidate);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
