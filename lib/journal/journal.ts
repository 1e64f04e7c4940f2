/**
 * The journal of changes: a database and a folder of kept contents, shared by every process of the person.
 *
 * An entry is written before its change and closed after it, so a crash in between leaves an entry from
 * which can be seen, together with the files, what happened.
 * @module
 */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { isAlive } from "../alive.ts";
import { errorText, ToolError } from "../errors.ts";
import type { OpenFile } from "../fs/types.ts";
import {
  JOURNAL_BATCH_BYTES,
  JOURNAL_BATCH_FILES,
  JOURNAL_BYTES_MAX,
  JOURNAL_CHANGE_BYTES_MAX,
  JOURNAL_CHANGES_MAX,
  JOURNAL_DAYS_MAX,
  JOURNAL_PENDING_MS_MAX,
  JOURNAL_TIDY_BYTES,
  JOURNAL_TIDY_CHANGES,
} from "../limits.ts";
import { discard, place, readBlob, stageBytes, type Staged, stageFile, tooLarge } from "./blobs.ts";
import { JOURNAL } from "./database.ts";
import { createStore, type Database } from "../sqlite/store.ts";
import { finish, forget, insert, readChange, update } from "./entries.ts";
import { type Bounds, removeFiles, sweep, tidy } from "./tidy.ts";
import type { Change, Images, Journal, Plan, Recording } from "./types.ts";

/** Pages of the database that are given back to the disk at once: some milliseconds. */
const VACUUM_PAGES = 5_000;

/** What a journal is made with. */
export interface JournalOptions {
  /**
   * The folder it is in; made with the first change, closed to other users. Undefined when the machine has
   * no place for it: then every change is refused.
   */
  readonly folder: string | undefined;
  /** Told what the person should know and no call can tell them. */
  readonly warn?: (message: string) => void;
  readonly bounds?: Partial<Bounds>;
  readonly now?: () => Date;
}

/** What the recordings of one journal share. */
interface State {
  readonly database: Database;
  readonly bounds: Bounds;
  readonly now: () => Date;
  readonly warn: (message: string) => void;
  /** Names this process in the entries: `PID:RANDOM`. */
  readonly process: string;
  /** The owners of recordings that are under way here. */
  readonly active: Set<string>;
  /** What was recorded since the journal was last tidied; undefined before the first time. */
  untidied: { bytes: number; changes: number } | undefined;
  recordings: number;
}

/** Makes the journal. Nothing is opened, created or loaded before it is used. */
export function createJournal(options: JournalOptions): Journal {
  const warn = options.warn ?? (() => {});
  const database = createStore(JOURNAL, options.folder, warn);
  const state: State = {
    database,
    warn,
    bounds: {
      bytes: JOURNAL_BYTES_MAX,
      changes: JOURNAL_CHANGES_MAX,
      days: JOURNAL_DAYS_MAX,
      ...options.bounds,
    },
    now: options.now ?? (() => new Date()),
    process: `${process.pid}:${randomBytes(6).toString("hex")}`,
    active: new Set(),
    untidied: undefined,
    recordings: 0,
  };
  const select = async (where: string, ...values: (string | number)[]): Promise<Change[]> => {
    const rows = await database.read((connection) =>
      connection.all(`SELECT * FROM changes WHERE ${where}`, ...values)
    );
    return (rows ?? []).map(readChange);
  };
  return {
    record: (plan) => record(plan, state),
    get: async (id) => (await select("id = ? AND status <> 'preparing'", id))[0],
    list: (limit, before = Number.MAX_SAFE_INTEGER) =>
      select("id < ? AND status <> 'preparing' ORDER BY id DESC LIMIT ?", before, limit),
    later: (id) => select("id > ? AND status = 'done' AND undone_by IS NULL ORDER BY id DESC", id),
    async roots() {
      const rows = await database.read((connection) => connection.all("SELECT DISTINCT roots FROM changes"));
      return [...new Set((rows ?? []).flatMap((row): string[] => JSON.parse(String(row.roots))))];
    },
    unfinished: () => unfinished(state),
    async close(change, happened, after, list) {
      const kept = list === undefined ? undefined : await stageBytes(database.folder, list);
      await database.write((connection) => {
        const [row] = connection.all("SELECT owner FROM changes WHERE id = ?", change.id);
        if (row === undefined) return;
        if (happened && kept !== undefined) place(connection, database.folder, change.id, kept);
        if (happened) finish(connection, change.id, String(row.owner), after);
        else forget(connection, change.id, String(row.owner));
      }, false);
    },
    read: (digest, write) => readBlob(database, digest, write),
    bytes: (digest, max) => keptBytes(database, digest, max),
    tidy: () => tidyUp(state),
    alone: (work) => alone(database, work),
    release: () => database.release(),
  };
}

/** A transaction that records nothing is a lock, which the system takes away from a process that dies. */
async function alone<T>(database: Database, work: () => T): Promise<T> {
  const { outcome } = await database.write(() => {
    // What the work throws is no error of the database, and must not be explained as one.
    try {
      return { outcome: { value: work() } };
    } catch (error) {
      return { outcome: { error } };
    }
  }, false);
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}

