/**
 * Near misses: where in a text a passage stands almost, and what differs. The work grows with the text alone:
 * one pass folds it, one compares it, and no regular expression here can backtrack.
 * @module
 */
import { firstOccurrence, occurrences } from "./match.ts";
import { decodeAs } from "./text.ts";

/** Where a passage stands almost. */
export interface Near {
  /** The first line, from 1. */
  readonly line: number;
  /** The lines, whole. */
  readonly lines: readonly string[];
  /** Where in the first line the likeness begins, roughly; of interest when that line is very long. */
  readonly column: number;
  /** The first line that differs: its index in `lines`, and its counterpart in the passage. */
  readonly difference?: { readonly index: number; readonly theirs: string };
  /** How much alike, 0 to 1. 1: the same but for `causes`. */
  readonly alike: number;
  /** What differs, when that is white space, letter case or look-alike characters alone. */
  readonly causes: readonly string[];
}

/** A text without what one easily gets wrong: case, white space, look-alikes. */
interface Folded {
  readonly text: string;
  /** Where in `text` each row begins: each line that is not blank, or a piece of a very long one. */
  readonly rows: readonly number[];
  /** The line each row belongs to, from 0. */
  readonly lineOf: readonly number[];
}

/** Folded characters of one row: a file of a single line is compared piece by piece. */
const ROW_CHARS = 400;
/** Rows of the passage that are compared; a longer passage is recognised by its beginning. */
const ROWS_COMPARED = 60;
/** Slots for counting groups of three characters: several times more than a passage has, so few share one. */
const SLOTS = 1 << 18;
/** The share of a passage that must be there for a place to be worth showing. */
const SHARE_MIN = 0.5;
/** Characters around a likeness in a very long line that are examined for what differs. */
const MARGIN_CHARS = 2_000;

/** Characters that are taken for each other, and their plain form; "" for invisible ones. */
const LOOK_ALIKES: ReadonlyMap<number, string> = new Map(
  ([
    ["'", "\u2018\u2019\u201a\u201b\u2032\u00b4\u02bc"],
    ['"', "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"],
    ["-", "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"],
    ["", "\u00ad\u200b\u200c\u200d\u2060\ufeff\u2028\u2029\u0085\u1680"],
  ] as const).flatMap(([plain, others]) => [...others].map((other) => [other.charCodeAt(0), plain] as const)),
);

/** The places where `passage` stands almost, best first, at most `count`. It stands nowhere exactly. */
export function nearMisses(text: string, passage: string, count = 2): Near[] {
  const whole = fold(text);
  const sought = fold(passage);
  if (sought.text === "") return [];
  const ranges: { start: number; end: number; alike: number }[] = [];
  for (const start of occurrences(whole.text, sought.text)) {
    ranges.push({ start, end: start + sought.text.length, alike: 1 });
    if (ranges.length === count) break;
  }
  if (ranges.length === 0) ranges.push(...alike(whole, sought, count));
  const lines = ranges.length === 0 ? undefined : new Lines(text);
  return ranges.map((range) => describe(range, whole, lines ?? new Lines(text), passage));
}

/** The lines of a text by number, without making strings of all of them. */
class Lines {
  readonly #text: string;
  readonly #starts: number[] = [0];

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#starts.push(at + 1);
  }

  /** Lines `from` to `to`, both included, counted from 0. */
  slice(from: number, to: number): string[] {
    const end = this.#starts[to + 1];
    return this.#text.slice(this.#starts[from], end === undefined ? undefined : end - 1).split("\n");
  }
}

function fold(text: string): Folded {
  const plain = text.normalize("NFKC").toLowerCase();
  const units = new Uint16Array(plain.length);
  const rows: number[] = [];
  const lineOf: number[] = [];
  let used = 0;
  let line = 0;
  let rowEnd = 0;
  for (let i = 0; i < plain.length; i++) {
    let code = plain.charCodeAt(i);
    if (code === 0x0a) {
      line++;
      rowEnd = used;
      continue;
    }
    if (code >= 0x80) code = foldedCode(code);
    if (code <= 0x20) continue;
    if (used === rowEnd) {
      rows.push(used);
      lineOf.push(line);
      rowEnd = used + ROW_CHARS;
    }
    units[used++] = code;
  }
  return { text: decodeAs(new Uint8Array(units.buffer, 0, used * 2), "utf-16le"), rows, lineOf };
}

