/**
 * The order in which the pieces of a page are read: columns one after the other, lines from the top, and
 * what stands in rows and columns as a table. A PDF says none of that; all of it is inferred from places.
 * @module
 */
import { heading, writeTable } from "../markdown.ts";
import type { Sink } from "../sink.ts";
import type { Piece } from "./pdf-text.ts";

/** Pieces side by side. */
interface Line {
  /** From left to right. */
  readonly pieces: Piece[];
  readonly y: number;
  readonly size: number;
}

/** What stands in front of an item. */
const BULLET = /^[•▪●◦‣∙–\uf0b7]$/;
const NUMBER = /^(\d{1,3}|[a-z])[.)]$/;

/** Columns in columns: a newspaper has five or six. */
const COLUMNS_DEPTH_MAX = 3;
/** Points between two places that are tried as the space between columns. */
const STEP = 3;
/** In points: more is no page. */
const WIDTH_MAX = 20_000;

/** Writes the pieces of one direction. */
export function writePieces(pieces: readonly Piece[], sink: Sink): void {
  const body = bodySize(pieces);
  for (const block of inColumns(pieces, COLUMNS_DEPTH_MAX)) {
    writeLines(toLines(block), body, sink);
    sink.blank();
  }
}

/** The height in which most characters stand. */
function bodySize(pieces: readonly Piece[]): number {
  const sizes = new Map<number, number>();
  for (const { size, text } of pieces) {
    const rounded = Math.round(size * 2) / 2;
    sizes.set(rounded, (sizes.get(rounded) ?? 0) + text.length);
  }
  return [...sizes].reduce((best, entry) => (entry[1] > best[1] ? entry : best), [10, 0])[0];
}

/** Blocks in the order of reading. */
function inColumns(pieces: readonly Piece[], depth: number): Piece[][] {
  const gutter = depth === 0 ? undefined : findGutter(pieces);
  if (gutter === undefined) return [[...pieces]];
  // What crosses the space between the columns separates what is above from what is below.
  const ordered = [...pieces].sort((a, b) => b.y - a.y);
  const blocks: Piece[][] = [];
  let band: Piece[] = [];
  let across: Piece[] = [];
  const endBand = () => {
    const left = band.filter(({ right }) => right <= gutter);
    const right = band.filter((piece) => piece.right > gutter);
    if (isProse(left) && isProse(right)) {
      blocks.push(...inColumns(left, depth - 1), ...inColumns(right, depth - 1));
    } else if (band.length > 0) blocks.push(band);
    band = [];
  };
  const endAcross = () => {
    if (across.length > 0) blocks.push(across);
    across = [];
  };
  for (const piece of ordered) {
    if (piece.left < gutter && piece.right > gutter) {
      endBand();
      across.push(piece);
    } else {
      endAcross();
      band.push(piece);
    }
  }
  endBand();
  endAcross();
  return joinPlain(blocks, gutter);
}

/** Blocks that were no columns after all belong to their neighbours: a table may go on there. */
function joinPlain(blocks: readonly Piece[][], gutter: number): Piece[][] {
  const isColumn = (block: readonly Piece[]) =>
    isProse(block) &&
    (block.every(({ right }) => right <= gutter) || block.every(({ left }) => left >= gutter));
  const joined: Piece[][] = [];
  let last: Piece[] | undefined;
  for (const block of blocks) {
    if (isColumn(block)) {
      last = undefined;
      joined.push(block);
    } else if (last === undefined) joined.push(last = [...block]);
    else last.push(...block);
  }
  return joined;
}

/** Lines of running text: long pieces that fill the width of their column. */
function isProse(pieces: readonly Piece[]): boolean {
  if (pieces.length < 4) return false;
  const left = Math.min(...pieces.map((piece) => piece.left));
  const right = Math.max(...pieces.map((piece) => piece.right));
  const chars = pieces.reduce((sum, { text }) => sum + text.length, 0) / pieces.length;
  const width = pieces.reduce((sum, piece) => sum + piece.right - piece.left, 0) / pieces.length;
  return chars >= 18 && width >= 0.55 * (right - left);
}

/** The place that the fewest pieces cross, with a good part of them on either side. */
function findGutter(pieces: readonly Piece[]): number | undefined {
  if (pieces.length < 8) return undefined;
  const left = Math.min(...pieces.map((piece) => piece.left));
  const right = Math.max(...pieces.map((piece) => piece.right));
  const steps = Math.floor((right - left) / STEP);
  if (!(steps > 10) || right - left > WIDTH_MAX) return undefined;
  // How many pieces begin, and how many end, before each place.
  const begun = new Array<number>(steps + 2).fill(0);
  const ended = new Array<number>(steps + 2).fill(0);
  const slot = (x: number) => Math.max(0, Math.min(steps + 1, Math.ceil((x - left) / STEP)));
  for (const piece of pieces) {
    begun[slot(piece.left)] = (begun[slot(piece.left)] ?? 0) + 1;
    ended[slot(piece.right)] = (ended[slot(piece.right)] ?? 0) + 1;
  }
  let [best, bestCrossing, from, hasBegun, hasEnded] = [-1, Infinity, -1, 0, 0];
  for (let index = 0; index <= steps; index++) {
    hasBegun += begun[index] ?? 0;
    hasEnded += ended[index] ?? 0;
    const crossing = hasBegun - hasEnded;
    const isMiddle = hasEnded >= 0.2 * pieces.length && pieces.length - hasBegun >= 0.2 * pieces.length;
    if (!isMiddle || crossing > bestCrossing) continue;
    if (crossing < bestCrossing) from = index;
    bestCrossing = crossing;
    // The middle of a wide space.
    best = from === -1 ? index : Math.floor((from + index) / 2);
  }
  return best === -1 || bestCrossing > 0.3 * pieces.length ? undefined : left + best * STEP;
}

