/**
 * What is told of entities, observations and relations, checked by hand: the published schema says only that
 * they are objects. The names of the official memory server are understood, because models know them.
 * @module
 */
import { ToolError } from "../../lib/errors.ts";
import type { Facts, NewEntity, Observed, Relation, Unwanted } from "../../lib/memory/types.ts";
import { nearest } from "../../lib/nearest.ts";

type Given = Readonly<Record<string, unknown>>;

/** The arguments of `remember` and `forget` as they came. */
interface Told<Entity> {
  readonly entities?: readonly Entity[] | undefined;
  readonly observations?: readonly Given[] | undefined;
  readonly relations?: readonly Given[] | undefined;
}

/** A key, and the other names it goes by. */
type Names = Readonly<Record<string, string>>;

const ENTITY: Names = { name: "name", type: "type", entityType: "type", observations: "observations" };
const OBSERVED: Names = {
  entity: "entity",
  entityName: "entity",
  name: "entity",
  texts: "texts",
  text: "texts",
  contents: "texts",
  observations: "texts",
};
const RELATION: Names = { from: "from", type: "type", relationType: "type", to: "to" };

/** The facts of `remember`. @throws {ToolError} naming what is wrong with which of them. */
export function readFacts({ entities, observations, relations }: Told<Given>): Facts {
  return {
    entities: entities?.map((given, i): NewEntity => {
      const one = keysOf(given, ENTITY, `entities[${i}]`);
      return {
        name: textAt(one, "name"),
        type: one.values.type === undefined ? undefined : textAt(one, "type"),
        observations: one.values.observations === undefined ? undefined : textsAt(one, "observations"),
      };
    }),
    observations: observations?.map(observed),
    relations: relations?.map(relation),
  };
}

/** What `forget` is to remove. @throws {ToolError} naming what is wrong with which of them. */
export function readUnwanted({ entities, observations, relations }: Told<string>): Unwanted {
  return { entities, observations: observations?.map(observed), relations: relations?.map(relation) };
}

function observed(given: Given, i: number): Observed {
  const one = keysOf(given, OBSERVED, `observations[${i}]`);
  return { entity: textAt(one, "entity"), texts: textsAt(one, "texts") };
}

function relation(given: Given, i: number): Relation {
  const one = keysOf(given, RELATION, `relations[${i}]`);
  return { from: textAt(one, "from"), type: textAt(one, "type"), to: textAt(one, "to") };
}

/** An object under the keys that it should have. */
interface Read {
  readonly where: string;
  readonly values: Given;
  readonly form: string;
}

function keysOf(given: Given, names: Names, where: string): Read {
  const keys = [...new Set(Object.values(names))];
  const form = `It has the form {${keys.join(", ")}}.`;
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const key = Object.hasOwn(names, name) ? names[name] : undefined;
    if (key === undefined) {
      const [near] = nearest(name, keys, 1);
      const advice = near === undefined ? "" : `Did you mean "${near}"? `;
      throw new ToolError(`${where} has an unknown key "${name.slice(0, 60)}"`, `${advice}${form}`);
    }
    if (value === null || value === undefined) continue;
    if (values[key] !== undefined) throw new ToolError(`${where} has its "${key}" twice`, form);
    values[key] = value;
  }
  return { where, values, form };
}

function textAt({ where, values, form }: Read, key: string): string {
  const value = values[key];
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  throw new ToolError(`${where}.${key} is ${value === undefined ? "missing" : "no text"}`, form);
}

function textsAt({ where, values, form }: Read, key: string): string[] {
  const value = values[key];
  const list = typeof value === "string" ? [value] : value;
  if (!Array.isArray(list)) {
    throw new ToolError(`${where}.${key} is ${value === undefined ? "missing" : "no list of texts"}`, form);
  }
  return list.map((text, i) => textAt({ where: `${where}.${key}`, values: { [i]: text }, form }, String(i)));
}