/** The plain form of a character beyond ASCII; 0 for one that does not count. */
function foldedCode(code: number): number {
  const plain = LOOK_ALIKES.get(code);
  return plain === undefined ? code : plain === "" ? 0 : plain.charCodeAt(0);
}

/** What a person needs to know of the stretch `start` to `end` of the folded text. */
function describe(
  range: { start: number; end: number; alike: number },
  whole: Folded,
  lines: Lines,
  passage: string,
): Near {
  let row = rowAt(whole, range.start);
  const from = whole.lineOf[row] ?? 0;
  const found = lines.slice(from, whole.lineOf[rowAt(whole, range.end - 1)] ?? from);
  while (row > 0 && whole.lineOf[row - 1] === from) row--;
  const first = found[0] ?? "";
  const column = unfold(first, range.start - (whole.rows[row] ?? 0));
  const difference = firstDifference(found, passage.split("\n"));
  const near = { line: from + 1, lines: found, column, difference, alike: range.alike };
  if (range.alike < 1) return { ...near, causes: [] };
  const after = column + 2 * passage.length + MARGIN_CHARS;
  const examined = found.join("\n").slice(Math.max(0, column - MARGIN_CHARS), after);
  return { ...near, causes: causesOf(examined, passage) };
}

/** The row in which a place of the folded text lies: the last that begins at or before it. */
function rowAt(folded: Folded, place: number): number {
  let low = 0;
  let high = folded.rows.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((folded.rows[middle] ?? 0) <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Where in a line the character stands that has `skipped` others before it once the line is folded. */
function unfold(line: string, skipped: number): number {
  let left = skipped;
  for (let i = 0; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if (code <= 0x20 || code === 0xa0 || foldedCode(code) === 0) continue;
    if (left-- === 0) return i;
  }
  return 0;
}

/** The first line of the passage that is not like the one found in its place; blank ones in front aside. */
function firstDifference(found: readonly string[], passage: readonly string[]): Near["difference"] {
  const blank = passage.findIndex((line) => line.trim() !== "");
  const last = passage.length - 1;
  for (let i = blank; i <= last; i++) {
    const theirs = passage[i] ?? "";
    const ours = found[i - blank] ?? "";
    // The passage may begin and end inside a line; as it stands nowhere, one that is a single line differs.
    const from = i === 0 ? ours.length - theirs.length : 0;
    const isThere = last > 0 &&
      (i === last ? ours.startsWith(theirs) : ours.slice(Math.max(0, from)) === theirs);
    if (!isThere) return { index: i - blank, theirs };
  }
  return undefined;
}

/** The engines' own `includes` is not linear. */
function contains(text: string, passage: string): boolean {
  return passage === "" || firstOccurrence(text, passage) !== undefined;
}

type Change = (text: string) => string;

const eachLine = (change: Change): Change => (text) => text.split("\n").map(change).join("\n");
const indentOf = (line: string): string => line.slice(0, line.length - line.trimStart().length);
const unspaced: Change = (text) => text.replace(/\s/g, "");
const uncased: Change = (text) => text.toLowerCase();
const plainCharacters: Change = (text) =>
  text.normalize("NFKC").replace(/[\x80-\uffff]/g, (unit) => LOOK_ALIKES.get(unit.charCodeAt(0)) ?? unit);

/** Kinds of white space; the first of which that explains a difference is named. */
const SPACE_CAUSES: readonly (readonly [string, Change])[] = [
  ["white space at the ends of lines", eachLine((line) => line.trimEnd())],
  ["indentation", eachLine((line) => line.trimStart())],
  ["white space at both ends of lines", eachLine((line) => line.trim())],
  ["line ends before or after it", (text) => text.replace(/^\n+/, "").trimEnd()],
  ["blank lines", (text) => text.split("\n").filter((line) => line.trim() !== "").join("\n")],
  ["white space inside lines", eachLine((line) => indentOf(line) + unspaced(line))],
  ["white space inside and around lines", eachLine(unspaced)],
  ["where lines break", (text) => text.replace(/\s+/g, " ")],
];

/** Which differences must be overlooked for the passage to be found. */
function causesOf(found: string, passage: string): string[] {
  const without = (...changes: Change[]) => {
    const apply: Change = (text) => changes.reduce((changed, change) => change(changed), text);
    return contains(apply(found), apply(passage));
  };
  const causes: string[] = [];
  if (!without(plainCharacters, uncased)) causes.push(spaceCause(found, passage, without));
  if (!without(plainCharacters, unspaced)) causes.push("letter case");
  if (!without(uncased, unspaced)) {
    causes.push("characters that look alike (quotes, dashes, accents, invisible ones)");
  }
  return causes;
}

function spaceCause(found: string, passage: string, without: (...changes: Change[]) => boolean): string {
  const known = SPACE_CAUSES.find(([, change]) => without(plainCharacters, uncased, change));
  if (known?.[0] !== "indentation") return known?.[0] ?? "white space";
  const tabs = (text: string) => text.split("\n").some((line) => indentOf(line).includes("\t"));
  if (tabs(found) === tabs(passage)) return "indentation";
  return `indentation (${tabs(found) ? "tabs in the file, spaces" : "spaces in the file, tabs"} in oldText)`;
}

/**
 * The stretches of as many rows as the passage has that share most groups of three characters with it. A
 * window moves over the rows and counts: each group enters it once and leaves it once.
 */
function alike(
  whole: Folded,
  sought: Folded,
  count: number,
): { start: number; end: number; alike: number }[] {
  const size = Math.min(sought.rows.length, ROWS_COMPARED);
  const wanted = new Int32Array(SLOTS);
  const inside = new Int32Array(SLOTS);
  let wantedGroups = 0;
  for (let row = 0; row < size; row++) {
    wantedGroups += eachGroup(sought, row, (slot) => wanted[slot] = (wanted[slot] ?? 0) + 1);
  }
  if (wantedGroups === 0) return [];
  let shared = 0;
  let groups = 0;
  const enter = (slot: number) => {
    const before = inside[slot] ?? 0;
    inside[slot] = before + 1;
    if (before < (wanted[slot] ?? 0)) shared++;
  };
  const leave = (slot: number) => {
    const after = (inside[slot] ?? 0) - 1;
    inside[slot] = after;
    if (after < (wanted[slot] ?? 0)) shared--;
  };
  const scores = new Float64Array(whole.rows.length);
  for (let row = 0; row < whole.rows.length; row++) {
    if (row >= size) groups -= eachGroup(whole, row - size, leave);
    groups += eachGroup(whole, row, enter);
    // What the text lacks weighs most: a passage may well be a part of its line, or of its last lines.
    if (shared >= SHARE_MIN * wantedGroups) {
      scores[Math.max(0, row - size + 1)] = shared / (0.8 * wantedGroups + 0.2 * groups);
    }
  }
  return best(scores, size, count).map((row) => ({
    start: whole.rows[row] ?? 0,
    end: whole.rows[row + size] ?? whole.text.length,
    alike: Math.min(0.99, scores[row] ?? 0),
  }));
}

/** Visits the slot of every group of three characters in a row. @returns how many there are. */
function eachGroup(folded: Folded, row: number, visit: (slot: number) => void): number {
  const { text, rows } = folded;
  const first = (rows[row] ?? 0) + 2;
  const end = rows[row + 1] ?? text.length;
  for (let i = first; i < end; i++) {
    const [a, b, c] = [text.charCodeAt(i - 2), text.charCodeAt(i - 1), text.charCodeAt(i)];
    visit((a * 923_521 + b * 961 + c) & (SLOTS - 1));
  }
  return Math.max(0, end - first);
}

/** The rows with the highest scores, best first, no two closer than `size` rows. */
function best(scores: Float64Array, size: number, count: number): number[] {
  const chosen: number[] = [];
  while (chosen.length < count) {
    let top = -1;
    for (let row = 0; row < scores.length; row++) {
      const score = scores[row] ?? 0;
      if (score > 0 && score > (scores[top] ?? 0) && chosen.every((other) => Math.abs(other - row) >= size)) {
        top = row;
      }
    }
    if (top < 0) break;
    chosen.push(top);
  }
  return chosen;
}
