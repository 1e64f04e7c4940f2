/**
 * SQLite, in a worker: statements block the process they run in.
 *
 * What only reads is held to that three times: the file is opened for reading, no other file can be attached
 * to the connection, and SQLite asks us about everything a statement would do while it is compiled
 * (`sqlite3_set_authorizer`).
 * @module
 */
import { constants, DatabaseSync, type SQLInputValue } from "node:sqlite";
import { errorText, ToolError } from "../errors.ts";
import { resultCode } from "../sqlite/code.ts";
import { SQL_LOCK_MS_MAX, SQL_ROWS_DEFAULT, SQL_VALUE_BYTES_MAX } from "../limits.ts";
import { cell, Gatherer, type Value } from "./cells.ts";
import { isEmpty, numbered } from "./lexer.ts";
import { commandOf, said, severalStatements } from "./statement.ts";
import type { Changed, Page, Rows, SqlValue, Statement } from "./types.ts";

/** What messages and the connection need to know. */
export interface File {
  readonly name: string;
  readonly path: string;
  readonly readOnly: boolean;
}

/** Pragmas that tell something; those in the second list also with an argument, which is a name there. */
const TELLING: ReadonlySet<string> = new Set(
  ("user_version schema_version application_id encoding page_count page_size freelist_count journal_mode " +
    "collation_list function_list module_list compile_options auto_vacuum foreign_keys data_version " +
    "table_list integrity_check quick_check foreign_key_check").split(" "),
);
const ABOUT: ReadonlySet<string> = new Set(
  ("table_info table_xinfo table_list index_list index_info index_xinfo foreign_key_list " +
    "foreign_key_check integrity_check quick_check").split(" "),
);

/** Functions that reach beyond the database; SQLite itself has most of them only where it was built so. */
const REACHING: ReadonlySet<string> = new Set(
  "load_extension fts3_tokenizer readfile writefile edit".split(" "),
);

/** Tables that belong to a virtual one: it prepares to write them as soon as it is opened for reading. */
export const SHADOW = /_(?:node|rowid|parent|data|idx|content|docsize|config|segments|segdir|stat)$/;

/** What no statement may do, whether it reads or writes. */
const { SQLITE_ATTACH, SQLITE_DETACH, SQLITE_TRANSACTION, SQLITE_SAVEPOINT } = constants;
const NEVER: ReadonlySet<number> = new Set([
  SQLITE_ATTACH,
  SQLITE_DETACH,
  SQLITE_TRANSACTION,
  SQLITE_SAVEPOINT,
]);
const { SQLITE_INSERT, SQLITE_UPDATE, SQLITE_DELETE } = constants;
const WRITES: ReadonlySet<number> = new Set([SQLITE_INSERT, SQLITE_UPDATE, SQLITE_DELETE]);
const { SQLITE_SELECT, SQLITE_READ, SQLITE_FUNCTION, SQLITE_RECURSIVE } = constants;
const READS: ReadonlySet<number> = new Set([SQLITE_SELECT, SQLITE_READ, SQLITE_RECURSIVE]);

/**
 * Opens the file for the time of `work`. What is left of a writer that was killed is taken back first, which
 * needs a moment of writing.
 */
export function withFile<T>(file: File, write: boolean, work: (database: DatabaseSync) => T): T {
  try {
    return attempt(file, write, work);
  } catch (error) {
    if (write || file.readOnly || resultCode(error) !== READONLY || !isLeftover(error)) {
      throw explain(error, file);
    }
  }
  try {
    attempt(file, true, (database) => database.prepare("SELECT count(*) FROM sqlite_schema").get());
    return attempt(file, write, work);
  } catch (error) {
    throw explain(error, file);
  }
}

function attempt<T>(file: File, write: boolean, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(file.path, {
    readOnly: !write,
    allowExtension: false,
    // sqlite3_db_config: no writing to the tables of the schema, nor to those of virtual tables.
    defensive: true,
    enableForeignKeyConstraints: true,
    timeout: SQL_LOCK_MS_MAX,
    readBigInts: true,
    returnArrays: true,
    limits: { attach: 0, length: SQL_VALUE_BYTES_MAX },
  });
  try {
    // No files of its own beside the database; what its schema calls is not trusted; damage is noticed.
    database.exec("PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;");
    database.exec("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;");
    return work(database);
  } finally {
    database.close();
  }
}

/** Runs a statement that only reads. */
export function query(file: File, statement: Statement, page: Page): Rows {
  return withFile(file, false, (database) => {
    database.setAuthorizer(authorizer(true));
    return run(database, statement, page);
  });
}

