/**
 * Pieces of Markdown (CommonMark, tables as in GitHub Flavored Markdown) that several readers write.
 * @module
 */
import { CELL_CHARS_MAX, TABLE_COLUMNS_MAX } from "../limits.ts";
import { clip } from "../reply.ts";
import type { Sink } from "./sink.ts";

/** A row of a table. Cells become one line each. */
export function tableRow(cells: readonly string[]): string {
  return `| ${cells.map(tableCell).join(" | ")} |`;
}

/** The line below the first row of a table. */
export function tableRule(columns: number): string {
  return `|${" --- |".repeat(columns)}`;
}

/** Writes a table; its first row is its heading, as Markdown wants one. */
export function writeTable(sink: Sink, rows: readonly (readonly string[])[]): void {
  const width = Math.min(TABLE_COLUMNS_MAX, Math.max(0, ...rows.map((row) => row.length)));
  if (width === 0) return;
  sink.blank();
  rows.forEach((row, index) => {
    sink.line(tableRow(Array.from({ length: width }, (_, column) => row[column] ?? "")));
    if (index === 0) sink.line(tableRule(width));
  });
  sink.blank();
}

/** A heading; levels beyond 6 do not exist. */
export function heading(level: number, text: string): string {
  return `${"#".repeat(Math.max(1, Math.min(6, level)))} ${text.replace(/\s+/g, " ").trim()}`;
}

/** A link, or its text alone when it leads nowhere that can be named. */
export function link(text: string, target: string): string {
  const address = target.replace(/[\s<>]/g, (character) => encodeURIComponent(character));
  if (text.trim() === "" || !/^(https?|mailto|ftp):/i.test(address)) return text;
  return text === target
    ? `<${address}>`
    : `[${text.replace(/([[\]])/g, "\\$1")}](${address.replaceAll(")", "%29")})`;
}

/** Text between marks such as `**`, which must touch it. */
export function marked(text: string, mark: string): string {
  const [, before = "", inner = "", after = ""] = /^(\s*)([\s\S]*?)(\s*)$/.exec(text) ?? [];
  return inner === "" ? text : `${before}${mark}${inner}${mark}${after}`;
}

function tableCell(text: string): string {
  if (text.length < 200 && !/[\n\r|]/.test(text)) return text;
  const line = text.trim().replace(/\s*[\r\n]+\s*/g, "<br>").replaceAll("|", "\\|");
  return clip(line, CELL_CHARS_MAX);
}
