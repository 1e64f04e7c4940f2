/**
 * A declared tool as a module: the same as one that is written, checked by the same call path.
 * @module
 */
import { z } from "zod";
import { showChange, showRows } from "../database/show.ts";
import type { SqlValue } from "../database/types.ts";
import { ToolError } from "../errors.ts";
import { DECLARED_OUTPUT_BYTES_MAX, SQL_ROWS_MAX } from "../limits.ts";
import { cleanOutside, markOutside } from "../outside.ts";
import { type Reply, text } from "../reply.ts";
import type { AnyTool, Context, Module } from "../tool.ts";
import type { Version } from "../user/remote.ts";
import type { FileData, ToolData } from "../user/types.ts";
import { wireTool } from "../wire.ts";
import type { Pool } from "../worker/pool.ts";
import { address, body, commandLine, fill, type Values } from "./fill.ts";
import type { Declaration, DeclaredArgument } from "./types.ts";

/** Finds a program by its name; undefined when there is none that may be run. */
export type FindProgram = (name: string) => Promise<string | undefined>;

/** What the command of a tool printed and how it ended, as the worker tells it. */
export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly isCut: boolean;
}

/** The module that stands for a file. */
export function declaredModule(
  { file, fingerprint }: Pick<Version, "file" | "fingerprint">,
  declaration: Declaration,
  pool: Pool,
  find: FindProgram,
): Module {
  const run = async (args: Values, ctx: Context) => {
    await checkPatterns(declaration, args);
    if (declaration.http !== undefined) {
      return await exchange(declaration.http.method, declaration, args, ctx);
    }
    if (declaration.sql !== undefined) return await runSql(declaration, args, ctx);
    return await runCommand(declaration, args, ctx, fingerprint, pool, find);
  };
  return {
    name: declaration.name,
    title: `User tool of ${file}`,
    instructions: "",
    tools: [{ ...toolOf(declaration), run }],
    prompts: [],
  };
}

/** What the file defines, as the catalogue keeps it. */
export function dataOf(declaration: Declaration): FileData {
  const { run: _run, input: _input, remote: _remote, ...told } = toolOf(declaration);
  const { inputSchema } = wireTool(toolOf(declaration));
  const tool: ToolData = {
    ...told,
    inputSchema,
    aliases: told.aliases ?? [],
    argumentAliases: told.argumentAliases ?? {},
    examples: told.examples ?? [],
  };
  return { tools: [tool], prompts: [], declared: declaration };
}

