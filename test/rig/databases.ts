/**
 * Databases to play in: SQLite files, and a PostgreSQL server of the test's own.
 * @module
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type Caller, createCaller } from "../../lib/call.ts";
import { readDatabase } from "../../lib/config/databases.ts";
import type { Host } from "../../lib/config/host.ts";
import { createDatabases } from "../../lib/database/databases.ts";
import type { Databases } from "../../lib/database/types.ts";
import { createWorkers } from "../../lib/worker/pool.ts";
import { database } from "../../tools/database.ts";
import { reachOf, SILENT } from "../support.ts";
import { createAuthority } from "./certificates.ts";

/** What a test gets. */
export interface Data {
  /** A folder of its own. */
  readonly dir: string;
  readonly databases: Databases;
  readonly caller: Caller;
  /** Calls a tool; `text` is all text of the reply. */
  call(name: string, args: unknown, signal?: AbortSignal): Promise<{ text: string; isError: boolean }>;
}

/** Options of the playground. */
export interface DataOptions {
  readonly readOnly?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** What belongs to the server itself, below the folder. */
  readonly own?: readonly string[];
}

/**
 * Runs `work` with databases.
 * @param given `NAME=PLACE` as in the configuration; `DIR` is the folder.
 * @param files SQLite files in the folder, by the statements that make them.
 */
export async function withDatabases(
  given: readonly string[],
  files: Readonly<Record<string, string>>,
  work: (data: Data) => Promise<void>,
  { readOnly = false, env = {}, own = [] }: DataOptions = {},
): Promise<void> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-data-")));
  const host: Host = { platform: process.platform, env: { USER: "tester", ...env }, home: dir, cwd: dir };
  for (const [name, sql] of Object.entries(files)) make(join(dir, name), sql);
  const workers = createWorkers(SILENT);
  try {
    const configs = given.map((one) =>
      readDatabase(one.replace("DIR", dir), { label: "--database", base: dir, host })
    );
    const databases = createDatabases({
      configs,
      host,
      workers: () => Promise.resolve(workers),
      own: own.map((name) => join(dir, name)),
    });
    const caller = createCaller([database], {
      log: SILENT,
      readOnly,
      reach: () => Promise.resolve(reachOf({ databases })),
    });
    await work({
      dir,
      databases,
      caller,
      async call(name, args, signal) {
        const { content, isError } = await caller.call(name, args, { signal });
        return { text: content.map((part) => part.type === "text" ? part.text : "").join("\n"), isError };
      },
    });
  } finally {
    workers.end();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Makes a SQLite file, or changes it. */
export function make(path: string, sql: string): void {
  const made = new DatabaseSync(path);
  made.exec(sql);
  made.close();
}

/** The first row of a SQLite file's answer, as text. */
export function look(path: string, sql: string): string {
  const opened = new DatabaseSync(path, { readOnly: true });
  const row = Object.values(opened.prepare(sql).get() ?? {});
  opened.close();
  return row.join(" ");
}

/** A PostgreSQL server. */
export interface Server {
  readonly port: number;
  /** The password of the superuser "postgres" and of "reader" and "writer", who own nothing. */
  readonly password: string;
  /** Its folder, which only it can read. */
  readonly dir: string;
  /** An address for the configuration. */
  address(user: string, database?: string): string;
  /** Runs SQL as the superuser, as a person would with psql. */
  psql(sql: string): Promise<string>;
}

/** Where PostgreSQL's own programs are; undefined where it is not installed. */
function programs(): string | undefined {
  const base = "/usr/lib/postgresql";
  const versions = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(base, version, "bin")), "/usr/local/bin", "/usr/bin"];
  return folders.find((folder) =>
    ["initdb", "postgres", "psql"].every((name) => existsSync(join(folder, name)))
  );
}

const PASSWORD = "s3cr3t:p@ss/w%rd";

/**
 * Runs `work` with a server of its own, on loopback, which ends with it. Without PostgreSQL on this machine
 * it says so and does nothing.
 */
export async function withPostgres(work: (server: Server) => Promise<void>): Promise<void> {
  const bin = programs();
  if (bin === undefined) {
    process.stderr.write("PostgreSQL is not installed here, so this test says nothing\n");
    return;
  }
  const dir = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-pg-")));
  const user = await ordinaryUser();
  const as = user === undefined ? {} : { uid: user, gid: user };
  const data = join(dir, "data");
  let server: ChildProcess | undefined;
  try {
    await mkdir(data, { mode: 0o700 });
    if (user !== undefined) await Promise.all([dir, data].map((path) => chown(path, user, user)));
    await chmod(dir, 0o755);
    const run = promisify(execFile);
    const options = {
      ...as,
      cwd: dir,
      env: { PATH: `${bin}:/usr/bin:/bin`, LC_ALL: "C", PGPASSWORD: PASSWORD },
    };
    const init = ["-D", data, "-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256"];
    await run(join(bin, "initdb"), [...init, "--no-sync", "-E", "UTF8", "--no-locale"], options);
    const { cert, key } = createAuthority().issue(["127.0.0.1"]);
    for (const [name, text] of [["cert.pem", cert], ["key.pem", key]] as const) {
      await writeFile(join(dir, name), text, { mode: 0o600 });
      if (user !== undefined) await chown(join(dir, name), user, user);
    }
    const port = await freePort();
    const settings = {
      listen_addresses: "127.0.0.1",
      port,
      unix_socket_directories: dir,
      fsync: "off",
      ssl: "on",
      ssl_cert_file: join(dir, "cert.pem"),
      ssl_key_file: join(dir, "key.pem"),
    };
    const flags = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
    server = spawn(join(bin, "postgres"), ["-D", data, ...flags], { ...options, stdio: "ignore" });
    const psql = async (sql: string) => {
      const args = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", dir, "-p", `${port}`];
      return (await run(join(bin, "psql"), [...args, "-U", "postgres", "-c", sql], options)).stdout.trim();
    };
    await patiently(() => psql("SELECT 1"));
    for (const name of ["postgres", "reader", "writer"]) {
      const make = name === "postgres" ? "ALTER" : "CREATE";
      await psql(`${make} ROLE ${name} LOGIN PASSWORD '${PASSWORD}'`);
    }
    const address = (role: string, database = "postgres") =>
      `postgres://${role}:\${DB_PASSWORD}@127.0.0.1:${port}/${database}`;
    await work({ port, password: PASSWORD, dir, address, psql });
  } finally {
    await end(server);
    await rm(dir, { recursive: true, force: true });
  }
}

/** PostgreSQL refuses to run as root: then "nobody" runs it. */
async function ordinaryUser(): Promise<number | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const { stdout } = await promisify(execFile)("id", ["-u", "nobody"]);
  return Number(stdout);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

async function patiently(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      await work();
      return;
    } catch (error) {
      if (tries > 300) throw error;
      await sleep(50);
    }
  }
}

/** SIGINT is its quick way to end; what does not end is killed. */
async function end(server: ChildProcess | undefined): Promise<void> {
  if (server === undefined || server.exitCode !== null) return;
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGQUIT");
  const kill = setTimeout(() => server.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(kill);
}
