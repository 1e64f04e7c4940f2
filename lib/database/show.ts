/**
 * Rows and tables as a model reads them.
 * @module
 */
import { count, counted } from "../format.ts";
import { markOutside } from "../outside.ts";
import { type Reply, text } from "../reply.ts";
import type { Changed, Rows } from "./types.ts";

/**
 * The rows as a table, marked as data.
 * @param next Names the call that gets the rows from an offset on.
 */
export function showRows(database: string, rows: Rows, next: (offset: number) => string): Reply {
  const { columns, offset, seen, complete } = rows;
  const notes = rows.notes.map((note) => `\n${note}.`).join("");
  const total = `${complete ? "" : "more than "}${counted(seen, "row")}`;
  if (rows.rows.length === 0) {
    const names = columns.length === 0
      ? ""
      : `\n${markOutside(`the database "${database}"`, `Columns: ${columns.join(", ")}`)}`;
    return text(
      seen === 0
        ? `Database "${database}": no rows${notes}${names}`
        : `Database "${database}": nothing from row ${count(offset + 1)} on, there are ${total}${notes}`,
    );
  }
  const end = offset + rows.rows.length;
  const isWhole = complete && offset === 0 && end === seen;
  const range = isWhole ? total : `rows ${count(offset + 1)}-${count(end)} of ${total}`;
  const body = `Database "${database}": ${range}${notes}\n${
    markOutside(`the database "${database}"`, table(rows))
  }`;
  if (complete && end >= seen) return text(body);
  const left = complete ? `${counted(seen - end, "row")} follow` : "More rows follow";
  return text(body, `${left}: ${next(end)}`);
}

/** What a change did, and the rows it returned. */
export function showChange(database: string, changed: Changed): Reply {
  const { command, rows } = changed;
  const what = changed.count === undefined ? "done" : `${counted(changed.count, "row")} affected`;
  const notes = changed.notes.map((note) => `\n${note}.`).join("");
  const said = `Database "${database}": ${command}, ${what}. undo_change cannot take this back.${notes}`;
  if (rows === undefined || rows.rows.length === 0) return text(said);
  const isCut = rows.rows.length < rows.seen;
  return text(
    `${said}\n${markOutside(`the database "${database}"`, table(rows))}`,
    isCut ? `${counted(rows.seen - rows.rows.length, "row")} it returned are not shown.` : undefined,
  );
}

function table({ columns, rows }: Rows): string {
  return [columns, columns.map(() => "---"), ...rows].map((cells) => cells.join(" | ")).join("\n");
}
