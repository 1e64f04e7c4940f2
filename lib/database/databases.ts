/**
 * Databases on the side of the server: which there are, and who may reach what. Statements run in workers.
 * @module
 */
import { realpath, stat } from "node:fs/promises";
import { z } from "zod";
import type { DatabaseConfig, SqliteConfig } from "../config/databases.ts";
import type { Host } from "../config/host.ts";
import { notSet } from "../config/variables.ts";
import { errorCode, ToolError } from "../errors.ts";
import { isInside } from "../fs/roots.ts";
import {
  SQL_AT_ONCE_MAX,
  SQL_CHARS_MAX,
  SQL_MEMORY_BYTES_MAX,
  SQL_MS_MAX,
  SQL_OF_DATABASE_MAX,
  SQL_WARM_MAX,
  SQL_WARM_MS,
} from "../limits.ts";
import { nearest } from "../nearest.ts";
import type { Pool, PoolOptions, Workers } from "../worker/pool.ts";
import { badNeighbour } from "./neighbours.ts";
import { passwordFor } from "./pgpass.ts";
import type { Databases, Statement } from "./types.ts";
import type { Order } from "./worker.ts";

/** What they are made with. */
export interface DatabaseOptions {
  readonly configs: readonly DatabaseConfig[];
  readonly host: Host;
  readonly workers: () => Promise<Workers>;
  /** Our own folders and files, real: none of them is a database of the person's. */
  readonly own: readonly string[];
}

/** Makes them. Nothing is opened yet. */
export function createDatabases(options: DatabaseOptions): Databases {
  const { configs } = options;
  const known = new Map<string, string>();
  let pool: Promise<Pool> | undefined;
  const ask = async <T>(method: string, order: Order, signal: AbortSignal, answer: z.ZodType<T>) => {
    const database = await usable(order.database, options, known);
    pool ??= options.workers().then((workers) => workers.pool(runner(configs)));
    const { value } = await (await pool).run(method, { ...order, database }, {
      key: database.name,
      label: `The statement in database "${database.name}"`,
      timeoutMs: SQL_MS_MAX,
      signal,
    });
    return answer.parse(value);
  };
  const find = (name: string) => findDatabase(configs, name);
  return {
    all: configs.map(({ name, kind, readOnly }) => ({ name, kind, readOnly })),
    tables: async (name, signal) => await ask("tables", { database: find(name) }, signal, TABLES),
    describe: async (name, table, signal) => {
      return await ask("describe", { database: find(name), table }, signal, z.string());
    },
    async query(name, statement, page, signal) {
      checkLength(statement);
      return await ask("query", { database: find(name), statement, page }, signal, ROWS);
    },
    async change(name, statement, signal) {
      const database = find(name);
      if (database.readOnly) {
        throw new ToolError(
          `Cannot change database "${database.name}": it is only read`,
          'The person can change that by removing ":ro" behind it in the configuration.',
        );
      }
      checkLength(statement);
      return await ask("change", { database, statement }, signal, CHANGED);
    },
  };
}

/** The process that runs statements. What it may reach is said to Deno; other runtimes know no such thing. */
function runner(configs: readonly DatabaseConfig[]): PoolOptions {
  const places = configs.map((one) =>
    one.kind === "SQLite"
      ? { file: one.path }
      : one.host.startsWith("/")
      ? { file: one.host, server: `unix:${one.host}/.s.PGSQL.${one.port}` }
      : { server: `${one.host.includes(":") ? `[${one.host}]` : one.host}:${one.port}` }
  );
  const files = places.flatMap(({ file }) => file ?? []);
  const servers = places.flatMap(({ server }) => server ?? []);
  return {
    kind: "database",
    label: "The statement",
    env: {},
    memoryBytesMax: SQL_MEMORY_BYTES_MAX,
    atOnceMax: SQL_AT_ONCE_MAX,
    keyAtOnceMax: SQL_OF_DATABASE_MAX,
    idleMax: SQL_WARM_MAX,
    idleMs: SQL_WARM_MS,
    permissions: [
      ...(files.length === 0 ? [] : [`--allow-read=${files.join()}`, `--allow-write=${files.join()}`]),
      ...(servers.length === 0 ? [] : [`--allow-net=${servers.join()}`, "--allow-env", "--allow-sys"]),
    ],
  };
}

