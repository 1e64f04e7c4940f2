/**
 * Remembering and forgetting, as statements inside one transaction.
 * @module
 */
import type { Connection } from "../sqlite/store.ts";
import { KINDS } from "./database.ts";
import type { Facts, Forgotten, Remembered, RememberOptions, Unwanted } from "./types.ts";
import { keyOf, labelOf, textOf, wordsOf } from "./words.ts";

/** The facts of a call, cleaned. */
interface CleanFacts {
  readonly entities: readonly {
    readonly name: string;
    readonly type: string;
    readonly observations: readonly string[];
    /** Whether it is only named, as that which something was observed of. */
    readonly isMention: boolean;
  }[];
  readonly relations: readonly { from: string; type: string; to: string }[];
}

/**
 * Checks and cleans facts before anything is written.
 * @throws {ToolError} naming the one that cannot be remembered.
 */
export function cleanFacts({ entities = [], relations = [], observations = [] }: Facts): CleanFacts {
  const told = entities.map(({ name, type = "", observations: texts = [] }, i) => ({
    name: labelOf(name, `entities[${i}].name`),
    type: type.trim() === "" ? "" : labelOf(type, `entities[${i}].type`),
    observations: texts.map((text, j) => textOf(text, `entities[${i}].observations[${j}]`)),
    isMention: false,
  }));
  const added = observations.map(({ entity, texts }, i) => ({
    name: labelOf(entity, `observations[${i}].entity`),
    type: "",
    observations: texts.map((text, j) => textOf(text, `observations[${i}].texts[${j}]`)),
    isMention: true,
  }));
  return {
    entities: [...told, ...added],
    relations: relations.map(({ from, type, to }, i) => ({
      from: labelOf(from, `relations[${i}].from`),
      type: labelOf(type, `relations[${i}].type`),
      to: labelOf(to, `relations[${i}].to`),
    })),
  };
}

/** An entity as it is kept. */
interface Row {
  readonly id: number;
  readonly name: string;
  readonly type: string;
}

/** Writes down what is not known yet. */
export function remember(
  connection: Connection,
  { entities, relations }: CleanFacts,
  { at = Date.now(), keepTypes = false }: RememberOptions,
): Remembered {
  const told: string[] = [];
  const mentioned: string[] = [];
  const retyped: { name: string; from: string; to: string }[] = [];
  const kept: { name: string; type: string; told: string }[] = [];
  const known = { entities: 0, observations: 0, relations: 0 };
  const changed = new Set<number>();
  const ensure = (name: string, type: string, isMention: boolean): Row => {
    const row = find(connection, name);
    if (row !== undefined) return row;
    (isMention ? mentioned : told).push(name);
    return insertEntity(connection, name, type, at);
  };
  let observations = 0;
  for (const one of entities) {
    const before = told.length;
    const row = ensure(one.name, one.type, one.isMention);
    if (before === told.length && !one.isMention) known.entities++;
    if (one.type !== "" && one.type !== row.type) {
      if (keepTypes && row.type !== "") kept.push({ name: row.name, type: row.type, told: one.type });
      else {
        if (row.type !== "") retyped.push({ name: row.name, from: row.type, to: one.type });
        retype(connection, row, one.type);
        changed.add(row.id);
      }
    }
    for (const text of one.observations) {
      if (!insertObservation(connection, row.id, text, at)) known.observations++;
      else {
        observations++;
        changed.add(row.id);
      }
    }
  }
  let related = 0;
  for (const { from, type, to } of relations) {
    const [source, target] = [ensure(from, "", true).id, ensure(to, "", true).id];
    if (!insertRelation(connection, source, type, target, at)) known.relations++;
    else {
      related++;
      changed.add(source).add(target);
    }
  }
  touch(connection, changed, at);
  return { entities: told, mentioned, observations, relations: related, known, retyped, kept };
}

/** Removes what is not wanted any more, and everything that belongs to it. */
export function forget(
  connection: Connection,
  { entities = [], observations = [], relations = [] }: Unwanted,
  at: number,
): Forgotten {
  const gone: string[] = [];
  const absent: {
    entities: string[];
    observations: { entity: string; text: string }[];
    relations: { from: string; type: string; to: string }[];
  } = { entities: [], observations: [], relations: [] };
  const changed = new Set<number>();
  let [texts, links] = [0, 0];
  for (const { entity, texts: unwanted } of observations) {
    const row = find(connection, entity);
    for (const text of unwanted) {
      if (row === undefined || !removeObservation(connection, row.id, text)) {
        absent.observations.push({ entity, text });
      } else {
        texts++;
        changed.add(row.id);
      }
    }
  }
  for (const one of relations) {
    const [source, target] = [find(connection, one.from), find(connection, one.to)];
    if (
      source === undefined || target === undefined ||
      !removeRelation(connection, source.id, one.type, target.id)
    ) {
      absent.relations.push(one);
    } else {
      links++;
      changed.add(source.id).add(target.id);
    }
  }
  for (const name of entities) {
    const row = find(connection, name);
    if (row === undefined) absent.entities.push(name);
    else {
      const counts = removeEntity(connection, row.id);
      gone.push(row.name);
      texts += counts.observations;
      links += counts.relations;
      changed.delete(row.id);
    }
  }
  touch(connection, changed, at);
  return { entities: gone, observations: texts, relations: links, absent };
}

