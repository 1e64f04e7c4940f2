/**
 * Learning what files define, by loading each in a worker: a few get a process of their own, which then stays
 * warm for their calls; many share one, as long as they behave.
 * @module
 */
import { z } from "zod";
import { isDeclared, parseDeclaration } from "../declared/parse.ts";
import { errorText, ToolError } from "../errors.ts";
import { USER_DESCRIBE_BATCH, USER_DESCRIBE_WARM_MAX, USER_LOAD_MS_MAX } from "../limits.ts";
import { describeEnding, WorkerEndedError } from "../worker/child.ts";
import type { Pool } from "../worker/pool.ts";
import type { LoadProblem } from "./explain.ts";
import type { Sources } from "./folder.ts";
import { type FileData, NAME, PREFIX, TIMEOUT_MS_MAX } from "./types.ts";

/** A file whose contents are new. */
export interface Found {
  readonly file: string;
  readonly sources: Sources;
}

/** What became of it: one of the two. */
export interface Described extends Found {
  readonly data?: FileData;
  readonly problem?: LoadProblem;
}

const TEXT = z.string().max(20_000);
const SCHEMA = z.record(z.string(), z.unknown());

/** The code of the file runs in the process that answers, so the answer is checked. */
const ANSWER = z.object({
  problem: z.object({ line: z.number().optional(), what: TEXT, next: TEXT }).optional(),
  data: z.object({
    title: TEXT.optional(),
    tools: z.array(z.object({
      name: z.string().regex(NAME),
      title: TEXT,
      description: TEXT,
      effect: z.enum(["read", "add", "change", "destroy"]),
      world: z.enum(["closed", "open"]),
      inputSchema: SCHEMA,
      outputSchema: SCHEMA.optional(),
      paths: z.array(TEXT),
      timeoutMs: z.number().positive().max(TIMEOUT_MS_MAX).optional(),
      version: TEXT.optional(),
      deprecated: TEXT.optional(),
      aliases: z.array(TEXT),
      argumentAliases: z.record(z.string(), TEXT),
      examples: z.array(z.object({
        title: TEXT.optional(),
        arguments: SCHEMA,
        expect: z.union([TEXT, z.object({ pattern: TEXT, flags: TEXT })]).optional(),
        fails: z.boolean().optional(),
      })),
    })),
    prompts: z.array(z.object({
      name: z.string().regex(NAME),
      title: TEXT,
      description: TEXT,
      arguments: z.array(z.object({
        name: TEXT,
        description: TEXT,
        required: z.boolean(),
        completes: z.boolean(),
      })),
    })),
    resources: z.string().regex(PREFIX).optional(),
  }).optional(),
}).refine(({ data, problem }) => (data === undefined) !== (problem === undefined));

/** Loads files to learn what they define. */
export async function* describeFiles(all: readonly Found[], pool: Pool): AsyncGenerator<Described> {
  const files = all.filter(({ file }) => !isDeclared(file));
  for (const one of all) if (isDeclared(one.file)) yield await describeDeclared(one);
  const few = files.length <= USER_DESCRIBE_WARM_MAX;
  const waiting = [...files];
  const work = few
    ? files.map((one) => [describeFile(one, one.sources.fingerprint, pool)].values())
    : ["one", "two"].map((lane) => describeMany(waiting, lane, pool));
  yield* merged(work);
}

/** What a file without code declares is read here: nothing of it runs. */
async function describeDeclared({ file, sources }: Found): Promise<Described> {
  const [text = ""] = sources.texts.values();
  const read = await parseDeclaration(file, text);
  if ("problem" in read) return { file, sources, problem: read.problem };
  const { dataOf } = await import("../declared/module.ts");
  return { file, sources, data: dataOf(read.declaration) };
}

/**
 * One process for many files. What one does when it is loaded may spoil the next: who fails is tried alone.
 */
async function* describeMany(waiting: Found[], lane: string, pool: Pool): AsyncGenerator<Described> {
  for (let count = 0;; count++) {
    const one = waiting.shift();
    if (one === undefined || count % USER_DESCRIBE_BATCH === 0) pool.retire(lane);
    if (one === undefined) return;
    const described = await describeFile(one, lane, pool);
    yield described.problem === undefined ? described : await alone(one, pool);
  }
}

/** What several sources yield, each as soon as it is there. */
async function* merged<T>(sources: readonly (Iterator<Promise<T>> | AsyncIterator<T>)[]): AsyncGenerator<T> {
  const pending = new Map(sources.map((source, i) => [i, step(source, i)]));
  while (pending.size > 0) {
    const { i, done, value } = await Promise.race(pending.values());
    const source = sources[i];
    if (done || source === undefined) pending.delete(i);
    else {
      pending.set(i, step(source, i));
      if (value !== undefined) yield value;
    }
  }
}

async function step<T>(source: Iterator<Promise<T>> | AsyncIterator<T>, i: number) {
  const { done, value } = await source.next();
  return { i, done: done === true, value: done === true ? undefined : await value as T };
}

async function alone(one: Found, pool: Pool): Promise<Described> {
  const key = `alone ${one.sources.fingerprint}`;
  const described = await describeFile(one, key, pool);
  pool.retire(key);
  return described;
}

async function describeFile({ file, sources }: Found, key: string, pool: Pool): Promise<Described> {
  const [path = ""] = sources.texts.keys();
  try {
    const { value } = await pool.run("describe", { path, texts: [...sources.texts] }, {
      key,
      label: `The process of ${file}`,
      timeoutMs: USER_LOAD_MS_MAX,
    });
    const answer = ANSWER.safeParse(value);
    if (!answer.success) throw new Error("What it defines was told in no known form");
    if (answer.data.problem !== undefined) pool.retire(key);
    return { file, sources, ...answer.data };
  } catch (error) {
    return { file, sources, problem: explainEnd(error) };
  }
}

function explainEnd(error: unknown): LoadProblem {
  const next = "Do nothing but define tools while the file is loaded: work belongs into run.";
  if (error instanceof WorkerEndedError) {
    return { what: `Its process ended while it was loaded: ${describeEnding(error.ending)}`, next };
  }
  if (error instanceof ToolError) {
    return { what: `It was not loaded within ${USER_LOAD_MS_MAX / 1000} seconds`, next };
  }
  return { what: errorText(error), next };
}
