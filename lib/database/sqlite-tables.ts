/**
 * The tables of a SQLite file, as SQLite itself describes them.
 * @module
 */
import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { SQL_COUNT_BYTES_MAX, SQL_TABLES_MAX } from "../limits.ts";
import { cell } from "./cells.ts";
import { type File, SHADOW, withFile } from "./sqlite.ts";
import { unknownTable } from "./statement.ts";
import type { Table, Tables } from "./types.ts";

/** Read from the schema itself: what describes tables fails for all when one of them is broken. */
const LIST = `
  SELECT name, CASE WHEN sql LIKE 'CREATE VIRTUAL %' THEN 'virtual table' ELSE type END
  FROM sqlite_schema
  WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`;

/** Names and kinds of the tables; what belongs to virtual ones is left out. */
function list(database: DatabaseSync): { readonly name: string; readonly kind: string }[] {
  const all = texts(database, LIST).map(([name = "", kind = ""]) => ({ name, kind }));
  const virtual = all.filter(({ kind }) => kind === "virtual table").map(({ name }) => `${name}_`);
  return all.filter(({ name }) => !SHADOW.test(name) || !virtual.some((begin) => name.startsWith(begin)));
}

/** The tables with their columns, and with their rows where counting them is quick. */
export function tables(file: File): Tables {
  return withFile(file, false, (database) => {
    const all = list(database);
    const isSmall = statSync(file.path).size <= SQL_COUNT_BYTES_MAX;
    const shown = all.slice(0, SQL_TABLES_MAX).map(({ name, kind }): Table => {
      const columns = columnsOf(database, name);
      return {
        name: cell(name),
        kind: columns === undefined ? `${kind} that cannot be read` : kind,
        columns: (columns ?? []).map(cell),
        count: isSmall && kind === "table" ? rowsOf(database, name) : undefined,
        estimated: false,
      };
    });
    const [[version = ""] = []] = texts(database, "SELECT sqlite_version()");
    return { version: `SQLite ${version}`, tables: shown, total: all.length, notes: [] };
  });
}

/** A view may read what is gone, and a virtual table need what this SQLite lacks: they have no columns. */
function columnsOf(database: DatabaseSync, name: string): string[] | undefined {
  try {
    const sql = `SELECT name FROM pragma_table_xinfo(${quoted(name, "'")}) WHERE hidden <> 1`;
    return texts(database, sql).map(([column = ""]) => column);
  } catch {
    return undefined;
  }
}

/** The statements that made a table and what belongs to it. */
export function describe(file: File, table: string): string {
  return withFile(file, false, (database) => {
    const names = list(database).map(({ name }) => name);
    const found = names.find((name) => name === table) ??
      names.find((name) => name.toLowerCase() === table.toLowerCase());
    if (found === undefined) throw unknownTable(file.name, table, names);
    const sql = `SELECT sql FROM sqlite_schema WHERE tbl_name = ${quoted(found, "'")} AND sql IS NOT NULL
      ORDER BY type = 'table' DESC, type, name`;
    return texts(database, sql).map(([text = ""]) => `${text.trim()};`).join("\n");
  });
}

function rowsOf(database: DatabaseSync, name: string): number | undefined {
  try {
    const [[rows] = []] = texts(database, `SELECT count(*) FROM ${quoted(name, '"')}`);
    return Number(rows);
  } catch {
    return undefined;
  }
}

function texts(database: DatabaseSync, sql: string): string[][] {
  const rows: unknown[] = database.prepare(sql).all();
  // Rows are arrays here, which the types do not know.
  return rows.map((row) => (row as unknown[]).map((value) => value === null ? "" : String(value)));
}

function quoted(name: string, quote: string): string {
  return quote + name.replaceAll(quote, quote + quote) + quote;
}
