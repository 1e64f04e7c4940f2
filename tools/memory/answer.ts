/**
 * What the tools of the memory answer.
 * @module
 */
import { ToolError } from "../../lib/errors.ts";
import { count, counted, localTimes } from "../../lib/format.ts";
import {
  MEMORY_FACT_CHARS,
  MEMORY_FACTS_MAX,
  MEMORY_FACTS_SHOWN,
  MEMORY_PAGE_DEFAULT,
  MEMORY_QUERY_CHARS_MAX,
  REPLY_CHARS_MAX,
} from "../../lib/limits.ts";
import type { Entity, Fact, Forgotten, Memory, Recalled, Remembered } from "../../lib/memory/types.ts";
import { cleanOutside, markOutside } from "../../lib/outside.ts";
import { clip, type Reply, text } from "../../lib/reply.ts";
import type { Context } from "../../lib/tool.ts";
import { readFacts, readUnwanted } from "./shapes.ts";

/** What `recall` is asked. */
export interface Wish {
  readonly query?: string | undefined;
  readonly names?: readonly string[] | undefined;
  readonly offset?: number | undefined;
  readonly limit?: number | undefined;
}

/** Characters kept free in a reply for what stands around the memories. */
const FRAME_CHARS = 3_000;
/** Names that one sentence lists. */
const NAMES_SHOWN = 30;

// --- Remembering ---

/** Remembers, and says what was new. */
export async function rememberText(told: Parameters<typeof readFacts>[0], memory: Memory): Promise<Reply> {
  return text(describe(await memory.remember(readFacts(told))));
}

function describe({ entities, mentioned, observations, relations, known, retyped }: Remembered): string {
  const all = [...entities, ...mentioned];
  const fresh = sum(all.length, observations, relations);
  const old = sum(known.entities, known.observations, known.relations);
  return [
    fresh === "" ? "Nothing of this is new." : `Remembered: ${fresh}.`,
    ...(all.length === 0 ? [] : [`New: ${listing(all)}.`]),
    ...(mentioned.length === 0
      ? []
      : [`Only mentioned so far, so check the spelling: ${listing(mentioned)}.`]),
    ...retyped.map(({ name, from, to }) =>
      `The type of ${quote(name)} was ${quote(from)}, now ${quote(to)}.`
    ),
    ...(old === "" ? [] : [`Known already: ${old}.`]),
  ].join("\n");
}

function sum(entities: number, observations: number, relations: number): string {
  return [
    ...(entities === 0 ? [] : [counted(entities, "entity", "entities")]),
    ...(observations === 0 ? [] : [counted(observations, "observation")]),
    ...(relations === 0 ? [] : [counted(relations, "relation")]),
  ].join(", ");
}

// --- Forgetting ---

/** Forgets, and says what was there and what was not. */
export async function forgetText(told: Parameters<typeof readUnwanted>[0], memory: Memory): Promise<Reply> {
  const done = await memory.forget(readUnwanted(told));
  const lines = [
    forgotten(done),
    ...await absentEntities(done.absent.entities, memory),
    ...some(done.absent.observations).map(({ entity, text }) =>
      `Not there: ${quote(text)} is no observation of ${quote(entity)}. ${look(entity)}`
    ),
    ...some(done.absent.relations).map(({ from, type, to }) =>
      `Not there: no relation ${quote(`${from} ${type} ${to}`)}. ${look(from)}`
    ),
    ...rest(done.absent.observations, "observation"),
    ...rest(done.absent.relations, "relation"),
  ];
  return text(lines.join("\n"));
}

function forgotten({ entities, observations, relations }: Forgotten): string {
  const what = sum(entities.length, observations, relations);
  if (what === "") return "Nothing was forgotten.";
  const names = entities.length === 0 ? "" : ` Gone with all about them: ${listing(entities)}.`;
  return `Forgotten for good: ${what}.${names}`;
}

async function absentEntities(names: readonly string[], memory: Memory): Promise<string[]> {
  if (names.length === 0) return [];
  const asked = await memory.recall({ names: some(names), limit: NAMES_SHOWN, facts: 0 });
  return [...asked.unknown.map(unknownText), ...rest(names, "name")];
}

