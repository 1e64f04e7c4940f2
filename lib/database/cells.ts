/**
 * Values as they are shown, and the rows of a page.
 * @module
 */
import { sizeText } from "../format.ts";
import { SQL_CELL_CHARS_MAX, SQL_COUNT_MS_MAX, SQL_COUNT_ROWS_MAX, SQL_PAGE_CHARS_MAX } from "../limits.ts";
import { clip } from "../reply.ts";
import { visible } from "../visible.ts";
import type { Page, Rows } from "./types.ts";

/** A value as a database gave it. */
export type Value = null | bigint | number | string | Uint8Array;

/**
 * A value in one line: numbers exact, NULL by that name, bytes by their number. A text is in quotes where it
 * would be taken for something else otherwise, and nothing in it is invisible.
 */
export function cell(value: Value): string {
  if (value === null) return "NULL";
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isInteger(value) ? realText(value) : String(value);
  if (typeof value !== "string") return bytesText(value.length);
  const isOdd = /^$|^\s|\s$|[\n\r|]|^["[]|^(null|…)$/i.test(value);
  const shown = clip(value, SQL_CELL_CHARS_MAX);
  return visible(isOdd ? JSON.stringify(shown) : shown);
}

/** How bytes are shown. */
export function bytesText(length: number): string {
  return `[blob, ${sizeText(length)}]`;
}

/** 5 stored as a real number is not the whole number 5: SQLite tells them apart. */
function realText(value: number): string {
  return Math.abs(value) < 1e15 ? value.toFixed(1) : String(value);
}

/** Gathers one page of the rows that a database gives one by one, and counts what is behind it. */
export class Gatherer {
  readonly #page: Page;
  readonly #rows: string[][] = [];
  #seen = 0;
  #chars = 0;
  #isFull = false;
  #until = 0;

  constructor(page: Page) {
    this.#page = page;
  }

  /**
   * Takes the next row.
   * @param read Makes the cells; not called for a row that is not shown.
   * @returns whether more are wanted.
   */
  take(read: () => string[]): boolean {
    const { offset, limit } = this.#page;
    this.#seen++;
    if (this.#seen <= offset) return true;
    if (!this.#isFull) {
      const row = read();
      this.#chars += row.reduce((sum, { length }) => sum + length + 3, 0);
      this.#isFull = this.#rows.length >= limit ||
        this.#rows.length > 0 && this.#chars > SQL_PAGE_CHARS_MAX;
      if (!this.#isFull) {
        this.#rows.push(row);
        return true;
      }
      this.#until = performance.now() + SQL_COUNT_MS_MAX;
    }
    return this.#seen < offset + SQL_COUNT_ROWS_MAX && performance.now() < this.#until;
  }

  /** The page. @param complete Whether the database had no more rows. */
  end(columns: readonly string[], complete: boolean, notes: readonly string[]): Rows {
    const { offset } = this.#page;
    return {
      columns: columns.map((name) => cell(name)),
      rows: this.#rows,
      offset,
      seen: this.#seen,
      complete,
      notes,
    };
  }
}
