/**
 * Reads the file of the official memory server: lines of JSON, each an entity or a relation. What is wrong
 * with a line keeps no other from being read.
 * @module
 */
import { readFileSync, statSync } from "node:fs";
import { errorText, ToolError } from "../errors.ts";
import { count, sizeText } from "../format.ts";
import { MEMORY_FACTS_MAX, MEMORY_FAULTS_MAX, MEMORY_FILE_BYTES_MAX } from "../limits.ts";
import { isRecord } from "../record.ts";
import type { Facts, Memory, Observed, Relation, Remembered } from "./types.ts";
import { keyOf, labelOf, textOf } from "./words.ts";

/** What such a file holds. */
export interface OfficialFile {
  readonly path: string;
  /** When it was last written, in milliseconds since 1970. */
  readonly at: number;
  readonly entities: readonly { readonly name: string; readonly type: string }[];
  readonly observations: readonly { readonly entity: string; readonly text: string }[];
  readonly relations: readonly Relation[];
  /** What cannot be taken over, in the order of the lines. */
  readonly faults: readonly { readonly line: number; readonly why: string }[];
  /** Names that were told from each other only by capitals, spaces or invisible characters. */
  readonly merged: readonly { readonly name: string; readonly into: string }[];
  /** Fields that the official server does not know, either. */
  readonly fields: readonly string[];
}

/** What is gathered while a file is read. */
interface Gathered {
  readonly entities: { name: string; type: string }[];
  readonly observations: { entity: string; text: string }[];
  readonly relations: Relation[];
  readonly faults: { line: number; why: string }[];
  readonly names: Map<string, string>;
  readonly merged: Map<string, string>;
  readonly fields: Set<string>;
}

/**
 * Reads a file.
 * @throws {ToolError} when there is none, it is too large, or nothing in it can be understood.
 */
export function readOfficialFile(path: string): OfficialFile {
  const next = "Nothing was changed";
  let at: number;
  let text: string;
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw new ToolError(`"${path}" is no file`, next);
    if (stats.size > MEMORY_FILE_BYTES_MAX) {
      throw new ToolError(
        `"${path}" has ${sizeText(stats.size)}, more than ${sizeText(MEMORY_FILE_BYTES_MAX)}`,
        next,
      );
    }
    at = Math.floor(stats.mtimeMs);
    text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    if (error instanceof ToolError) throw error;
    const why = error instanceof TypeError ? "it is no UTF-8 text" : errorText(error);
    throw new ToolError(`"${path}" cannot be read: ${why}`, next);
  }
  const gathered = gather(text);
  if (gathered.faults.length > MEMORY_FAULTS_MAX) {
    throw new ToolError(
      `"${path}" has more than ${count(MEMORY_FAULTS_MAX)} faults, so it is hardly a memory`,
      next,
    );
  }
  const { names: _, merged, fields, ...rest } = gathered;
  const [fault] = rest.faults;
  if (fault !== undefined && rest.entities.length === 0 && rest.relations.length === 0) {
    throw new ToolError(`nothing in "${path}" can be read; line ${fault.line}: ${fault.why}`, next);
  }
  return {
    path,
    at,
    ...rest,
    merged: [...merged].map(([name, into]) => ({ name, into })),
    fields: [...fields].sort(),
  };
}

/**
 * Remembers what a file holds. Doing it again changes nothing.
 * @returns what was new and what was known, in all.
 */
export async function importOfficial(file: OfficialFile, memory: Memory): Promise<Remembered> {
  const units: Facts[] = [
    ...file.entities.map((one): Facts => ({ entities: [one] })),
    ...file.observations.map(({ entity, text }): Facts => ({ observations: [{ entity, texts: [text] }] })),
    ...file.relations.map((one): Facts => ({ relations: [one] })),
  ];
  const sums = { observations: 0, relations: 0 };
  const known = { entities: 0, observations: 0, relations: 0 };
  const [entities, mentioned]: [string[], string[]] = [[], []];
  const kept: Remembered["kept"][number][] = [];
  for (let i = 0; i < units.length; i += MEMORY_FACTS_MAX) {
    const facts = together(units.slice(i, i + MEMORY_FACTS_MAX));
    const done = await memory.remember(facts, { at: file.at, keepTypes: true });
    entities.push(...done.entities);
    mentioned.push(...done.mentioned);
    kept.push(...done.kept);
    sums.observations += done.observations;
    sums.relations += done.relations;
    known.entities += done.known.entities;
    known.observations += done.known.observations;
    known.relations += done.known.relations;
  }
  return { entities, mentioned, ...sums, known, retyped: [], kept };
}