function some<T>(list: readonly T[]): readonly T[] {
  return list.slice(0, NAMES_SHOWN);
}

function rest(list: readonly unknown[], noun: string): string[] {
  return list.length > NAMES_SHOWN
    ? [`Not there, too: ${counted(list.length - NAMES_SHOWN, noun)} more.`]
    : [];
}

function look(name: string): string {
  return `recall ${JSON.stringify({ names: [shown(name)] })} shows what is there.`;
}

// --- Recalling ---

/** Recalls, within one reply, and says how to get the rest. */
export async function recallText(wish: Wish, { memory, timeZone }: Context): Promise<Reply> {
  const { query, names = [], offset = 1, limit = MEMORY_PAGE_DEFAULT } = wish;
  refuseLong(query, names);
  const single = new Set(names).size === 1;
  const recalled = await memory.recall({
    query,
    names,
    limit,
    skip: offset - 1,
    facts: single ? MEMORY_FACTS_MAX : MEMORY_FACTS_SHOWN,
  });
  const { entities, unknown, size, types } = recalled;
  if (size === 0) return text(await emptyText(memory));
  const day = localTimes(timeZone);
  const paged = single ? whole(recalled, wish, day) : page(recalled, wish, day);
  const absent = some(unknown).map(unknownText);
  const facts = [
    heading(recalled, wish),
    ...(paged.blocks.length === 0
      ? []
      : [markOutside("the memory", [...paged.blocks, ...typesLine(types)].join("\n\n"))]),
    ...(entities.length > 0 || names.length > 0 ? [] : [nothingText(recalled, wish)]),
    ...absent,
    ...rest(unknown, "name"),
  ];
  return text(facts.filter((line) => line !== "").join("\n"), paged.more);
}

/** One entity as far as it fits, for a resource. @throws {ToolError} when it is not known. */
export async function entityText(name: string, { memory, timeZone }: Context): Promise<string> {
  const recalled = await memory.recall({ names: [name], limit: 1, facts: MEMORY_FACTS_MAX });
  const [unknown] = recalled.unknown;
  if (unknown !== undefined) {
    throw new ToolError(`Nothing is remembered of ${quote(name)}`, "The tool recall finds it by its words.");
  }
  const { blocks, more } = whole(recalled, { names: [name] }, localTimes(timeZone));
  return [markOutside("the memory", blocks.join("\n")), ...(more === undefined ? [] : [more])].join("\n");
}

interface Page {
  readonly blocks: readonly string[];
  readonly more?: string;
}

/** One entity with as many facts as fit. */
function whole({ entities: [entity] }: Recalled, wish: Wish, day: (at: Date) => string): Page {
  if (entity === undefined) return { blocks: [] };
  const { offset = 1 } = wish;
  const total = entity.observations + entity.relations;
  const lines = [title(entity, day)];
  let used = 0;
  for (const fact of entity.facts) {
    const line = factLine(entity, fact, day);
    used += line.length + 1;
    if (lines.length > 1 && used > REPLY_CHARS_MAX - FRAME_CHARS) break;
    lines.push(line);
  }
  const last = offset + lines.length - 2;
  if (last >= total && (lines.length > 1 || offset === 1)) return { blocks: [lines.join("\n")] };
  const seen = lines.length === 1
    ? `It has only ${counted(total, "fact")}.`
    : `${span(offset, last, total)} facts.`;
  return { blocks: [lines.join("\n")], more: `${seen} ${next(wish, last < offset ? 1 : last + 1)}` };
}

/** Several entities, each with some facts, as many as fit. */
function page({ entities, total }: Recalled, wish: Wish, day: (at: Date) => string): Page {
  const { offset = 1 } = wish;
  const blocks: string[] = [];
  let used = 0;
  for (const entity of entities) {
    const block = blockOf(entity, day);
    used += block.length + 2;
    if (blocks.length > 0 && used > REPLY_CHARS_MAX - FRAME_CHARS) break;
    blocks.push(block);
  }
  const last = offset + blocks.length - 1;
  if (last >= total && (blocks.length > 0 || total === 0)) return { blocks };
  const seen = blocks.length === 0
    ? `There are only ${counted(total, "entity", "entities")}.`
    : `${span(offset, last, total)} entities.`;
  return { blocks, more: `${seen} ${next(wish, blocks.length === 0 ? 1 : last + 1)}` };
}

