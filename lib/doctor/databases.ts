/**
 * The databases of the configuration: whether each opens, what is in it, and what its role may do.
 * @module
 */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import type { Config } from "../config.ts";
import type { DatabaseConfig } from "../config/databases.ts";
import { errorText, ToolError } from "../errors.ts";
import { counted } from "../format.ts";
import { DOCTOR_RUN_MS_MAX } from "../limits.ts";
import { openDatabases } from "../reach.ts";
import type { Log } from "../tool.ts";
import { createWorkers, type Workers } from "../worker/pool.ts";
import type { Check, Finding, Setting } from "./types.ts";

/** Every database that this command line or an entry of a client names. */
export const databases: Check = {
  name: "databases",
  title: "Databases",
  async examine(setting) {
    const all = namedDatabases(setting);
    if (all.length === 0) return [];
    const workers = createWorkers(QUIET);
    try {
      return (await Promise.all(all.map((one) => examineDatabase(one, workers)))).flat();
    } finally {
      workers.end();
    }
  },
};

interface Named {
  readonly database: DatabaseConfig;
  readonly config: Config;
}

/** Each once, whoever names it. A variable that only a client's entry sets is not missed in this terminal. */
function namedDatabases({ config, clients }: Setting): Named[] {
  const entries = clients.flatMap(({ own }) => own.flatMap(({ line }) => line?.config ?? []));
  const set = new Set(
    entries.flatMap(({ databases }) => databases.filter((one) => !one.missing)).map(nameOf),
  );
  const here = config.databases.filter((one) => one.missing === undefined || !set.has(one.name));
  const all = new Map<string, Named>();
  for (const one of [{ ...config, databases: here }, ...entries]) {
    for (const database of one.databases) all.set(JSON.stringify(database), { database, config: one });
  }
  return [...all.values()];
}

function nameOf({ name }: DatabaseConfig): string {
  return name;
}

async function examineDatabase({ database, config }: Named, workers: Workers): Promise<Finding[]> {
  const { name, readOnly } = database;
  const where = database.kind === "SQLite"
    ? `"${database.path}"`
    : `"${database.database}" at ${database.host}, port ${database.port}, as "${database.user}"`;
  const opened = openDatabases({ ...config, databases: [database] }, () => Promise.resolve(workers));
  try {
    const { version, total, notes } = await opened.tables(name, AbortSignal.timeout(DOCTOR_RUN_MS_MAX));
    const how = readOnly ? "only read" : "for reading and changing";
    return [
      { severity: "ok", what: `"${name}" opens: ${version}, ${counted(total, "table")}, ${how}: ${where}` },
      ...notes.map((what): Finding => ({ severity: "warning", what: `"${name}": ${what}`, mend: READER })),
      ...await unwritable(database),
      ...barePassword(database),
    ];
  } catch (error) {
    if (error instanceof ToolError) {
      const what = database.missing === undefined ? `${error.message}: ${where}` : error.message;
      return [{ severity: "error", what, mend: mendOf(error, database) }];
    }
    const what = error instanceof DOMException || errorText(error) === "The call was cancelled"
      ? `it does not answer within ${DOCTOR_RUN_MS_MAX / 1_000} s`
      : errorText(error);
    return [{ severity: "error", what: `Cannot open database "${name}": ${what}: ${where}` }];
  }
}

const READER =
  "In psql: CREATE ROLE claude LOGIN PASSWORD '…'; GRANT pg_read_all_data TO claude; then name that role";

/** The error speaks to a model; here it is the person who reads. */
function mendOf(error: ToolError, database: DatabaseConfig): string {
  if (database.missing !== undefined) return error.next.replace("The person sets", "Set");
  if (database.kind === "PostgreSQL") {
    return `Try it: psql -h ${database.host} -p ${database.port} -U ${database.user} ${database.database}`;
  }
  return error.next.startsWith("The person looks at its path")
    ? `Write --database ${database.name}=/path/to/file.db with the path it has`
    : error.next;
}

async function unwritable(database: DatabaseConfig): Promise<Finding[]> {
  if (database.kind !== "SQLite" || database.readOnly) return [];
  if (await access(database.path, constants.W_OK).then(() => true, () => false)) return [];
  return [{
    severity: "warning",
    what: `"${database.name}" may be changed by its configuration, but you may only read the file`,
    mend: `Write it as ${database.name}=${database.path}:ro`,
  }];
}

function barePassword(database: DatabaseConfig): Finding[] {
  if (database.kind !== "PostgreSQL" || !database.bare) return [];
  return [{
    severity: "note",
    what: `The password of "${database.name}" stands in the configuration itself`,
    mend: "Write ${NAME} in its place and set that variable, or leave it out and use ~/.pgpass",
  }];
}

const QUIET: Log = { debug() {}, info() {}, warn() {}, error() {} };
