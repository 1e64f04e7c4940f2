/**
 * The database of the journal: opened at the first use, shared by several processes, set aside when damaged.
 * @module
 */
import { constants, statSync } from "node:fs";
import { mkdir, open, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { errorCode, ToolError } from "../errors.ts";
import { JOURNAL_LOCK_MS_MAX } from "../limits.ts";

/** A row of a result, by the names of its columns. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** Statements inside a transaction. */
export interface Connection {
  all(sql: string, ...values: SQLInputValue[]): Row[];
  /** @returns the number of the row inserted last. */
  run(sql: string, ...values: SQLInputValue[]): number;
}

/** The database of a journal. */
export interface Database {
  /** The folder of the journal, for what is kept beside the database. */
  readonly folder: string;
  /**
   * Runs `work` in a transaction that no other process can come between.
   * @param durable Whether it must have reached the disk when this resolves.
   * @throws {ToolError} when the journal cannot be written.
   */
  write<T>(work: (connection: Connection) => T, durable: boolean): Promise<T>;
  /** Runs `work`; resolves with undefined when there is no journal yet. @throws {ToolError} */
  read<T>(work: (connection: Connection) => T): Promise<T | undefined>;
  /** Lets go of the database. */
  release(): void;
}

interface Opened {
  readonly database: DatabaseSync;
  readonly connection: Connection;
  /** Which file it is. */
  readonly identity: string;
  durable: boolean;
}

/** The version of {@link SCHEMA}, as `user_version`. */
const VERSION = 2;

/**
 * `status` is "preparing" (still collecting what the change will destroy), "pending" (announced) or "done".
 * `owner` names process and recording. A blob without `bytes` is a file. Whatever a change needs stands in
 * `refs`.
 */
const SCHEMA = `
  CREATE TABLE changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    status TEXT NOT NULL,
    owner TEXT NOT NULL,
    action TEXT NOT NULL,
    path TEXT NOT NULL,
    destination TEXT,
    roots TEXT NOT NULL,
    folders TEXT NOT NULL,
    before TEXT,
    after TEXT,
    undoes INTEGER,
    undone_by INTEGER,
    title TEXT
  ) STRICT;
  CREATE INDEX changes_open ON changes (status) WHERE status <> 'done';
  CREATE TABLE blobs (digest TEXT PRIMARY KEY, size INTEGER NOT NULL, bytes BLOB) STRICT;
  CREATE TABLE refs (change INTEGER, digest TEXT, PRIMARY KEY (change, digest)) STRICT, WITHOUT ROWID;
  CREATE INDEX refs_digest ON refs (digest);
  PRAGMA user_version = ${VERSION};
`;

/** What makes the latest version of each older one. */
const UPGRADES: Readonly<Record<number, string>> = {
  1: `ALTER TABLE changes ADD COLUMN title TEXT; PRAGMA user_version = ${VERSION};`,
};

/**
 * Milliseconds SQLite itself waits for another process; it blocks everything, so the longer waiting is ours.
 */
const BUSY_MS = 20;

/** Result codes of SQLite (https://sqlite.org/rescode.html) and what they mean to a person. */
const BUSY: ReadonlySet<number> = new Set([5, 6]);
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);
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
const REASONS: ReadonlyMap<number | string, string> = new Map<number | string, string>([
  [3, "permission denied"],
  [8, "it is read-only"],
  [10, "the disk reported an error"],
  [13, "the disk is full"],
  [14, "it cannot be opened"],
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["EROFS", "the file system is read-only"],
  ["ENOSPC", "the disk is full"],
  ["EDQUOT", "the disk quota is used up"],
  ["EFBIG", "a file would be too large"],
  ["EIO", "the disk reported an error"],
  ["ENOTDIR", "something on its path is not a folder"],
  ["EEXIST", "something on its path is not a folder"],
  ["ENOENT", "the folder is gone"],
]);

/**
 * Describes the database in `folder`, which is created with the first change.
 * @param warn Told when a damaged database was set aside.
 */
export function createDatabase(folder: string | undefined, warn: (message: string) => void): Database {
  if (folder === undefined) return createNoDatabase();
  const file = join(folder, "changes.db");
  let opened: Promise<Opened | undefined> | undefined;

  // Calls follow each other, so that two of them never open it twice.
  const current = (create: boolean): Promise<Opened | undefined> => {
    const before = opened ?? Promise.resolve(undefined);
    opened = before.catch(() => undefined).then((known) => {
      // A journal that a person deleted or another process set aside must not be written to any longer.
      if (known !== undefined && identityOf(file) === known.identity) return known;
      known?.database.close();
      return openFile(folder, file, create);
    });
    return opened;
  };
  const release = () => {
    const leaving = opened;
    opened = undefined;
    leaving?.then((known) => known?.database.close(), () => {});
  };
  const attempt = async <T>(create: boolean, work: (opened: Opened) => T): Promise<T | undefined> => {
    return await patiently(folder, async () => {
      const known = await current(create);
      return known === undefined ? undefined : work(known);
    });
  };
  const mending = async <T>(create: boolean, work: (opened: Opened) => T): Promise<T | undefined> => {
    let identity: string | undefined;
    try {
      identity = identityOf(file);
      return await attempt(create, work);
    } catch (error) {
      if (!DAMAGED.has(resultCode(error))) throw explain(error, folder);
      release();
      await setAside(folder, file, identity, warn);
    }
    try {
      return await attempt(create, work);
    } catch (error) {
      throw explain(error, folder);
    }
  };
  return {
    folder,
    release,
    read: (work) => mending(false, ({ connection }) => work(connection)),
    async write(work, durable) {
      const box = await mending(true, (known) => ({ result: transact(known, durable, work) }));
      if (box === undefined) throw unusable(folder, "the folder is gone");
      return box.result;
    },
  };
}