function span(first: number, last: number, total: number): string {
  return `Shown: ${count(first)} to ${count(last)} of ${count(total)}`;
}

function next(wish: Wish, offset: number): string {
  return `${offset === 1 ? "From the first" : "The rest"}: recall ${JSON.stringify({ ...wish, offset })}`;
}

function blockOf(entity: Entity, day: (at: Date) => string): string {
  const left = entity.observations + entity.relations - entity.facts.length;
  return [
    title(entity, day),
    ...entity.facts.map((fact) => clip(factLine(entity, fact, day), MEMORY_FACT_CHARS)),
    ...(left > 0
      ? [`- [${count(left)} more: recall ${JSON.stringify({ names: [shown(entity.name)] })}]`]
      : []),
  ].join("\n");
}

function title({ name, type, changed, observations, relations }: Entity, day: (at: Date) => string): string {
  const facts = sum(0, observations, relations);
  return `${shown(name)}${type === "" ? "" : ` (${shown(type)})`}: ${
    facts === "" ? "no facts" : facts
  }; last told ${dayOf(changed, day)}`;
}

/** A fact as `forget` takes it back: the text of an observation, or the three parts of a relation. */
function factLine({ name }: Entity, fact: Fact, day: (at: Date) => string): string {
  switch (fact.kind) {
    case "observation":
      return `- ${dayOf(fact.at, day)}: ${cleanOutside(fact.text).replaceAll("\n", "\n  ")}`;
    case "to":
      return `- ${quote(name)} ${shown(fact.type)} ${quote(fact.other)}`;
    case "from":
      return `- ${quote(fact.other)} ${shown(fact.type)} ${quote(name)}`;
  }
}

function heading({ total, size }: Recalled, { query = "", names = [] }: Wish): string {
  if (names.length > 0) return "";
  if (query.trim() === "") return `${counted(size, "entity", "entities")}, the latest first.`;
  return total === 0 ? "" : `${counted(total, "entity", "entities")} for ${quote(query)}, the best first.`;
}

function typesLine(types: Recalled["types"]): string[] {
  const kinds = types.map(({ type, count }) => `${clip(shown(type), 40)} (${count})`).join(", ");
  return kinds === "" ? [] : [`Types: ${kinds}`];
}

function nothingText({ size }: Recalled, { query = "" }: Wish): string {
  return query.trim() === ""
    ? ""
    : `Nothing is remembered with ${
      quote(query)
    }. Try other or fewer words; recall without arguments shows the ` +
      `latest of ${counted(size, "entity", "entities")}.`;
}

async function emptyText(memory: Memory): Promise<string> {
  const aside = await memory.aside();
  const damaged = aside.map((path) =>
    `Memories that were found damaged are kept in "${path}": tell the person.`
  );
  return ["Nothing is remembered yet.", ...damaged].join("\n");
}

function unknownText({ name, nearest }: Recalled["unknown"][number]): string {
  const near = nearest.length === 0 ? "" : ` Nearest: ${nearest.map(quote).join(", ")}.`;
  return `Not there: ${quote(name)}.${near}`;
}

function refuseLong(query = "", names: readonly string[]): void {
  if (query.length > MEMORY_QUERY_CHARS_MAX) {
    throw new ToolError(
      `The query has ${count(query.length)} characters, more than ${count(MEMORY_QUERY_CHARS_MAX)}`,
      "Give a few words.",
    );
  }
  if (names.length > MEMORY_FACTS_MAX) {
    throw new ToolError(
      `There are ${count(names.length)} names, more than ${count(MEMORY_FACTS_MAX)}`,
      "Ask for fewer at a time.",
    );
  }
}

function listing(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return some(names).map(quote).join(", ") + (more > 0 ? `, and ${count(more)} more` : "");
}

function quote(label: string): string {
  return `"${clip(shown(label), 200)}"`;
}

function shown(label: string): string {
  return cleanOutside(label).replace(/\s+/g, " ");
}

/** The day of a moment in the person's time zone. */
function dayOf(at: number, day: (at: Date) => string): string {
  return day(new Date(at)).slice(0, 10);
}
