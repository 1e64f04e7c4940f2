/**
 * Recalling: finding entities by name and by words, and reading what is known of them.
 * @module
 */
import { MEMORY_HITS_MAX, MEMORY_NAMES_MAX } from "../limits.ts";
import { nearest } from "../nearest.ts";
import type { Connection } from "../sqlite/store.ts";
import { KINDS } from "./database.ts";
import type { Entity, Fact, Graph, Question, Recalled } from "./types.ts";
import { keyOf, type Term, termsOf } from "./words.ts";
import { find } from "./write.ts";

/** How much a word in a name or type counts against one in an observation or relation. */
const NAME_WEIGHT = 3;
/** How much the beginning of a word counts against the whole word. */
const BEGINNING_WEIGHT = 0.5;

/** Where a query was found. */
interface Hits {
  /** How well each entity answers it, by number. */
  readonly scores: ReadonlyMap<number, number>;
  /** Observations and relations with one of the words, as rows of `words`. */
  readonly rows: ReadonlyMap<number, number>;
}

/** Answers a question. */
export function recall(connection: Connection, question: Question): Recalled {
  const { query = "", names = [], skip = 0, limit } = question;
  const hits = query.trim() === "" ? undefined : search(connection, query);
  const named = [...new Set(names)].map((name) => ({ name, row: find(connection, name) }));
  const single = named.length === 1;
  const unknown = named.filter(({ row }) => row === undefined).map(({ name }) => ({
    name,
    nearest: nearest(name, someNames(connection)),
  }));
  let ids: number[];
  let total: number;
  if (named.length > 0) {
    const all = [...new Set(named.flatMap(({ row }) => row?.id ?? []))];
    ids = single ? all : all.slice(skip, skip + limit);
    total = all.length;
  } else if (hits !== undefined) {
    const best = ranked(connection, hits.scores, query);
    ids = best.slice(skip, skip + limit);
    total = best.length;
  } else {
    const rows = connection.all(
      "SELECT id FROM entities ORDER BY changed DESC, id DESC LIMIT ? OFFSET ?",
      limit,
      skip,
    );
    ids = rows.map(({ id }) => Number(id));
    total = size(connection);
  }
  const range = { skip: single ? skip : 0, count: question.facts };
  return {
    entities: ids.map((id) => read(connection, id, range, hits?.rows)),
    total,
    unknown,
    size: size(connection),
    types: hits === undefined && named.length === 0 ? types(connection) : [],
  };
}

/**
 * Finds a query. An entity scores for each word that it has anywhere: a rare word more than a frequent one
 * (the inverse document frequency of BM25), a word of its name or type more than one of an observation, and a
 * whole word more than its beginning. Only the best place of each word counts, so that saying something often
 * wins nothing.
 */
function search(connection: Connection, query: string): Hits {
  const scores = new Map<number, number>();
  const rows = new Map<number, number>();
  const [all] = connection.all(
    `SELECT (SELECT count(*) FROM entities) + (SELECT count(*) FROM observations) +
     (SELECT count(*) FROM relations) AS n`,
  );
  for (const term of termsOf(query)) {
    const best = new Map<number, number>();
    const { found, exact } = places(connection, term);
    const rarity = Math.log(1 + (Number(all?.n) - found.length + 0.5) / (found.length + 0.5));
    for (const { row, ends } of found) {
      const weight = (row % 3 === KINDS.entity ? NAME_WEIGHT : 1) * (exact.has(row) ? 1 : BEGINNING_WEIGHT);
      rows.set(row, (rows.get(row) ?? 0) + rarity * weight);
      for (const id of ends) best.set(id, Math.max(best.get(id) ?? 0, rarity * weight));
    }
    for (const [id, score] of best) scores.set(id, (scores.get(id) ?? 0) + score);
  }
  return { scores, rows };
}

/** Where a word is: rows of `words`, and the entities each of them is about. */
function places(connection: Connection, { exact, prefix }: Term) {
  const found = connection.all(
    `SELECT words.rowid AS row, observations.entity AS entity, source, target
     FROM words
     LEFT JOIN observations ON words.rowid % 3 = ${KINDS.observation} AND observations.id = words.rowid / 3
     LEFT JOIN relations ON words.rowid % 3 = ${KINDS.relation} AND relations.id = words.rowid / 3
     WHERE words MATCH ? LIMIT ${MEMORY_HITS_MAX}`,
    prefix,
  ).map(({ row, entity, source, target }) => ({
    row: Number(row),
    ends: Number(row) % 3 === KINDS.entity
      ? [Math.floor(Number(row) / 3)]
      : [entity, source, target].flatMap((end) => typeof end === "number" ? [end] : []),
  }));
  const whole = exact === prefix ? found : connection.all(
    `SELECT rowid AS row FROM words WHERE words MATCH ? LIMIT ${MEMORY_HITS_MAX}`,
    exact,
  );
  return { found, exact: new Set(whole.map(({ row }) => Number(row))) };
}