function createNoDatabase(): Database {
  const refuse = () =>
    Promise.reject(
      new ToolError(
        "Cannot use the journal of changes: this machine names no folder for data",
        "Nothing was changed, because every change is recorded first so that it can be undone. " +
          "The person can set the environment variable HOME for Clawhammer.",
      ),
    );
  return { folder: "", write: refuse, read: refuse, release: () => {} };
}

/** The error for a journal that cannot be used, and so for every change. */
function unusable(folder: string, why: string): ToolError {
  return new ToolError(
    `Cannot use the journal of changes in "${folder}": ${why}`,
    "Nothing was changed, because every change is recorded first so that it can be undone. " +
      "The person can make that folder writable, or free some space.",
  );
}

async function openFile(folder: string, file: string, create: boolean): Promise<Opened | undefined> {
  if (!create && identityOf(file) === undefined) return undefined;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // SQLite would make it readable to others; what it makes beside it gets the same permissions.
  await (await open(file, constants.O_RDWR | constants.O_CREAT, 0o600)).close();
  const identity = identityOf(file) ?? "";
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(file, { timeout: BUSY_MS });
  try {
    // Both must be set before the first table; on macOS only a full flush reaches the disk.
    database.exec("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA fullfsync = ON;");
    database.exec("PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 8388608;");
    const opened = { database, connection: connect(database), identity, durable: false };
    transact(opened, true, (connection) => {
      const version = Number(connection.all("PRAGMA user_version")[0]?.user_version);
      if (version === 0) database.exec(SCHEMA);
      else if (version > VERSION) throw newer(folder);
      else database.exec(UPGRADES[version] ?? "");
    });
    return opened;
  } catch (error) {
    database.close();
    throw error;
  }
}

function newer(folder: string): ToolError {
  return new ToolError(
    `Cannot use the journal in "${folder}": a newer Clawhammer wrote it`,
    "Nothing was changed. The person can update this Clawhammer, or move that folder away.",
  );
}

function connect(database: DatabaseSync): Connection {
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string) => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  return {
    all: (sql, ...values) => prepared(sql).all(...values),
    run: (sql, ...values) => Number(prepared(sql).run(...values).lastInsertRowid),
  };
}

function transact<T>(opened: Opened, durable: boolean, work: (connection: Connection) => T): T {
  const { database, connection } = opened;
  if (opened.durable !== durable) {
    database.exec(`PRAGMA synchronous = ${durable ? "FULL" : "NORMAL"}`);
    opened.durable = durable;
  }
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work(connection);
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // A full disk can have ended the transaction already.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** Repeats what another process keeps from happening, without blocking this one. */
async function patiently<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!BUSY.has(resultCode(error))) throw error;
      if (performance.now() - started > JOURNAL_LOCK_MS_MAX) {
        throw unusable(
          folder,
          `another process has been writing to it for ${JOURNAL_LOCK_MS_MAX / 1000} seconds`,
        );
      }
      await setTimeout(1 + Math.random() * 10);
    }
  }
}

/**
 * Moves a damaged journal out of the way as a whole, for a person to look at; the files it is about are not
 * touched. Another process may have done so already.
 */
async function setAside(
  folder: string,
  file: string,
  identity: string | undefined,
  warn: (message: string) => void,
): Promise<void> {
  const present = identityOf(file);
  if (present === undefined || identity !== undefined && present !== identity) return;
  const aside = `${folder}-damaged-${new Date().toISOString().replace(/\D/g, "")}`;
  try {
    await rename(folder, aside);
    await stat(aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw explain(error, folder);
  }
  warn(`The journal of changes was damaged and is now "${aside}"; a new one begins`);
}

function identityOf(file: string): string | undefined {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
}

/** The primary result code of SQLite, or -1 for any other error. */
function resultCode(error: unknown): number {
  if (!(error instanceof Error)) return -1;
  if ("errcode" in error && typeof error.errcode === "number") return error.errcode & 0xff;
  // Not every runtime passes on the code of every error, but all of them its text.
  return MESSAGES.find(([text]) => error.message.startsWith(text))?.[1] ?? -1;
}

/** A system error about the journal as an instruction; any other error as it is. */
export function explain(error: unknown, folder: string): unknown {
  if (error instanceof ToolError) return error;
  const code = resultCode(error);
  const reason = REASONS.get(code === -1 ? errorCode(error) ?? "" : code);
  return reason === undefined ? error : unusable(folder, reason);
}