function together(units: readonly Facts[]): Facts {
  return {
    entities: units.flatMap(({ entities = [] }) => entities),
    observations: units.flatMap(({ observations = [] }): readonly Observed[] => observations),
    relations: units.flatMap(({ relations = [] }) => relations),
  };
}

function gather(text: string): Gathered {
  const gathered: Gathered = {
    entities: [],
    observations: [],
    relations: [],
    faults: [],
    names: new Map(),
    merged: new Map(),
    fields: new Set(),
  };
  let number = 0;
  for (let from = 0; from < text.length && gathered.faults.length <= MEMORY_FAULTS_MAX;) {
    // Taken one by one: millions of empty lines would cost gigabytes as a list.
    const end = text.indexOf("\n", from);
    const line = text.slice(from, end < 0 ? text.length : end);
    from = end < 0 ? text.length : end + 1;
    number++;
    if (line.trim() === "") continue;
    try {
      readLine(line, number, gathered);
    } catch (error) {
      gathered.faults.push({ line: number, why: faultOf(error) });
    }
  }
  return gathered;
}

function faultOf(error: unknown): string {
  if (error instanceof SyntaxError) return "it is no JSON";
  return error instanceof RangeError ? "it is nested too deeply" : errorText(error).split("\n")[0] ?? "";
}

/** @throws {Error} when nothing of the line can be taken. */
function readLine(line: string, number: number, gathered: Gathered): void {
  const value: unknown = JSON.parse(line);
  if (!isRecord(value)) throw new Error("it is no object");
  const { type, ...rest } = value;
  if (type === "entity") {
    const { name, entityType = "", observations = [], ...others } = rest;
    const label = nameAt(name, "its name", gathered);
    gathered.entities.push({ name: label, type: entityType === "" ? "" : labelAt(entityType, "its type") });
    for (const field of Object.keys(others)) gathered.fields.add(field);
    if (!Array.isArray(observations)) throw new Error("its observations are no list");
    for (const [i, one] of observations.entries()) {
      if (gathered.faults.length > MEMORY_FAULTS_MAX) return;
      try {
        gathered.observations.push({ entity: label, text: textOf(stringOf(one), `observation ${i + 1}`) });
      } catch (error) {
        gathered.faults.push({
          line: number,
          why: faultOf(error).replace("the value", `observation ${i + 1}`),
        });
      }
    }
  } else if (type === "relation") {
    const { from, to, relationType, ...others } = rest;
    gathered.relations.push({
      from: nameAt(from, "its start", gathered),
      type: labelAt(relationType, "its type"),
      to: nameAt(to, "its end", gathered),
    });
    for (const field of Object.keys(others)) gathered.fields.add(field);
  } else {
    const kind = typeof type === "string" ? `"${type.slice(0, 40)}"` : "none";
    throw new Error(`its type is ${kind}, neither "entity" nor "relation"`);
  }
}

/** A name, under the form in which it came first. */
function nameAt(value: unknown, where: string, { names, merged }: Gathered): string {
  const given = stringOf(value, where);
  const label = labelOf(given, where);
  const first = names.get(keyOf(label));
  if (first === undefined) names.set(keyOf(label), given);
  else if (first !== given) merged.set(given, first);
  return label;
}

function labelAt(value: unknown, where: string): string {
  return labelOf(stringOf(value, where), where);
}

function stringOf(value: unknown, where = "the value"): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new Error(`${where} is ${value === undefined ? "missing" : "no text"}`);
}