function toolOf(declaration: Declaration): AnyTool {
  const { name, title, description, effect, arguments: args, http } = declaration;
  const { version, deprecated, aliases, argumentAliases, examples, timeoutMs } = declaration;
  return {
    name,
    title: title ?? `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll("_", " ")}`,
    description,
    effect,
    world: declaration.world ?? (http === undefined ? "closed" : "open"),
    input: Object.fromEntries(Object.entries(args).map(([key, argument]) => [key, schemaOf(argument)])),
    paths: Object.entries(args).filter(([, { type }]) => type === "path").map(([key]) => key),
    ...(version === undefined ? {} : { version }),
    ...(deprecated === undefined ? {} : { deprecated }),
    ...(aliases === undefined ? {} : { aliases }),
    ...(argumentAliases === undefined ? {} : { argumentAliases }),
    ...(examples === undefined ? {} : { examples }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    run: () => {
      throw new Error("It is run by its module");
    },
  };
}

function schemaOf(argument: DeclaredArgument): z.ZodType {
  const { type, values, pattern, minimum, maximum, maxLength, description, optional } = argument;
  let schema: z.ZodType;
  if (type === "boolean") schema = z.boolean();
  else if (type === "integer" || type === "number") {
    let number = type === "integer" ? z.int() : z.number();
    if (minimum !== undefined) number = number.min(minimum);
    if (maximum !== undefined) number = number.max(maximum);
    schema = number;
  } else if (values !== undefined) schema = z.enum(values);
  else {
    schema = z.string().max(maxLength ?? 1_000);
    // Checked before the tool runs, by an engine that no pattern can keep busy.
    if (pattern !== undefined) schema = schema.meta({ pattern: `^(?:${pattern})$` });
  }
  if (argument.default !== undefined) schema = schema.default(argument.default);
  else if (optional === true) schema = schema.optional();
  return schema.describe(description);
}

async function checkPatterns({ name, arguments: args }: Declaration, values: Values): Promise<void> {
  for (const [key, { pattern }] of Object.entries(args)) {
    const value = values[key];
    if (pattern === undefined || typeof value !== "string") continue;
    const { RE2JS } = await import("re2js");
    if (RE2JS.compile(pattern).matches(value)) continue;
    throw new ToolError(`Cannot call ${name}: ${key} does not match ${pattern}`, "Give one that does.");
  }
}

async function exchange(
  method: NonNullable<Declaration["http"]>["method"],
  declaration: Declaration,
  args: Values,
  ctx: Context,
): Promise<Reply> {
  const url = address(declaration, args);
  const sent = body(declaration, args);
  const page = method === "GET"
    ? await ctx.web.read(url, { raw: true, later: false }, ctx)
    : await ctx.web.send(url, { method, ...(sent === undefined ? {} : { body: sent }) }, ctx);
  const { content, bytes } = page;
  if (content.kind === "media") {
    if (bytes === undefined) throw new ToolError(`${url} has nothing to show`, "Ask for something else.");
    const { type, mimeType } = content;
    return { parts: [{ type: "text", text: page.what }, { type, bytes, mimeType }] };
  }
  const notes = page.notes.map((note) => `\n${note}.`).join("");
  if (content.text === "" && method !== "GET") {
    return text(
      `Done: ${cleanOutside(page.url)} answers with ${page.what.split(",")[0]} and no text.${notes}`,
    );
  }
  return text(markOutside(cleanOutside(page.url), cleanOutside(content.text)) + notes);
}

/** Values are bound, never written into the statement, so none of them can be anything but a value. */
async function runSql(declaration: Declaration, args: Values, ctx: Context): Promise<Reply> {
  const { name, database = "", sql = "", effect } = declaration;
  const values: Record<string, SqlValue> = {};
  for (const key of Object.keys(declaration.arguments)) values[key] = valueOf(args[key]);
  const statement = { sql, values };
  if (effect !== "read") {
    return showChange(database, await ctx.databases.change(database, statement, ctx.signal));
  }
  const page = { offset: 0, limit: SQL_ROWS_MAX };
  const rows = await ctx.databases.query(database, statement, page, ctx.signal);
  return showRows(database, rows, () => `ask ${name} for less, with other arguments`);
}

function valueOf(value: unknown): SqlValue {
  const isValue = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  return isValue ? value : null;
}

async function runCommand(
  declaration: Declaration,
  args: Values,
  ctx: Context,
  key: string,
  pool: Pool,
  find: FindProgram,
): Promise<Reply> {
  const { name, exitCodes = [0], folder } = declaration;
  const [wanted = "", ...rest] = commandLine(declaration, args);
  const program = await find(wanted);
  if (program === undefined) {
    throw new ToolError(
      `Cannot call ${name}: there is no program "${wanted}" that may be run`,
      "The person installs it, or names it with its path. What stands in an allowed folder is not run.",
    );
  }
  const { value } = await pool.run("command", {
    program,
    args: rest,
    folder: folder === undefined ? undefined : fill(folder, args),
    bytesMax: DECLARED_OUTPUT_BYTES_MAX,
  }, { key, label: `The command of ${name}`, signal: ctx.signal });
  const { code, out, err, isCut } = value as Ran; // Of our own worker.
  const [shown, said] = [cleanOutside(out).trimEnd(), cleanOutside(err).trim().slice(-2_000)];
  if (code === null || !exitCodes.includes(code)) {
    const what = code === null ? "was ended" : `exited with code ${code}`;
    throw new ToolError(
      `${name} failed: ${wanted} ${what}`,
      said || shown.slice(-2_000) || "It said nothing.",
    );
  }
  const cut = isCut ? "Its output was longer and is cut; ask for less." : undefined;
  return text(shown === "" ? `${wanted} printed nothing.${said === "" ? "" : `\n${said}`}` : shown, cut);
}
