/**
 * What an error of SQLite is, by its number (https://sqlite.org/rescode.html).
 * @module
 */

/** Not every runtime passes on the code of every error, but all of them its text. */
const MESSAGES: readonly (readonly [string, number])[] = [
  ["access permission denied", 3],
  ["database is locked", 5],
  ["database table is locked", 6],
  ["attempt to write a readonly database", 8],
  ["disk I/O error", 10],
  ["database disk image is malformed", 11],
  ["database or disk is full", 13],
  ["unable to open database file", 14],
  ["file is not a database", 26],
];

/** The primary result code, or -1 for any other error. */
export function resultCode(error: unknown): number {
  if (!(error instanceof Error)) return -1;
  if ("errcode" in error && typeof error.errcode === "number") return error.errcode & 0xff;
  return MESSAGES.find(([text]) => error.message.startsWith(text))?.[1] ?? -1;
}
