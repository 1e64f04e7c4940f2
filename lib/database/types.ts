/**
 * Databases as tools see them: named by the person, asked in SQL, one statement at a time.
 * @module
 */

/** A database that may be asked. */
export interface DatabaseName {
  readonly name: string;
  readonly kind: "SQLite" | "PostgreSQL";
  /** Whether nothing in it is ever changed. */
  readonly readOnly: boolean;
}

/** One statement, and the values of its parameters by name: `:city` in its text. */
export interface Statement {
  readonly sql: string;
  /** Null is a value, too. A statement without this has no parameters, and a colon in it means itself. */
  readonly values?: Readonly<Record<string, SqlValue>>;
}

/** What a parameter can be. */
export type SqlValue = string | number | boolean | null;

/** Which rows are wanted. */
export interface Page {
  /** Rows left out at the beginning. */
  readonly offset: number;
  readonly limit: number;
}

/** Rows of a result. */
export interface Rows {
  readonly columns: readonly string[];
  /** The values as they are shown: texts cut, bytes by their number. */
  readonly rows: readonly (readonly string[])[];
  /** Rows before these. */
  readonly offset: number;
  /** Rows of the whole result as far as they were counted. */
  readonly seen: number;
  /** Whether `seen` is all there are. */
  readonly complete: boolean;
  /** What the reader should know, each a sentence without a full stop. */
  readonly notes: readonly string[];
}

/** What a change did. */
export interface Changed {
  /** What was done, in the words of SQL: `UPDATE`. */
  readonly command: string;
  /** Rows that were added, changed or deleted; undefined where that has no meaning. */
  readonly count: number | undefined;
  /** What RETURNING gave. */
  readonly rows: Rows | undefined;
  readonly notes: readonly string[];
}

/** A table or a view in a list. */
export interface Table {
  /** With the name of its schema, unless that is the usual one. */
  readonly name: string;
  /** `table`, `view`, … */
  readonly kind: string;
  readonly columns: readonly string[];
  /** Rows; undefined when counting them takes too long. */
  readonly count: number | undefined;
  /** Whether that is only what the server estimates. */
  readonly estimated: boolean;
}

/** The tables of a database. */
export interface Tables {
  /** The program behind it: `SQLite 3.54.1`. */
  readonly version: string;
  readonly tables: readonly Table[];
  /** Tables there are, of which `tables` holds the first. */
  readonly total: number;
  readonly notes: readonly string[];
}

/** The databases that the person has named. */
export interface Databases {
  readonly all: readonly DatabaseName[];
  /** Its tables. @throws {ToolError} */
  tables(name: string, signal: AbortSignal): Promise<Tables>;
  /** A table in the words of SQL: columns, keys, indexes. @throws {ToolError} naming the nearest. */
  describe(name: string, table: string, signal: AbortSignal): Promise<string>;
  /** Runs a statement that can change nothing. @throws {ToolError} */
  query(name: string, statement: Statement, page: Page, signal: AbortSignal): Promise<Rows>;
  /** Runs a statement in a transaction of its own. @throws {ToolError} and then nothing has changed. */
  change(name: string, statement: Statement, signal: AbortSignal): Promise<Changed>;
}