/** Pieces that stand on the same line, from the top. */
function toLines(pieces: readonly Piece[]): Line[] {
  const lines: Line[] = [];
  let current: Line | undefined;
  for (const piece of [...pieces].sort((a, b) => b.y - a.y || a.left - b.left)) {
    if (current !== undefined && current.y - piece.y < 0.4 * Math.max(current.size, piece.size)) {
      current.pieces.push(piece);
    } else lines.push(current = { pieces: [piece], y: piece.y, size: piece.size });
  }
  return lines.map((line) => ({ ...line, pieces: joinNear(line.pieces.sort((a, b) => a.left - b.left)) }));
}

/** Joins what belongs together although it is set in another size, such as an exponent. */
function joinNear(pieces: readonly Piece[]): Piece[] {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    const gap = last === undefined ? Infinity : piece.left - last.right;
    const size = Math.max(piece.size, last?.size ?? 0);
    // The mark of an item stands apart from its text, but is no column.
    const isMarked = joined.length === 1 && gap < 4 * size &&
      (BULLET.test(last?.text ?? "") || (pieces.length === 2 && NUMBER.test(last?.text ?? "")));
    if (last === undefined || (gap > 0.6 * size && !isMarked)) joined.push({ ...piece });
    else {
      last.text += (gap > 0.15 * size ? " " : "") + piece.text;
      last.right = Math.max(last.right, piece.right);
    }
  }
  return joined;
}

function writeLines(lines: readonly Line[], body: number, sink: Sink): void {
  for (let index = 0; index < lines.length;) {
    const line = lines[index];
    if (line === undefined) break;
    const before = lines[index - 1];
    if (before !== undefined && before.y - line.y > 1.5 * Math.max(line.size, before.size)) sink.blank();
    const table = findTable(lines, index);
    if (table !== undefined) {
      writeTable(sink, table.rows);
      index += table.lines;
      continue;
    }
    writeLine(line, body, sink);
    index++;
  }
}

function writeLine({ pieces, size }: Line, body: number, sink: Sink): void {
  const text = pieces.map((piece) => piece.text).join("   ");
  const largest = Math.max(size, ...pieces.map((piece) => piece.size));
  if (largest > 1.2 * body && text.length <= 150 && /\p{L}|\p{N}/u.test(text)) {
    sink.blank();
    sink.line(heading(3, text));
    sink.blank();
  } else sink.text(text.replace(/^[•▪●◦‣∙\uf0b7]\s*/, "- "));
}

interface Column {
  left: number;
  right: number;
}

/** A table that begins with this line, if one does. */
function findTable(lines: readonly Line[], first: number): { rows: string[][]; lines: number } | undefined {
  let columns: Column[] = [];
  let end = first;
  let full = 0;
  for (; end < lines.length; end++) {
    const line = lines[end];
    const before = lines[end - 1];
    if (line === undefined) break;
    if (end > first && before !== undefined && before.y - line.y > 4 * Math.max(line.size, before.size)) {
      break;
    }
    if (line.pieces.length < 2) {
      if (end === first || !isInside(line, columns, lines[end + 1])) break;
      continue;
    }
    const merged = mergeColumns(columns, line.pieces);
    // A line that bridges columns is text again.
    if (merged.length < 2 || (columns.length > 0 && merged.length < columns.length - 1)) break;
    columns = merged;
    full++;
  }
  // Lines without a partner at the end belong to what follows.
  while (end > first && (lines[end - 1]?.pieces.length ?? 0) < 2) end--;
  if (full < (columns.length === 2 ? 3 : 2)) return undefined;
  const rows = toRows(lines.slice(first, end), columns);
  const filled = rows.reduce((sum, row) => sum + row.filter((cell) => cell !== "").length, 0);
  return filled < 0.4 * rows.length * columns.length ? undefined : { rows, lines: end - first };
}

/** Whether a single piece is a cell: it stands in one column, and the table goes on. */
function isInside(
  { pieces: [piece], size, y }: Line,
  columns: readonly Column[],
  next: Line | undefined,
): boolean {
  if (piece === undefined) return false;
  const touched = columns.filter(({ left, right }) => piece.left < right && piece.right > left);
  if (touched.length !== 1) return false;
  const [column] = touched;
  const isFirst = column === columns[0];
  return !isFirst || (next !== undefined && next.pieces.length > 1 && y - next.y < 2.5 * size);
}

function mergeColumns(columns: readonly Column[], pieces: readonly Piece[]): Column[] {
  const all = [...columns, ...pieces].map(({ left, right }) => ({ left, right })).sort((a, b) =>
    a.left - b.left
  );
  const merged: Column[] = [];
  for (const column of all) {
    const last = merged.at(-1);
    if (last === undefined || column.left >= last.right - 0.5) merged.push(column);
    else last.right = Math.max(last.right, column.right);
  }
  return merged;
}

function toRows(lines: readonly Line[], columns: readonly Column[]): string[][] {
  const rows: string[][] = [];
  let y = 0;
  for (const line of lines) {
    const cells = columns.map(({ left, right }) =>
      line.pieces.filter((piece) => piece.left < right && piece.right > left).map(({ text }) => text).join(
        " ",
      )
    );
    const above = rows.at(-1);
    // A cell that goes on below: its first column is empty, and the line is near.
    const goesOn = line.pieces.length === 1 && cells[0] === "" && y - line.y < 1.45 * line.size;
    if (above !== undefined && goesOn) {
      cells.forEach((cell, index) => {
        if (cell !== "") above[index] = above[index] === "" ? cell : `${above[index]} ${cell}`;
      });
    } else rows.push(cells);
    y = line.y;
  }
  return rows;
}
