/**
 * Which part of a document is wanted: `3`, `3-7`, `2,5-`, the name of a sheet, a range `Costs!A1:D20`.
 * @module
 */

/** A rectangle of cells, from 1, both ends included. */
export interface Range {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

const NUMBERS = /^\s*\d+\s*(-\s*\d*)?\s*(,\s*\d+\s*(-\s*\d*)?\s*)*$/;
const RANGE = /^\$?([A-Za-z]{0,3})\$?(\d{0,7})(?::\$?([A-Za-z]{0,3})\$?(\d{0,7}))?$/;

/** What was asked for. */
export class Selection {
  /** As it was written; undefined: everything. */
  readonly text: string | undefined;
  /** The cells of the sheets that are wanted; undefined: all. */
  readonly range: Range | undefined;
  readonly #numbers: readonly (readonly [from: number, to: number])[];
  /** In lower case; empty: the first sheet. */
  readonly #name: string | undefined;

  constructor(text: string | undefined) {
    this.text = text?.trim() === "" ? undefined : text?.trim();
    const wish = this.text ?? "";
    this.#numbers = NUMBERS.test(wish) ? wish.split(",").map(readNumbers) : [];
    const mark = wish.lastIndexOf("!");
    this.range = this.#numbers.length > 0 ? undefined : readRange(mark === -1 ? wish : wish.slice(mark + 1));
    const name = this.range === undefined ? wish : wish.slice(0, Math.max(0, mark));
    this.#name = this.text === undefined ? undefined : unquote(name).toLowerCase();
  }

  /**
   * Whether a part is wanted.
   * @param index From 1.
   * @param name What it can be asked for by, if it has a name.
   */
  wants(index: number, name?: string): boolean {
    if (this.text === undefined) return true;
    if (this.#numbers.some(([from, to]) => from <= index && index <= to)) return true;
    if (name === undefined) return false;
    // A sheet may be called like a cell: then its name counts.
    return name.toLowerCase() === this.#name || name === this.text || (this.#name === "" && index === 1);
  }

  /** Whether no part from this one on is wanted. Names may always come. */
  isPast(index: number): boolean {
    return this.#numbers.length > 0 && this.#numbers.every(([, to]) => to < index);
  }

  /** Whether single cells are asked for. */
  get isRange(): boolean {
    return this.range !== undefined;
  }
}

function readNumbers(part: string): readonly [number, number] {
  const [from = "", to] = part.split("-").map((number) => number.trim());
  return [Number(from), to === undefined ? Number(from) : to === "" ? Infinity : Number(to)];
}

function readRange(text: string): Range | undefined {
  const match = RANGE.exec(text.trim());
  if (match === null) return undefined;
  const [, left = "", top = "", right = left, bottom = top] = match;
  const isRange = text.includes(":");
  // `A1` is a cell; a name such as `Costs` is none, and neither is a number alone.
  if (!isRange && (left === "" || top === "")) return undefined;
  if ((left === "") !== (right === "") || (top === "") !== (bottom === "")) return undefined;
  const columns = left === "" ? [1, Infinity] : [columnNumber(left), columnNumber(right)];
  const rows = top === "" ? [1, Infinity] : [Number(top), Number(bottom)];
  return {
    left: Math.min(...columns),
    right: Math.max(...columns),
    top: Math.min(...rows),
    bottom: Math.max(...rows),
  };
}

function unquote(name: string): string {
  return /^'.*'$/.test(name) ? name.slice(1, -1).replaceAll("''", "'") : name;
}

/** `A` → 1, `AA` → 27. */
export function columnNumber(letters: string): number {
  let column = 0;
  for (const letter of letters.toUpperCase()) column = column * 26 + letter.charCodeAt(0) - 64;
  return column;
}

/** 1 → `A`, 27 → `AA`. */
export function columnLetters(column: number): string {
  let letters = "";
  for (let rest = column; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(65 + (rest - 1) % 26) + letters;
  }
  return letters;
}