function record(plan: Plan, state: State): Recording {
  const { database } = state;
  const owner = `${state.process}:${state.recordings++}`;
  state.active.add(owner);
  const at = state.now().getTime();
  let id: number | undefined;
  let staged: Staged[] = [];
  let waiting = 0;
  let total = 0;
  const write = async (images: Images, final: boolean): Promise<number> => {
    const number = await database.write((connection) => {
      const status = final ? "pending" : "preparing";
      const known = id ?? insert(connection, { plan, images, at, owner, status });
      if (id !== undefined && !update(connection, id, { images, owner, status })) throw replaced(database);
      for (const each of staged) place(connection, database.folder, known, each);
      return known;
    }, final);
    id = number;
    staged = [];
    waiting = 0;
    return number;
  };
  const keep = async (one: Staged): Promise<string> => {
    staged.push(one);
    total += one.size;
    waiting += one.bytes === undefined ? 0 : one.size;
    if (waiting >= JOURNAL_BATCH_BYTES || staged.length >= JOURNAL_BATCH_FILES) await write({}, false);
    return one.digest;
  };
  const end = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      state.warn(`Left change ${id} open in the journal: ${errorText(error)}`);
    }
    state.active.delete(owner);
  };
  return {
    async keepFile(file: OpenFile) {
      const room = JOURNAL_CHANGE_BYTES_MAX - total;
      if (file.info.size > room) throw tooLarge(plan.path);
      return await keep(await stageFile(database.folder, file, room));
    },
    keepBytes: async (bytes) => await keep(await stageBytes(database.folder, bytes)),
    async announce(images) {
      const number = await write(images, true);
      return { ...plan, ...images, id: number, at: new Date(at), status: "pending" };
    },
    async done(after) {
      await end(async () => {
        if (id === undefined) return;
        const number = id;
        await database.write((connection) => {
          for (const each of staged) place(connection, database.folder, number, each);
          finish(connection, number, owner, after);
        }, false);
        staged = [];
      });
      await tidyNowAndThen(state, total);
    },
    async drop() {
      staged.forEach(discard);
      await end(async () => {
        if (id === undefined) return;
        const number = id;
        await database.write((connection) => forget(connection, number, owner), false);
      });
    },
  };
}

function replaced({ folder }: Database): ToolError {
  return new ToolError(
    `Cannot use the journal of changes in "${folder}": it was replaced while the change was recorded`,
    "Nothing was changed. Try again.",
  );
}

/**
 * Entries of processes that have ended. What was still being prepared did not happen and is forgotten here.
 */
async function unfinished(state: State): Promise<Change[]> {
  const { database } = state;
  const open =
    await database.read((connection) =>
      connection.all("SELECT * FROM changes WHERE status <> 'done' ORDER BY id")
    ) ?? [];
  const left = open.filter((row) => isLeft(String(row.owner), Number(row.at), state));
  const unprepared = left.filter((row) => row.status === "preparing");
  if (unprepared.length > 0) {
    await database.write((connection) => {
      for (const { id, owner } of unprepared) forget(connection, Number(id), String(owner));
    }, false);
  }
  return left.filter((row) => row.status === "pending").map(readChange);
}

function isLeft(owner: string, at: number, state: State): boolean {
  if (owner.startsWith(`${state.process}:`)) return !state.active.has(owner);
  if (state.now().getTime() - at > JOURNAL_PENDING_MS_MAX) return true;
  const pid = Number.parseInt(owner);
  // A process of our own number that is not us has ended.
  return pid === process.pid || !isAlive(pid);
}

async function tidyNowAndThen(state: State, bytes: number): Promise<void> {
  if (state.untidied !== undefined) {
    state.untidied.bytes += bytes;
    state.untidied.changes++;
    const { untidied } = state;
    if (untidied.bytes < JOURNAL_TIDY_BYTES && untidied.changes < JOURNAL_TIDY_CHANGES) return;
  }
  await tidyUp(state).catch((error) => state.warn(`Cannot tidy the journal: ${errorText(error)}`));
}

async function tidyUp(state: State): Promise<void> {
  const first = state.untidied === undefined;
  state.untidied = { bytes: 0, changes: 0 };
  const { database, bounds } = state;
  const now = state.now().getTime();
  const files = await database.write((connection) => tidy(connection, bounds, now), true);
  if (files.length > 0) {
    await database.write((connection) => removeFiles(connection, database.folder, files), false);
  }
  if (first) await database.write((connection) => sweep(connection, database.folder, now), false);
  await database.read((connection) => connection.all(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`));
}

async function keptBytes(database: Database, digest: string, max: number): Promise<Uint8Array | undefined> {
  const [row] =
    await database.read((connection) => connection.all("SELECT size FROM blobs WHERE digest = ?", digest)) ??
      [];
  if (row === undefined || Number(row.size) > max) return undefined;
  const pieces: Uint8Array[] = [];
  await readBlob(database, digest, (piece) => {
    pieces.push(Uint8Array.from(piece));
    return Promise.resolve();
  });
  return Buffer.concat(pieces);
}
