/**
 * The cells of a sheet as a table, with the letters of the columns above it and the numbers of the rows in
 * front: so every cell can be named, and a range can be asked for. Empty rows are left out.
 * @module
 */
import { counted } from "../format.ts";
import { TABLE_COLUMNS_MAX, TABLE_ROWS_AHEAD } from "../limits.ts";
import { tableRow, tableRule } from "./markdown.ts";
import { columnLetters, type Range } from "./selection.ts";
import type { Sink } from "./sink.ts";

const EVERYTHING: Range = { top: 1, bottom: Infinity, left: 1, right: Infinity };

interface Row {
  readonly number: number;
  /** From the first column on; empty ones at the end are missing. */
  readonly cells: string[];
}

/** Takes cells row by row and writes them as a table. */
export class SheetTable {
  /** Formulas of which no value is stored. */
  unknownFormulas = 0;
  /** Whether all that was asked for has passed. */
  isPast = false;
  readonly #sink: Sink;
  readonly #name: string;
  readonly #range: Range;
  #ahead: Row[] | undefined = [];
  #current: Row | undefined;
  #width = 0;
  #rows = 0;
  #dropped = 0;

  constructor(sink: Sink, name: string) {
    this.#sink = sink;
    this.#name = name;
    this.#range = sink.selection.range ?? EVERYTHING;
  }

  /** Takes a cell. Rows come in order. @param row From 1. @param column From 1. */
  cell(row: number, column: number, text: string): void {
    const { top, bottom, left, right } = this.#range;
    if (row > bottom) this.isPast = true;
    if (text === "" || row < top || row > bottom || column < left || column > right) return;
    const index = column - left;
    if (index >= TABLE_COLUMNS_MAX) {
      this.#dropped++;
      return;
    }
    if (this.#current?.number !== row) {
      this.#finishRow();
      this.#current = { number: row, cells: [] };
    }
    const { cells } = this.#current ?? { cells: [] };
    while (cells.length < index) cells.push("");
    cells[index] = text;
  }

  /** Writes what is left. */
  end(): void {
    this.#finishRow();
    this.#begin();
    if (this.#rows === 0) this.#sink.line("No cells with contents.");
    this.#sink.blank();
    if (this.#dropped > 0) {
      const next = columnLetters(Math.max(1, this.#range.left) + TABLE_COLUMNS_MAX);
      this.#sink.warn(
        `Sheet "${this.#name}" is wider than the ${TABLE_COLUMNS_MAX} columns that are shown. ` +
          `Ask for the others with pages "${this.#name}!${next}:${columnLetters(16_384)}".`,
      );
    }
    if (this.unknownFormulas > 0) {
      this.#sink.warn(
        `Sheet "${this.#name}" has ${
          counted(this.unknownFormulas, "formula")
        } without a stored value, shown ` +
          "as written (=…). " +
          "Their values are stored when the person opens and saves the workbook in a spreadsheet program.",
      );
    }
  }

  #finishRow(): void {
    const row = this.#current;
    this.#current = undefined;
    if (row === undefined) return;
    this.#rows++;
    if (this.#ahead === undefined) this.#write(row);
    else {
      this.#ahead.push(row);
      if (this.#ahead.length >= TABLE_ROWS_AHEAD) this.#begin();
    }
  }

  /** Writes the head of the table, as wide as the first rows are, and these. */
  #begin(): void {
    const rows = this.#ahead ?? [];
    this.#ahead = undefined;
    if (rows.length === 0) return;
    this.#width = Math.max(...rows.map(({ cells }) => cells.length));
    const letters = Array.from(
      { length: this.#width },
      (_, index) => columnLetters(this.#range.left + index),
    );
    this.#sink.blank();
    this.#sink.line(tableRow(["", ...letters]));
    this.#sink.line(tableRule(this.#width + 1));
    for (const row of rows) this.#write(row);
  }

  #write({ number, cells }: Row): void {
    while (cells.length < this.#width) cells.push("");
    this.#sink.line(tableRow([String(number), ...cells]));
  }
}
