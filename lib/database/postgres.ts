/**
 * PostgreSQL, in a worker: a connection for each statement, which leaves nothing behind.
 *
 * The statement goes alone through the extended protocol (PostgreSQL, "Extended Query"), which takes one
 * statement and no more. It runs in a transaction that was begun before, so that what ends the transaction
 * ends the statement, too; and nothing follows it that we did not write.
 * @module
 */
import { Buffer } from "node:buffer";
import postgres from "postgres";
import type { PostgresConfig } from "../config/databases.ts";
import { errorText, ToolError } from "../errors.ts";
import {
  SQL_BATCH_ROWS,
  SQL_CONNECT_MS_MAX,
  SQL_LOCK_MS_MAX,
  SQL_MS_MAX,
  SQL_ROWS_DEFAULT,
} from "../limits.ts";
import { bytesText, cell, Gatherer } from "./cells.ts";
import { createDial } from "./dial.ts";
import { checkStatement } from "./guard.ts";
import { numbered } from "./lexer.ts";
import { commandOf, said, severalStatements } from "./statement.ts";
import type { Changed, Page, Rows, Statement } from "./types.ts";

/** A connection, for the time of a transaction. */
export interface Session {
  readonly sql: postgres.Sql;
  /** The version of the server. */
  readonly version: string;
  /** What the person should know of the role. */
  readonly notes: readonly string[];
}

/** Settings that decide what a statement means and how its values look. */
const SETTINGS = `SET LOCAL statement_timeout = ${SQL_MS_MAX};
  SET LOCAL lock_timeout = ${SQL_LOCK_MS_MAX};
  SET LOCAL idle_in_transaction_session_timeout = ${SQL_MS_MAX};
  SET LOCAL standard_conforming_strings = on;
  SET LOCAL bytea_output = hex;
  SET LOCAL datestyle = 'ISO, YMD';
  SET LOCAL intervalstyle = 'postgres'`;

/** Runs `work` in a transaction, and takes back what it did unless `write` is set and it succeeds. */
export async function withSession<T>(
  config: PostgresConfig,
  write: boolean,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const sql = connect(config);
  try {
    await simple(sql, `BEGIN READ ${write ? "WRITE" : "ONLY"}; ${SETTINGS}`);
    const session = await examine(sql, write);
    const result = await work({ ...session, sql });
    await simple(sql, write ? "COMMIT" : "ROLLBACK");
    return result;
  } catch (error) {
    throw signal.aborted ? error : explain(error, config);
  } finally {
    // Closing takes back what is not committed. A server that does not answer is not waited for.
    await sql.end({ timeout: 1 });
  }
}

/** A client that gives every value as the text the server sent. */
function connect(config: PostgresConfig): postgres.Sql {
  const { host, port, user, password, database, tls } = config;
  // Its types do not know how a connection is made by somebody else.
  const own: object = { socket: createDial(config) };
  return postgres({
    ...own,
    host,
    port,
    user,
    password: password ?? "",
    database,
    ssl: tls === "disable" ? false : tls,
    max: 1,
    connect_timeout: SQL_CONNECT_MS_MAX / 1_000,
    idle_timeout: 0,
    max_lifetime: null,
    prepare: false,
    fetch_types: false,
    connection: { application_name: "clawhammer" },
    onnotice: () => {},
    types: TEXTS,
  });
}

/** Kinds of values (pg_type.oid) that the library would write in its own way: we write them as texts. */
const TEXTS = Object.fromEntries(
  [16, 17, 20, 21, 23, 25, 114, 700, 701, 1082, 1114, 1184, 3802].map((oid) => [`oid${oid}`, {
    to: oid,
    from: [],
    serialize: String,
    parse: String,
  }]),
);

/** Runs statements of our own, none of which has a part from outside. */
async function simple(sql: postgres.Sql, text: string): Promise<readonly Record<string, string>[]> {
  return await sql.unsafe(text).simple();
}

/** What the role may do. One that may do everything reads as if it could only read tables. */
async function examine(sql: postgres.Sql, write: boolean): Promise<Omit<Session, "sql">> {
  const [role] = await simple(
    sql,
    `SELECT current_setting('server_version') AS version, current_user AS name,
      current_setting('is_superuser') AS super,
      (SELECT count(*) FROM pg_roles WHERE rolname = 'pg_read_all_data') AS reader,
      (SELECT coalesce(string_agg(rolname, ', '), '') FROM pg_roles WHERE rolname IN
        ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
        AND pg_has_role(oid, 'member')) AS powers`,
  );
  const [version = "", name = "", powers = ""] = [role?.version, role?.name, role?.powers].map((text) =>
    said(text ?? "")
  );
  const isSuper = role?.super === "on";
  if (isSuper && !write && role?.reader !== "0") await simple(sql, "SET LOCAL ROLE pg_read_all_data");
  const notes = isSuper
    ? [`The role "${name}" is a superuser and could do anything on its server: one with few rights is safer`]
    : powers === ""
    ? []
    : [
      `The role "${name}" may reach files and programs of its server (${powers}): one that may not is safer`,
    ];
  return { version: `PostgreSQL ${version.split(" ")[0]}`, notes };
}

