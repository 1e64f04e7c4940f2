/**
 * Tables of TOML that stand in one value, `{ a = 1, b = { c = 2 } }`: changed in place, like everything else.
 * @module
 */

/** What reads and writes the pieces; see `toml.ts`. */
export interface Pieces {
  /** A dotted key; `end` is behind the white space that follows it. */
  readKeys(text: string, from: number): { readonly path: readonly string[]; readonly end: number };
  /** Where the value ends that begins here, before a comma or a bracket. */
  endOfItem(text: string, from: number): number;
}

/** A key and its value inside of the braces. */
interface Item {
  readonly path: readonly string[];
  readonly start: number;
  readonly value: number;
  /** Behind the last character of the value. */
  readonly end: number;
}

/** Where a key stands, and the braces around it. */
interface Place {
  readonly items: readonly Item[];
  readonly open: number;
  readonly close: number;
  readonly rest: readonly string[];
}

/** Puts a pair into the table that opens at an offset. @param written The value, as TOML. */
export function putInline(
  text: string,
  open: number,
  path: readonly string[],
  { key, written }: { readonly key: (name: string) => string; readonly written: string },
  pieces: Pieces,
): string {
  const { items, rest, open: inner } = placeOf(text, open, path, pieces);
  const exact = items.find((item) => isSame(item.path, rest));
  if (exact !== undefined) return text.slice(0, exact.value) + written + text.slice(exact.end);
  const pair = `${rest.map(key).join(".")} = ${written}`;
  const last = items.at(-1);
  if (last !== undefined) return `${text.slice(0, last.end)}, ${pair}${text.slice(last.end)}`;
  return `${text.slice(0, inner + 1)} ${pair} ${text.slice(inner + 1).replace(/^[ \t]+/, "")}`;
}

/** Takes away what stands at a path in the table that opens at an offset. */
export function removeInline(text: string, open: number, path: readonly string[], pieces: Pieces): string {
  const { items, rest, open: inner, close } = placeOf(text, open, path, pieces);
  const kept = items.filter((item) => !isWithin(item.path, rest));
  if (kept.length === items.length) return text;
  if (kept.length === 0) return `${text.slice(0, inner + 1)}${text.slice(close)}`;
  let result = text;
  for (const [index, item] of [...items.entries()].toReversed()) {
    if (!isWithin(item.path, rest)) continue;
    const [before, after] = [items[index - 1], items[index + 1]];
    const [from, to] = before === undefined ? [item.start, after?.start ?? item.end] : [before.end, item.end];
    result = result.slice(0, from) + result.slice(to);
  }
  return result;
}

/** Where the value at a path begins; undefined when it is not there. */
export function findInline(
  text: string,
  open: number,
  path: readonly string[],
  pieces: Pieces,
): number | undefined {
  const { items, rest } = placeOf(text, open, path, pieces);
  return items.find((item) => isWithin(item.path, rest))?.start;
}

/** The innermost table on a path that is there. */
function placeOf(text: string, open: number, path: readonly string[], pieces: Pieces): Place {
  const { items, close } = itemsOf(text, open, pieces);
  const around = items.find((item) =>
    item.path.length < path.length && isWithin(path, item.path) && text.charAt(item.value) === "{"
  );
  if (around === undefined) return { items, open, close, rest: path };
  return placeOf(text, around.value, path.slice(around.path.length), pieces);
}

function itemsOf(text: string, open: number, pieces: Pieces): { items: Item[]; close: number } {
  const items: Item[] = [];
  let at = open + 1;
  while (at < text.length) {
    const gap = /^(?:[ \t\r\n,]+|#[^\r\n]*)/.exec(text.slice(at))?.[0].length ?? 0;
    at += gap;
    if (gap > 0) continue;
    if (text.charAt(at) === "}") break;
    const start = at;
    const { path, end } = pieces.readKeys(text, at);
    const value = end + 1 + (/^[ \t]*/.exec(text.slice(end + 1))?.[0].length ?? 0);
    at = pieces.endOfItem(text, value);
    items.push({ path, start, value, end: value + text.slice(value, at).trimEnd().length });
  }
  return { items, close: at };
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && isWithin(a, b);
}

function isWithin(path: readonly string[], above: readonly string[]): boolean {
  return above.every((part, i) => path[i] === part);
}