function findDatabase(configs: readonly DatabaseConfig[], name: string): DatabaseConfig {
  const found = configs.find((one) => one.name === name) ??
    configs.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const names = configs.map((one) => one.name);
  const near = nearest(name, names, 1).map((one) => `Did you mean "${one}"? `).join("");
  throw new ToolError(
    `There is no database "${name.slice(0, 100)}"`,
    names.length === 0
      ? 'None is configured. The person adds "--database", "NAME=/path/to/file.db" or ' +
        '"NAME=postgres://user@host/database" to the "args" of clawhammer.'
      : `${near}There ${names.length === 1 ? "is" : "are"} ${names.join(", ")}.`,
  );
}

/**
 * The database as the worker opens it: the real file, which is one and none of ours; the password.
 * @param known The real path that each had first.
 */
async function usable(
  config: DatabaseConfig,
  { host, own }: DatabaseOptions,
  known: Map<string, string>,
): Promise<DatabaseConfig> {
  if (config.missing !== undefined) {
    throw notSet(`Cannot connect to database "${config.name}"`, config.missing);
  }
  if (config.kind === "SQLite") return { ...config, path: await fileOf(config, own, known) };
  return { ...config, password: config.password ?? await passwordFor(config, host) };
}

async function fileOf(
  { name, path }: SqliteConfig,
  own: readonly string[],
  known: Map<string, string>,
): Promise<string> {
  const fail = (what: string): never => {
    throw new ToolError(
      `Cannot open database "${name}": ${what}`,
      'The person looks at its path in the configuration; "clawhammer doctor" shows it.',
    );
  };
  try {
    const real = await realpath(path);
    if (own.some((one) => isInside(real, one))) fail("it belongs to Clawhammer itself");
    // Opening anything else, such as a pipe, could wait for ever.
    if (!(await stat(real)).isFile()) fail("it is no file");
    // Whoever may write beside it, such as what a repository brings, could put a link in its place.
    const first = known.get(name) ?? real;
    if (first !== real) {
      fail(`its path leads to "${real}" now, and led to "${first}" when this server used it first`);
    }
    const bad = await badNeighbour(real);
    if (bad !== undefined) fail(bad);
    known.set(name, real);
    return real;
  } catch (error) {
    if (error instanceof ToolError) throw error;
    const code = errorCode(error);
    return fail(code === "ENOENT" ? "there is no such file" : `the system says ${code}`);
  }
}

function checkLength({ sql }: Statement): void {
  if (sql.length <= SQL_CHARS_MAX) return;
  throw new ToolError(
    `The statement has ${sql.length} characters, at most ${SQL_CHARS_MAX}`,
    "Split it into smaller ones.",
  );
}

const ROWS = z.object({
  columns: z.array(z.string()),
  rows: z.array(z.array(z.string())),
  offset: z.number(),
  seen: z.number(),
  complete: z.boolean(),
  notes: z.array(z.string()),
});

const CHANGED = z.object({
  command: z.string(),
  count: z.number().optional(),
  rows: ROWS.optional(),
  notes: z.array(z.string()),
}).transform(({ command, count, rows, notes }) => ({ command, count, rows, notes }));

const TABLES = z.object({
  version: z.string(),
  tables: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      columns: z.array(z.string()),
      count: z.number().optional(),
      estimated: z.boolean(),
    }).transform((table) => ({ ...table, count: table.count })),
  ),
  total: z.number(),
  notes: z.array(z.string()),
});