/** The entities of a search, best first: one of exactly this name before all, then by score and age. */
function ranked(connection: Connection, scores: ReadonlyMap<number, number>, query: string): number[] {
  const exact = find(connection, query)?.id;
  const all = new Map(scores);
  if (exact !== undefined) all.set(exact, Infinity);
  return [...all].sort(([a, x], [b, y]) => (y === x ? b - a : y - x)).map(([id]) => id);
}

function read(
  connection: Connection,
  id: number,
  { skip, count }: { skip: number; count: number },
  hits: ReadonlyMap<number, number> | undefined,
): Entity {
  const [row] = connection.all("SELECT name, type, changed FROM entities WHERE id = ?", id);
  const [sums] = connection.all(
    `SELECT (SELECT count(*) FROM observations WHERE entity = ?1) AS observations,
     (SELECT count(*) FROM relations WHERE source = ?1 OR target = ?1) AS relations`,
    id,
  );
  return {
    name: String(row?.name),
    type: String(row?.type),
    changed: Number(row?.changed),
    observations: Number(sums?.observations),
    relations: Number(sums?.relations),
    facts: facts(connection, id, skip, count, hits),
  };
}

/** Some facts of an entity in their order; only their numbers are sorted, not their texts. */
function facts(
  connection: Connection,
  id: number,
  skip: number,
  count: number,
  hits: ReadonlyMap<number, number> | undefined,
): Fact[] {
  const rows = connection.all(
    `SELECT id * 3 + ${KINDS.observation} AS row FROM observations WHERE entity = ?1
     UNION ALL SELECT id * 3 + ${KINDS.relation} FROM relations WHERE source = ?1 OR target = ?1`,
    id,
  ).map(({ row }) => Number(row));
  const score = (row: number) => hits?.get(row) ?? 0;
  const order = (a: number, b: number) => score(b) - score(a) || (a % 3) - (b % 3) || b - a;
  return rows.sort(order).slice(skip, skip + count).flatMap((row) => factOf(connection, id, row));
}

function factOf(connection: Connection, id: number, row: number): Fact[] {
  const number = Math.floor(row / 3);
  if (row % 3 === KINDS.observation) {
    const [one] = connection.all("SELECT text, at FROM observations WHERE id = ?", number);
    return one === undefined ? [] : [{ kind: "observation", text: String(one.text), at: Number(one.at) }];
  }
  const [one] = connection.all(
    `SELECT relations.type AS type, source, name FROM relations
     JOIN entities ON entities.id = iif(source = ?2, target, source) WHERE relations.id = ?1`,
    number,
    id,
  );
  if (one === undefined) return [];
  const kind = Number(one.source) === id ? "to" : "from";
  return [{ kind, type: String(one.type), other: String(one.name) }];
}

function size(connection: Connection): number {
  return Number(connection.all("SELECT count(*) AS n FROM entities")[0]?.n);
}

function types(connection: Connection): { type: string; count: number }[] {
  return connection.all(
    "SELECT type, count(*) AS n FROM entities WHERE type <> '' GROUP BY type ORDER BY n DESC, type LIMIT 20",
  ).map(({ type, n }) => ({ type: String(type), count: Number(n) }));
}

function someNames(connection: Connection): string[] {
  return connection.all("SELECT name FROM entities ORDER BY changed DESC LIMIT ?", MEMORY_NAMES_MAX)
    .map(({ name }) => String(name));
}

/** Names that contain a text, those that begin with it first, then the latest. */
export function names(connection: Connection, part: string, limit: number, skip: number): string[] {
  const rows = connection.all(
    `SELECT name FROM entities WHERE instr(key, ?1) > 0
     ORDER BY instr(key, ?1), changed DESC, id DESC LIMIT ?2 OFFSET ?3`,
    keyOf(part),
    limit,
    skip,
  );
  return rows.map(({ name }) => String(name));
}

/** Everything; undefined when it would be too long. */
export function graph(connection: Connection, chars: number): Graph | undefined {
  const [sum] = connection.all(
    `SELECT (SELECT total(length(name) + length(type)) FROM entities) +
     (SELECT total(length(text)) FROM observations) +
     (SELECT total(length(type)) FROM relations) AS chars`,
  );
  if (Number(sum?.chars) > chars) return undefined;
  const entities = new Map(
    connection.all("SELECT id, name, type FROM entities ORDER BY id").map(({ id, name, type }) => [
      Number(id),
      { name: String(name), entityType: String(type), observations: new Array<string>() },
    ]),
  );
  for (const { entity, text } of connection.all("SELECT entity, text FROM observations ORDER BY id")) {
    entities.get(Number(entity))?.observations.push(String(text));
  }
  const relations = connection.all("SELECT source, type, target FROM relations ORDER BY id");
  return {
    entities: [...entities.values()],
    relations: relations.map(({ source, type, target }) => ({
      from: entities.get(Number(source))?.name ?? "",
      to: entities.get(Number(target))?.name ?? "",
      relationType: String(type),
    })),
  };
}
