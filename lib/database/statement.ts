/**
 * What is said of statements of every database.
 * @module
 */
import { ToolError } from "../errors.ts";
import { SQL_MESSAGE_CHARS_MAX } from "../limits.ts";
import { nearest } from "../nearest.ts";
import { clip } from "../reply.ts";
import { visible } from "../visible.ts";
import { partsOf } from "./lexer.ts";

/** The first word: what is done. */
export function commandOf(sql: string): string {
  return partsOf(sql).find(({ kind }) => kind === "word")?.text.toUpperCase() ?? "";
}

/**
 * What a database says or calls something, as a part of a sentence of ours: triggers, servers and schemas
 * may have any text, and none of it begins a line of its own.
 */
export function said(text: string): string {
  return clip(visible(text).replace(/\s+/g, " ").trim(), SQL_MESSAGE_CHARS_MAX);
}

/** The error for more than one statement. */
export function severalStatements(): ToolError {
  return new ToolError(
    "There are several statements in it, and nothing was run",
    "Give one statement a call.",
  );
}

/** The error for a table that is not there. */
export function unknownTable(database: string, table: string, names: readonly string[]): ToolError {
  const near = nearest(table, names).map(said);
  return new ToolError(
    `Database "${database}" has no table "${table.slice(0, 100)}"`,
    names.length === 0
      ? "It has no table at all."
      : `${near.length > 0 ? `Nearest: ${near.join(", ")}. ` : ""}list_tables names all ${names.length}.`,
  );
}
