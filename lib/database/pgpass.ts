/**
 * The password file of PostgreSQL's own programs (PostgreSQL, "The Password File"): what a person has told
 * psql need not be told again.
 * @module
 */
import { readFile, stat } from "node:fs/promises";
import type { PostgresConfig } from "../config/databases.ts";
import { type Host, pathsOf } from "../config/host.ts";

/**
 * The password for a connection; undefined where there is no file, no line, or others could read the file.
 */
export async function passwordFor(config: PostgresConfig, machine: Host): Promise<string | undefined> {
  const path = fileOf(machine);
  if (path === undefined) return undefined;
  try {
    const { mode } = await stat(path);
    if (machine.platform !== "win32" && (mode & 0o077) !== 0) return undefined;
    return find(await readFile(path, "utf8"), config);
  } catch {
    return undefined;
  }
}

function fileOf(machine: Host): string | undefined {
  const { env, home, platform } = machine;
  if (env.PGPASSFILE) return env.PGPASSFILE;
  const { join } = pathsOf(machine);
  if (platform === "win32") return env.APPDATA && join(env.APPDATA, "postgresql", "pgpass.conf");
  return home && join(home, ".pgpass");
}

/** The first line that fits: `host:port:database:user:password`, where `*` fits everything. */
function find(text: string, { host, port, database, user }: PostgresConfig): string | undefined {
  const wanted = [host.startsWith("/") ? "localhost" : host, String(port), database, user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields = line.match(/(?:\\[^]|[^\\:])+/g)?.map((field) => field.replace(/\\([^])/g, "$1")) ?? [];
    const [password, ...more] = fields.slice(4);
    const fits = wanted.every((value, i) => fields[i] === "*" || fields[i] === value);
    if (fits && password !== undefined) return [password, ...more].join(":");
  }
  return undefined;
}
