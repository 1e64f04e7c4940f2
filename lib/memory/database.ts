/**
 * The database of the memory.
 * @module
 */
import { errorCode, errorText } from "../errors.ts";
import { makePrivate } from "../private.ts";
import { type StoreKind, unusable } from "../sqlite/store.ts";

/**
 * `key` is the name by which an entity is recognised (lib/memory/words.ts). `at` is when something was told
 * first, `changed` when the last thing about it was, in milliseconds since 1970. An empty type is none.
 *
 * `words` finds entities, observations and relations by their words; its row numbers are three times theirs,
 * plus the {@link KINDS kind}. The words arrive folded and separated by spaces, so that the tokenizer only
 * has to cut there, and to take endings off English ones.
 */
const SCHEMA = `
  CREATE TABLE entities (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    at INTEGER NOT NULL,
    changed INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX entities_changed ON entities (changed, id);
  CREATE TABLE observations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity INTEGER NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (entity, text)
  ) STRICT;
  CREATE TABLE relations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source INTEGER NOT NULL,
    type TEXT NOT NULL,
    target INTEGER NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (source, target, type)
  ) STRICT;
  CREATE INDEX relations_target ON relations (target);
  CREATE VIRTUAL TABLE words USING fts5 (body, tokenize = 'porter ascii');
  PRAGMA user_version = 1;
`;

/** What a row of `words` is about: its number modulo three. */
export const KINDS = { entity: 0, observation: 1, relation: 2 } as const;

/** The memory as a database of our own. What is forgotten is overwritten with zeros. */
export const MEMORY: StoreKind = {
  name: "memory",
  consequence: "Nothing was changed in it.",
  file: "memory.db",
  schema: SCHEMA,
  version: 1,
  settings: "PRAGMA secure_delete = ON;",
  async makeFolder(folder) {
    try {
      await makePrivate(folder);
    } catch (error) {
      throw errorCode(error) === undefined ? unusable(MEMORY, folder, errorText(error)) : error;
    }
  },
};