/** Runs a statement in a transaction of its own. */
export function change(file: File, statement: Statement): Changed {
  const command = commandOf(statement.sql);
  return withFile(file, true, (database) => {
    database.exec("BEGIN IMMEDIATE");
    database.setAuthorizer(authorizer(false));
    const rows = run(database, statement, { offset: 0, limit: SQL_ROWS_DEFAULT }, true);
    database.setAuthorizer(null);
    const [count] = values(database.prepare("SELECT changes()").get());
    database.exec("COMMIT");
    const counts = /^(INSERT|REPLACE|UPDATE|DELETE|WITH)$/.test(command);
    return {
      command,
      count: counts ? Number(count) : undefined,
      rows: rows.columns.length > 0 ? rows : undefined,
      notes: [],
    };
  });
}

/** Answers SQLite when it asks what a statement may do. */
function authorizer(
  reads: boolean,
): (action: number, first: string | null, second: string | null) => number {
  return (action, first, second) => {
    const isFine = READS.has(action) ||
      action === SQLITE_FUNCTION && !REACHING.has(String(second).toLowerCase()) ||
      action === constants.SQLITE_PRAGMA &&
        (second === null ? TELLING : ABOUT).has(String(first).toLowerCase()) ||
      (reads
        ? WRITES.has(action) && SHADOW.test(String(first))
        : !NEVER.has(action) && action !== constants.SQLITE_PRAGMA && action !== SQLITE_FUNCTION);
    return isFine ? constants.SQLITE_OK : constants.SQLITE_DENY;
  };
}

/** Runs the one statement there is; one that changes something is run to its end before a row is shown. */
function run(database: DatabaseSync, { sql, values: given }: Statement, page: Page, changes = false): Rows {
  if (isEmpty(sql)) throw new ToolError("There is no statement in it", "Give one: SELECT * FROM …");
  const { sql: text, names } = given === undefined ? { sql, names: [] } : numbered(sql, "?");
  const prepared = database.prepare(text);
  const rest = text.slice(prepared.sourceSQL.length);
  if (!isEmpty(rest)) throw severalStatements();
  const columns = prepared.columns().map(({ name }) => name ?? "");
  const gatherer = new Gatherer(page);
  const bound = names.map((name) => inputOf(given?.[name] ?? null));
  for (const row of changes ? prepared.all(...bound) : prepared.iterate(...bound)) {
    const isWanted = gatherer.take(() => values(row).map(cell));
    if (!isWanted && !changes) return gatherer.end(columns, false, []);
  }
  // Where an error looks like the end of the rows, they are asked for again in the way that throws it.
  if (!changes && hidesErrors(database)) prepared.all(...bound);
  return gatherer.end(columns, true, []);
}

/** Deno 2.9 ends an iteration when a step fails, as if there were no more rows. */
function hidesErrors(database: DatabaseSync): boolean {
  try {
    for (const _row of database.prepare("SELECT abs(-9223372036854775808)").iterate());
    return true;
  } catch {
    return false;
  }
}

/** Rows are arrays here, which the types do not know. */
function values(row: unknown): Value[] {
  return row as Value[];
}

/** Whole numbers are bound as such: node:sqlite makes a real number of every `number`. */
function inputOf(value: SqlValue): SQLInputValue {
  if (typeof value === "boolean") return value ? 1n : 0n;
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
}

/** Result codes of SQLite (https://sqlite.org/rescode.html) and what they mean for a person. */
const READONLY = 8;
const REASONS: ReadonlyMap<number, readonly [string, string]> = new Map([
  [5, ["another program is writing to it", "Try again in a moment."]],
  [6, ["another program is writing to it", "Try again in a moment."]],
  [10, ["the disk reported an error", "The person looks at the disk."]],
  [11, ["the file is damaged", "The person restores a copy, or tries sqlite3 FILE .recover."]],
  [13, ["the disk is full", "The person frees some space."]],
  [14, ["the file cannot be opened", 'The person looks at its rights, and at what "doctor" says.']],
  [26, ["the file is no database of SQLite, or it is encrypted", "The person names another file."]],
]);
/** Whether a writer was killed in the middle of its work: `SQLITE_READONLY_ROLLBACK` and its relatives. */
function isLeftover(error: unknown): boolean {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) : READONLY;
  return code >> 8 > 0 || code === READONLY;
}

function explain(error: unknown, { name, readOnly }: File): unknown {
  if (error instanceof ToolError || !(error instanceof Error)) return error;
  const code = resultCode(error);
  const reason = REASONS.get(code);
  if (reason !== undefined) return new ToolError(`Cannot use database "${name}": ${reason[0]}`, reason[1]);
  const what = said(errorText(error));
  if (code === READONLY || code === 23) {
    return new ToolError(
      `Database "${name}" refused it: ${what}`,
      readOnly
        ? "This database is only read."
        : "query_database only reads: use change_database to change something. Neither reaches other " +
          "files, settings of the database, or transactions.",
    );
  }
  if (code === 18 || code === 7) {
    return new ToolError(
      `Database "${name}" refused it: a value would be larger than 64 MiB`,
      "Ask for a part of it: substr(column, 1, 1000), length(column).",
    );
  }
  return new ToolError(
    `Database "${name}" says: ${what}`,
    "list_tables names tables, and with a table its columns.",
  );
}
