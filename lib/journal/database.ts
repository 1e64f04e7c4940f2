/**
 * The database of the journal.
 * @module
 */
import type { StoreKind } from "../sqlite/store.ts";

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

/** The journal as a database of our own. */
export const JOURNAL: StoreKind = {
  name: "journal of changes",
  consequence: "Nothing was changed, because every change is recorded first so that it can be undone.",
  file: "changes.db",
  schema: SCHEMA,
  version: VERSION,
  upgrades: { 1: `ALTER TABLE changes ADD COLUMN title TEXT; PRAGMA user_version = ${VERSION};` },
};
