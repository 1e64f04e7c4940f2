/**
 * What is said of statements of every database.
 * @module
 */
import { ToolError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { partsOf } from "./lexer.ts";

/** The first word: what is done. */
export function commandOf(sql: string): string {
  return partsOf(sql).find(({ kind }) => kind === "word")?.text.toUpperCase() ?? "";
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
  const near = nearest(table, names);
  return new ToolError(
    `Database "${database}" has no table "${table.slice(0, 100)}"`,
    names.length === 0
      ? "It has no table at all."
      : `${near.length > 0 ? `Nearest: ${near.join(", ")}. ` : ""}list_tables names all ${names.length}.`,
  );
}