/** Runs a statement that only reads. */
export async function query(
  config: PostgresConfig,
  statement: Statement,
  page: Page,
  signal: AbortSignal,
): Promise<Rows> {
  checkStatement(statement.sql, true);
  return await withSession(config, false, signal, async ({ sql, notes }) => {
    return (await run(sql, statement, page, notes, signal)).rows;
  });
}

/** Runs a statement in a transaction of its own. */
export async function change(
  config: PostgresConfig,
  statement: Statement,
  signal: AbortSignal,
): Promise<Changed> {
  checkStatement(statement.sql, false);
  const page = { offset: 0, limit: SQL_ROWS_DEFAULT };
  return await withSession(config, true, signal, async ({ sql, notes }) => {
    const { rows, count } = await run(sql, statement, page, [], signal, true);
    return {
      command: commandOf(statement.sql),
      count: count ?? undefined,
      rows: rows.columns.length > 0 ? rows : undefined,
      notes,
    };
  });
}

interface Ran {
  readonly rows: Rows;
  readonly count: number | null;
}

/** Runs the statement and takes its rows in batches, to the end when it changes something. */
async function run(
  sql: postgres.Sql,
  { sql: text, values }: Statement,
  page: Page,
  notes: readonly string[],
  signal: AbortSignal,
  toEnd = false,
): Promise<Ran> {
  const prepared = values === undefined ? { sql: text, names: [] } : numbered(text, "$");
  const bound = prepared.names.map((name) => {
    const value = values?.[name] ?? null;
    return value === null ? null : String(value);
  });
  const gatherer = new Gatherer(page);
  const state: { columns: readonly postgres.Column<string>[]; complete: boolean } = {
    columns: [],
    complete: true,
  };
  const running = sql.unsafe(prepared.sql, bound, { prepare: false });
  const cursor = running.raw().cursor(SQL_BATCH_ROWS, (batch) => {
    state.columns = columnsOf(batch) ?? state.columns;
    for (const row of batch) {
      const isWanted = gatherer.take(() => row.map((value, i) => shown(value, state.columns[i]?.type)));
      if (isWanted || toEnd) continue;
      state.complete = false;
      return sql.CLOSE;
    }
    return undefined;
  });
  // The server may be gone meanwhile; then there is nothing to cancel.
  const cancel = () => void Promise.resolve(running.cancel()).catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const result: Result = await cursor;
    const columns = columnsOf(result) ?? state.columns;
    return {
      rows: gatherer.end(columns.map(({ name }) => name), state.complete, notes),
      count: result.count,
    };
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/** What the library gives besides the rows; a statement that gives none has no columns. */
interface Result {
  readonly count: number | null;
}

function columnsOf(result: unknown): readonly postgres.Column<string>[] | undefined {
  const { columns, statement } = result as Partial<postgres.RowList<[]>>; // Some batches have neither.
  return columns ?? statement?.columns;
}

/** The oid of bytea in pg_type. */
const BYTEA = 17;

function shown(value: unknown, type: number | undefined): string {
  if (!(value instanceof Uint8Array)) return cell(null);
  if (type === BYTEA) return bytesText((value.length - 2) / 2);
  return cell(Buffer.from(value.buffer, value.byteOffset, value.length).toString("utf8"));
}

/** Errors of the server by their class (PostgreSQL, "PostgreSQL Error Codes") as instructions. */
function explain(error: unknown, { name, host, port, password }: PostgresConfig): unknown {
  if (error instanceof ToolError || !(error instanceof Error)) return error;
  const code = "code" in error ? String(error.code) : "";
  const message = said(hidden(errorText(error), password));
  if (/several|multiple commands/.test(message) && code === "42601") return severalStatements();
  if (code === "25006" || code === "42501") {
    return new ToolError(
      `Database "${name}" refused it: ${message}`,
      code === "25006"
        ? "query_database only reads: use change_database to change something."
        : "Its role has no right to that; the person decides about it.",
    );
  }
  if (code === "57014" || code === "55P03") {
    return new ToolError(
      `Database "${name}" stopped it: ${message}`,
      `A statement may take ${SQL_MS_MAX / 1_000} seconds, and wait ${SQL_LOCK_MS_MAX / 1_000} for others. ` +
        "Ask for less.",
    );
  }
  if (/^(28|3D|53|57)/.test(code) || !/^(?:[0-9]|F0|HV|P0|XX)[0-9A-Z]+$/.test(code)) {
    return new ToolError(
      `Cannot connect to database "${name}" (${host}, port ${port}): ${message}`,
      'The person looks at the server, the role and the password; "clawhammer doctor" tries it.',
    );
  }
  const hint = "hint" in error ? ` The database advises: ${said(hidden(String(error.hint), password))}` : "";
  return new ToolError(
    `Database "${name}" says: ${message} (${code})`,
    `list_tables names tables, and with a table its columns.${hint}`,
  );
}

/** The message without the password, whoever put it there. */
function hidden(message: string, password: string | undefined): string {
  return password === undefined ? message : message.replaceAll(password, "[redacted]");
}
