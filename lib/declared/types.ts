/**
 * Tools without code: what a `*.tool.json` or `*.tool.yaml` file declares.
 * @module
 */
import { z } from "zod";
import type { Effect } from "../tool.ts";
import { SQL_CHARS_MAX } from "../limits.ts";
import { NAME, TIMEOUT_MS_MAX } from "../user/types.ts";

const TEXT = z.string().min(1).max(4_000);
const ARGUMENT_NAME = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/);

/** An argument: its type, and what it is held to. */
const ARGUMENT = z.strictObject({
  type: z.enum(["string", "integer", "number", "boolean", "path"]),
  description: TEXT,
  /** Whether it may be left out. */
  optional: z.boolean().optional(),
  /** What it is when it is left out. */
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  /** The only values there are. */
  values: z.array(z.string().max(1_000)).min(1).max(200).optional(),
  /** A regular expression (RE2) that the whole value matches. */
  pattern: z.string().max(1_000).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  maxLength: z.int().min(1).max(100_000).optional(),
});

const EXAMPLE = z.strictObject({
  title: TEXT.optional(),
  arguments: z.record(z.string(), z.unknown()),
  expect: z.union([TEXT, z.strictObject({ pattern: TEXT, flags: z.string().max(8).default("") })]).optional(),
  fails: z.boolean().optional(),
});

/** A piece of a command: a text with `{arguments}`, or several that appear only when an argument is given. */
const PIECE = z.union([
  z.string().max(10_000),
  z.strictObject({ when: ARGUMENT_NAME, args: z.array(z.string().max(10_000)).min(1).max(100) }),
]);

/** The whole file. */
export const DECLARATION = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().regex(NAME).optional(),
  title: TEXT.optional(),
  description: TEXT,
  /** May be left out of what queries a database: that only reads. */
  effect: z.enum(["read", "add", "change", "destroy"]).optional(),
  world: z.enum(["closed", "open"]).optional(),
  version: TEXT.optional(),
  deprecated: TEXT.optional(),
  aliases: z.array(z.string().regex(NAME)).optional(),
  argumentAliases: z.record(ARGUMENT_NAME, ARGUMENT_NAME).optional(),
  arguments: z.record(ARGUMENT_NAME, ARGUMENT).default({}),
  examples: z.array(EXAMPLE).optional(),
  timeoutMs: z.number().positive().max(TIMEOUT_MS_MAX).optional(),
  /** The program and its arguments, each its own: no shell reads them. */
  command: z.array(PIECE).min(1).max(200).optional(),
  /** The folder the command runs in: an argument that is a path, as `{folder}`, or an absolute path. */
  folder: z.string().max(4_000).optional(),
  /** Exit codes that mean success. */
  exitCodes: z.array(z.int().min(0).max(255)).min(1).optional(),
  /** A page or an interface on the web: fetched with GET as `fetch_url` would, or sent something. */
  http: z.strictObject({
    method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]).default("GET"),
    url: z.string().max(4_000),
    query: z.record(z.string(), z.string().max(4_000)).optional(),
    /** The body as JSON: a text that is `{argument}` becomes its value, a number a number. */
    json: z.json().optional(),
    /** The body as a form of the web. */
    form: z.record(z.string(), z.string().max(4_000)).optional(),
  }).optional(),
  /** One statement; `:argument` in it is bound as a value, NULL for one that was left out. */
  sql: z.string().min(1).max(SQL_CHARS_MAX).optional(),
  /** The name of the database in the configuration. */
  database: TEXT.optional(),
});

/** What a file declares. Plain data. */
export type Declaration = z.infer<typeof DECLARATION> & { readonly name: string; readonly effect: Effect };
/** One of its arguments. */
export type DeclaredArgument = z.infer<typeof ARGUMENT>;