/** The entity of a name; capitals make no difference. */
export function find(connection: Connection, name: string): Row | undefined {
  let label: string;
  try {
    label = labelOf(name, "name");
  } catch {
    return undefined;
  }
  const [row] = connection.all("SELECT id, name, type FROM entities WHERE key = ?", keyOf(label));
  return row && { id: Number(row.id), name: String(row.name), type: String(row.type) };
}

function insertEntity(connection: Connection, name: string, type: string, at: number): Row {
  const id = connection.run(
    "INSERT INTO entities (key, name, type, at, changed) VALUES (?, ?, ?, ?, ?)",
    keyOf(name),
    name,
    type,
    at,
    at,
  );
  index(connection, KINDS.entity, id, `${name} ${type}`);
  return { id, name, type };
}

function retype(connection: Connection, { id, name }: Row, type: string): void {
  connection.run("UPDATE entities SET type = ? WHERE id = ?", type, id);
  connection.run("DELETE FROM words WHERE rowid = ?", id * 3 + KINDS.entity);
  index(connection, KINDS.entity, id, `${name} ${type}`);
}

/** @returns whether it is new. */
function insertObservation(connection: Connection, entity: number, text: string, at: number): boolean {
  const sql = "INSERT INTO observations (entity, text, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
  if (connection.alter(sql, entity, text, at) === 0) return false;
  index(connection, KINDS.observation, lastRow(connection), text);
  return true;
}

/** @returns whether it is new. */
function insertRelation(
  connection: Connection,
  source: number,
  type: string,
  target: number,
  at: number,
): boolean {
  const sql = "INSERT INTO relations (source, type, target, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
  if (connection.alter(sql, source, type, target, at) === 0) return false;
  index(connection, KINDS.relation, lastRow(connection), type);
  return true;
}

function index(connection: Connection, kind: number, id: number, text: string): void {
  connection.run("INSERT INTO words (rowid, body) VALUES (?, ?)", id * 3 + kind, wordsOf(text));
}

function lastRow(connection: Connection): number {
  return Number(connection.all("SELECT last_insert_rowid() AS id")[0]?.id);
}

/** @returns whether it was there. */
function removeObservation(connection: Connection, entity: number, told: string): boolean {
  const [row] = connection.all(
    "SELECT id FROM observations WHERE entity = ? AND text = ?",
    entity,
    clean(told, textOf),
  );
  return removeRow(connection, "observation", row?.id);
}

/** @returns whether it was there. */
function removeRelation(connection: Connection, source: number, told: string, target: number): boolean {
  const [row] = connection.all(
    "SELECT id FROM relations WHERE source = ? AND target = ? AND type = ?",
    source,
    target,
    clean(told, labelOf),
  );
  return removeRow(connection, "relation", row?.id);
}

/** Removes a fact with its words. @returns whether it was there. */
function removeRow(connection: Connection, kind: "observation" | "relation", id: unknown): boolean {
  if (id === undefined) return false;
  connection.run("DELETE FROM words WHERE rowid = ?", Number(id) * 3 + KINDS[kind]);
  connection.run(`DELETE FROM ${kind}s WHERE id = ?`, Number(id));
  return true;
}

function removeEntity(connection: Connection, id: number): { observations: number; relations: number } {
  const ends = "source = ?1 OR target = ?1";
  connection.run(
    `DELETE FROM words WHERE rowid IN (
       SELECT id * 3 + ${KINDS.observation} FROM observations WHERE entity = ?1
       UNION ALL SELECT id * 3 + ${KINDS.relation} FROM relations WHERE ${ends}
     )`,
    id,
  );
  connection.run("DELETE FROM words WHERE rowid = ?", id * 3 + KINDS.entity);
  const observations = connection.alter("DELETE FROM observations WHERE entity = ?", id);
  const relations = connection.alter(`DELETE FROM relations WHERE ${ends}`, id);
  connection.run("DELETE FROM entities WHERE id = ?", id);
  return { observations, relations };
}

function touch(connection: Connection, ids: ReadonlySet<number>, at: number): void {
  for (const id of ids) {
    connection.run("UPDATE entities SET changed = max(changed, ?) WHERE id = ?", at, id);
  }
}

/** What was told as it would have been kept; what could never be kept is nowhere. */
function clean(told: string, rule: (text: string, where: string) => string): string {
  try {
    return rule(told, "");
  } catch {
    return "";
  }
}
