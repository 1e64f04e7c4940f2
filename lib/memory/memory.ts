/**
 * The memory: a graph of what the model was told to keep, in a database that every process shares.
 * @module
 */
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ToolError } from "../errors.ts";
import { count, sizeText } from "../format.ts";
import { MEMORY_BYTES_MAX, MEMORY_FACTS_MAX } from "../limits.ts";
import { type Connection, createStore } from "../sqlite/store.ts";
import { MEMORY } from "./database.ts";
import { graph, names, recall } from "./recall.ts";
import type { Facts, Memory, Question, Recalled, Unwanted } from "./types.ts";
import { cleanFacts, forget, remember } from "./write.ts";

/** Pages that are given back to the disk when something is forgotten: some milliseconds. */
const VACUUM_PAGES = 2_000;

/** What a memory is made with. */
export interface MemoryOptions {
  /** The folder it is in; made with the first thing remembered. Undefined when there is no place for it. */
  readonly folder: string | undefined;
  /** Told what the person should know and no call can tell them. */
  readonly warn?: (message: string) => void;
  /** Bytes it may have. */
  readonly bytes?: number;
}

/** What an empty memory knows. */
const NOTHING: Recalled = { entities: [], total: 0, unknown: [], size: 0, types: [] };

/** Makes the memory. Nothing is opened, created or loaded before it is used. */
export function createMemory({ folder, warn = () => {}, bytes = MEMORY_BYTES_MAX }: MemoryOptions): Memory {
  const store = createStore(MEMORY, folder, warn);
  return {
    folder,
    release: store.release,
    async remember(facts, options = {}) {
      refuseTooMany("remember", countOf(facts));
      const clean = cleanFacts(facts);
      return await store.write((connection) => {
        const done = remember(connection, clean, options);
        refuseFull(connection, bytes);
        return done;
      }, true);
    },
    async recall(question: Question) {
      const unknown = (question.names ?? []).map((name) => ({ name, nearest: [] }));
      return await store.read((connection) => recall(connection, question)) ?? { ...NOTHING, unknown };
    },
    async forget(unwanted) {
      refuseTooMany("forget", countOf(unwanted));
      // Without this, a memory would be made only to find nothing in it.
      const isThere = await store.read(() => true);
      if (isThere === undefined) return forgetNothing(unwanted);
      const done = await store.write((connection) => erase(connection, unwanted), true);
      // What was erased also stands in the log of the database until this has copied it.
      await store.read((connection) => connection.all("PRAGMA wal_checkpoint(TRUNCATE)"));
      return done;
    },
    async graph(chars) {
      const known = await store.read((connection) => ({ graph: graph(connection, chars) }));
      return known === undefined ? { entities: [], relations: [] } : known.graph;
    },
    names: async (part, limit, skip = 0) =>
      await store.read((connection) => names(connection, part, limit, skip)) ?? [],
    aside: async () => folder === undefined ? [] : await asideOf(folder),
  };
}

function erase(connection: Connection, unwanted: Unwanted) {
  const overwrites = eraseWords(connection);
  const done = forget(connection, unwanted, Date.now());
  // Older editions of SQLite only forget a word when they put the whole index together anew.
  if (!overwrites) connection.run("INSERT INTO words (words) VALUES ('optimize')");
  connection.all(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
  return done;
}

/** Has the index remove words at once (FTS5, `secure-delete`). @returns whether this SQLite can. */
function eraseWords(connection: Connection): boolean {
  try {
    connection.run("INSERT INTO words (words, rank) VALUES ('secure-delete', 1)");
    return true;
  } catch {
    return false;
  }
}

/** @throws {ToolError} when the memory has become larger than it may be; the transaction is taken back. */
function refuseFull(connection: Connection, max: number): void {
  const pragma = (name: string) => Number(Object.values(connection.all(`PRAGMA ${name}`)[0] ?? {})[0]);
  const bytes = (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
  if (bytes <= max) return;
  throw new ToolError(
    `Cannot remember this: the memory would be larger than ${sizeText(max)}`,
    "Nothing was changed in it. Forget entities that are not needed any more.",
  );
}

function refuseTooMany(action: string, facts: number): void {
  if (facts > 0 && facts <= MEMORY_FACTS_MAX) return;
  if (facts === 0) {
    throw new ToolError(
      `There is nothing to ${action}`,
      "Give entities, observations or relations.",
    );
  }
  throw new ToolError(
    `Cannot ${action} ${count(facts)} entities, observations and relations in one call`,
    `Give at most ${count(MEMORY_FACTS_MAX)}, and the rest in further calls.`,
  );
}

/** How many entities, observations and relations there are in the arguments of a call. */
function countOf({ entities = [], observations = [], relations = [] }: Facts | Unwanted): number {
  const told = entities.reduce(
    (sum, one) => sum + 1 + (typeof one === "string" ? 0 : one.observations?.length ?? 0),
    0,
  );
  return told + relations.length + observations.reduce((sum, { texts }) => sum + texts.length, 0);
}

function forgetNothing({ entities = [], observations = [], relations = [] }: Unwanted) {
  return {
    entities: [],
    observations: 0,
    relations: 0,
    absent: {
      entities,
      observations: observations.flatMap(({ entity, texts }) => texts.map((text) => ({ entity, text }))),
      relations,
    },
  };
}

async function asideOf(folder: string): Promise<string[]> {
  const parent = dirname(folder);
  const beside = await readdir(parent).catch((): string[] => []);
  return beside.filter((name) => name.startsWith(`${basename(folder)}-damaged-`)).map((name) =>
    join(parent, name)
  );
}
