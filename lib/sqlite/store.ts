/**
 * A database of our own in the data folder: opened at the first use, shared by several processes, set aside
 * when damaged. The journal of changes and the memory are such databases.
 * @module
 */
import { constants, statSync } from "node:fs";
import { mkdir, open, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { errorCode, ToolError } from "../errors.ts";
import { STORE_LOCK_MS_MAX } from "../limits.ts";
import { resultCode } from "./code.ts";

/** A row of a result, by the names of its columns. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** Statements inside a transaction. */
export interface Connection {
  all(sql: string, ...values: SQLInputValue[]): Row[];
  /** @returns the number of the row inserted last. */
  run(sql: string, ...values: SQLInputValue[]): number;
  /** @returns how many rows were inserted, changed or removed. */
  alter(sql: string, ...values: SQLInputValue[]): number;
}

/** What a database is for, and how its errors put it. */
export interface StoreKind {
  /** As a person calls it: `journal of changes`. */
  readonly name: string;
  /** What follows for the call when it cannot be used, as a sentence. */
  readonly consequence: string;
  /** The name of the file in its folder. */
  readonly file: string;
  /** Makes the tables, and says at the end which version of them this is. */
  readonly schema: string;
  /** The version, as `user_version`. */
  readonly version: number;
  /** What makes this version of each older one that there has been, and says so at its end. */
  readonly upgrades?: Readonly<Record<number, string>>;
  /** Settings of every connection, beyond the common ones. */
  readonly settings?: string;
  /** Makes the folder; unless given, one that only this user can look into. */
  readonly makeFolder?: (folder: string) => Promise<void>;
}

/** A database of our own. */
export interface Database {
  /** The folder it is in, for what is kept beside it. */
  readonly folder: string;
  /**
   * Runs `work` in a transaction that no other process can come between.
   * @param durable Whether it must have reached the disk when this resolves.
   * @throws {ToolError} when it cannot be written.
   */
  write<T>(work: (connection: Connection) => T, durable: boolean): Promise<T>;
  /** Runs `work`; resolves with undefined when there is no file yet. @throws {ToolError} */
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

/**
 * Milliseconds SQLite itself waits for another process; it blocks everything, so the longer waiting is ours.
 */
const BUSY_MS = 20;

/** Result codes of SQLite (https://sqlite.org/rescode.html) and what they mean to a person. */
const BUSY: ReadonlySet<number> = new Set([5, 6]);
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);
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
 * Describes the database in `folder`, which is created when something is written for the first time.
 * @param folder Undefined when the machine has no place for it: then it cannot be used.
 * @param warn Told when a damaged database was set aside.
 */
export function createStore(
  kind: StoreKind,
  folder: string | undefined,
  warn: (message: string) => void,
): Database {
  if (folder === undefined) return createNoStore(kind);
  const file = join(folder, kind.file);
  let opened: Promise<Opened | undefined> | undefined;

  // Calls follow each other, so that two of them never open it twice.
  const current = (create: boolean): Promise<Opened | undefined> => {
    const before = opened ?? Promise.resolve(undefined);
    opened = before.catch(() => undefined).then((known) => {
      // A file that a person deleted or another process set aside must not be written to any longer.
      if (known !== undefined && identityOf(file) === known.identity) return known;
      known?.database.close();
      return openFile(kind, folder, create);
    });
    return opened;
  };
  const release = () => {
    const leaving = opened;
    opened = undefined;
    leaving?.then((known) => known?.database.close(), () => {});
  };
  const attempt = async <T>(create: boolean, work: (opened: Opened) => T): Promise<T | undefined> => {
    return await patiently(kind, folder, async () => {
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
      if (!DAMAGED.has(resultCode(error))) throw explain(error, kind, folder);
      release();
      await setAside(kind, folder, identity, warn);
    }
    try {
      return await attempt(create, work);
    } catch (error) {
      throw explain(error, kind, folder);
    }
  };
  return {
    folder,
    release,
    read: (work) => mending(false, ({ connection }) => work(connection)),
    async write(work, durable) {
      const box = await mending(true, (known) => ({ result: transact(known, durable, work) }));
      if (box === undefined) throw unusable(kind, folder, "the folder is gone");
      return box.result;
    },
  };
}

function createNoStore({ name, consequence }: StoreKind): Database {
  const refuse = () =>
    Promise.reject(
      new ToolError(
        `Cannot use the ${name}: this machine names no folder for data`,
        `${consequence} The person can set the environment variable HOME for Clawhammer.`,
      ),
    );
  return { folder: "", write: refuse, read: refuse, release: () => {} };
}

/** The error for a database that cannot be used. */
export function unusable({ name, consequence }: StoreKind, folder: string, why: string): ToolError {
  return new ToolError(
    `Cannot use the ${name} in "${folder}": ${why}`,
    `${consequence} The person can make that folder writable, or free some space.`,
  );
}

async function openFile(kind: StoreKind, folder: string, create: boolean): Promise<Opened | undefined> {
  const file = join(folder, kind.file);
  if (!create && identityOf(file) === undefined) return undefined;
  await (kind.makeFolder ?? makeFolder)(folder);
  // SQLite would make it readable to others; what it makes beside it gets the same permissions.
  await (await open(file, constants.O_RDWR | constants.O_CREAT, 0o600)).close();
  const identity = identityOf(file) ?? "";
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(file, { timeout: BUSY_MS });
  try {
    // Both must be set before the first table; on macOS only a full flush reaches the disk.
    database.exec("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA fullfsync = ON;");
    database.exec("PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 8388608;");
    if (kind.settings !== undefined) database.exec(kind.settings);
    const opened = { database, connection: connect(database), identity, durable: false };
    transact(opened, true, (connection) => {
      const version = Number(connection.all("PRAGMA user_version")[0]?.user_version);
      if (version === 0) database.exec(kind.schema);
      else if (version > kind.version) throw newer(kind, folder);
      else database.exec(kind.upgrades?.[version] ?? "");
    });
    return opened;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A folder that only this user can look into, when it was not there before. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
}

function newer({ name, consequence }: StoreKind, folder: string): ToolError {
  return new ToolError(
    `Cannot use the ${name} in "${folder}": a newer Clawhammer wrote it`,
    `${consequence} The person can update this Clawhammer, or move that folder away.`,
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
    alter: (sql, ...values) => Number(prepared(sql).run(...values).changes),
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
async function patiently<T>(kind: StoreKind, folder: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!BUSY.has(resultCode(error))) throw error;
      if (performance.now() - started > STORE_LOCK_MS_MAX) {
        const seconds = STORE_LOCK_MS_MAX / 1000;
        throw unusable(kind, folder, `another process has been writing to it for ${seconds} seconds`);
      }
      await setTimeout(1 + Math.random() * 10);
    }
  }
}

/**
 * Moves a damaged database out of the way with its whole folder, for a person to look at. Another process may
 * have done so already.
 */
async function setAside(
  kind: StoreKind,
  folder: string,
  identity: string | undefined,
  warn: (message: string) => void,
): Promise<void> {
  const present = identityOf(join(folder, kind.file));
  if (present === undefined || identity !== undefined && present !== identity) return;
  const aside = `${folder}-damaged-${new Date().toISOString().replace(/\D/g, "")}`;
  try {
    await rename(folder, aside);
    await stat(aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw explain(error, kind, folder);
  }
  warn(`The ${kind.name} was damaged and is now "${aside}"; a new one begins`);
}

function identityOf(file: string): string | undefined {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
}

/** A system error about a database or its folder as an instruction; any other error as it is. */
export function explain(error: unknown, kind: StoreKind, folder: string): unknown {
  if (error instanceof ToolError) return error;
  const code = resultCode(error);
  const reason = REASONS.get(code === -1 ? errorCode(error) ?? "" : code);
  return reason === undefined ? error : unusable(kind, folder, reason);
}
