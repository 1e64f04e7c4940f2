/**
 * The limits of databases; part of lib/limits.ts, through which they are imported.
 * @module
 */

const MIB = 1024 * 1024;

/** Milliseconds one statement may take: below CALL_MS_MAX, so that the reply can say what to do. */
export const SQL_MS_MAX = 30_000;
/** Milliseconds a statement waits for another program that holds a lock. */
export const SQL_LOCK_MS_MAX = 5_000;
/** Milliseconds a server may take to accept a connection. */
export const SQL_CONNECT_MS_MAX = 10_000;
/** Milliseconds and rows spent on counting the rows behind a page, so that it can say how many there are. */
export const SQL_COUNT_MS_MAX = 300;
export const SQL_COUNT_ROWS_MAX = 100_000;
/** Characters of one statement: nobody writes longer ones by hand, and a model pays for every one. */
export const SQL_CHARS_MAX = 100_000;
/** Rows of a page unless fewer are asked for, and at most. */
export const SQL_ROWS_DEFAULT = 100;
export const SQL_ROWS_MAX = 1_000;
/** Characters of a page of rows: below REPLY_CHARS_MAX, so that a page ends after a whole row. */
export const SQL_PAGE_CHARS_MAX = 20_000;
/** Characters shown of one value. */
export const SQL_CELL_CHARS_MAX = 1_000;
/** Characters of what a database says itself: an error, the name of a role. Real ones have a line or two. */
export const SQL_MESSAGE_CHARS_MAX = 1_000;
/** Bytes of one value that SQLite may make: `printf('%.*c', 1e9, 'x')` would cost a gigabyte of memory. */
export const SQL_VALUE_BYTES_MAX = 64 * MIB;
/** Rows fetched from a server in one go: each may be large, and all of them are held at once. */
export const SQL_BATCH_ROWS = 50;
/** Bytes of memory that one statement may use in our process; temporary tables of SQLite count. */
export const SQL_MEMORY_BYTES_MAX = 384 * MIB;
/** Statements that run at the same time, each in a process of its own; and those of one database. */
export const SQL_AT_ONCE_MAX = 4;
export const SQL_OF_DATABASE_MAX = 2;
/** Processes that stay warm, and for how many milliseconds. */
export const SQL_WARM_MAX = 1;
export const SQL_WARM_MS = 60_000;
/** Bytes of a SQLite file of which the rows of every table are counted: a tenth of a second. */
export const SQL_COUNT_BYTES_MAX = 64 * MIB;
/** Tables that one list holds; the catalogue of the database has the others. */
export const SQL_TABLES_MAX = 1_000;
