/**
 * What was installed, so that it can be taken back exactly: kept with its backups in the data folder.
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { access, constants, mkdir, readdir, readFile, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { writeAtomically } from "../atomic.ts";
import { errorCode, errorText, ToolError } from "../errors.ts";
import { BACKUPS_KEPT, INSTALL_LOCK_MS_MAX, INSTALL_LOCK_STALE_MS } from "../limits.ts";
import { rightsCommand } from "../rights.ts";
import type { Bytes } from "./write.ts";

const installed = z.object({
  /** The configuration file and the name of the entry: together they identify an installation. */
  path: z.string(),
  name: z.string(),
  client: z.string(),
  /** What the entry starts: an entry of this name that starts something else is another's. */
  command: z.string().optional(),
  /** What was made on the way: the file, folders (outermost first), and how many objects around the entry. */
  madeFile: z.boolean(),
  madeFolders: z.array(z.string()),
  madeObjects: z.number(),
  /** Entries that were replaced, as data. */
  replaced: z.array(z.object({ name: z.string(), value: z.unknown() })),
  /** The file before (the name of a backup, null for none) and the digest of what the installation wrote. */
  exact: z.object({ backup: z.string().nullable(), after: z.string() }).optional(),
});

const record = z.object({ version: z.literal(1), installed: z.array(installed) });

/** One installation. */
export type Installed = z.infer<typeof installed>;

/** The installations of this machine. */
export interface Installations {
  find(path: string, name: string): Promise<Installed | undefined>;
  /** Remembers an installation, in place of an earlier one of the same path and name. */
  put(one: Installed): Promise<void>;
  /** Forgets an installation. What it had made passes to another one of the same file. */
  forget(path: string, name: string): Promise<void>;
  /** Keeps the bytes of a file. @returns The name of the backup, and its path. */
  backUp(client: string, bytes: Uint8Array): Promise<{ readonly name: string; readonly path: string }>;
  /** The bytes of a backup; undefined when it is gone. */
  restore(name: string): Promise<Bytes>;
  /** Does some work while no other installation of this person runs. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** The digest by which a file is recognised. */
export function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Opens the installations. Nothing is made before the first one. */
export function openInstallations(dataFolder: string): Installations {
  const folder = join(dataFolder, "install");
  const file = join(folder, "installed.json");
  const backups = join(folder, "backups");
  const read = async (): Promise<Installed[]> => {
    try {
      return record.parse(JSON.parse(await readFile(file, "utf8"))).installed;
    } catch {
      // Without the record, an uninstall still removes the entry; it only cannot restore the bytes.
      return [];
    }
  };
  const write = async (list: readonly Installed[]) => {
    await mkdir(backups, { recursive: true, mode: 0o700 });
    const body = JSON.stringify({ version: 1, installed: list }, null, 2);
    await writeAtomically(file, 0o600, async (handle) => {
      await handle.writeFile(`${body}\n`);
      await handle.sync();
    });
    await prune(backups, new Set(list.map((one) => one.exact?.backup)));
  };
  const others = async (path: string, name: string) =>
    (await read()).filter((one) => one.path !== path || one.name !== name);
  return {
    find: async (path, name) => (await read()).find((one) => one.path === path && one.name === name),
    put: async (one) => await write([...await others(one.path, one.name), one]),
    forget: async (path, name) => {
      const [gone] = (await read()).filter((one) => one.path === path && one.name === name);
      if (gone === undefined) return;
      const rest = await others(path, name);
      const heir = rest.findIndex((one) => one.path === path);
      await write(rest.map((one, i) => i === heir ? inherit(one, gone) : one));
    },
    async backUp(client, bytes) {
      await mkdir(backups, { recursive: true, mode: 0o700 });
      const time = new Date().toISOString().replace(/[:.]/g, "-");
      const name = `${time}-${client}-${randomBytes(3).toString("hex")}`;
      const path = join(backups, name);
      await writeFile(path, bytes, { mode: 0o600, flag: "wx", flush: true });
      return { name, path };
    },
    async restore(name) {
      try {
        return await readFile(join(backups, name));
      } catch {
        return undefined;
      }
    },
    alone: async (work) => await withLock(folder, work),
  };
}

/** The last installation that leaves a file takes away what the first one had made. */
function inherit(heir: Installed, gone: Installed): Installed {
  return {
    ...heir,
    madeFile: heir.madeFile || gone.madeFile,
    madeFolders: heir.madeFolders.length > 0 ? heir.madeFolders : gone.madeFolders,
    madeObjects: Math.max(heir.madeObjects, gone.madeObjects),
  };
}

/** Removes the oldest backups, except those that are needed. Their names begin with the time. */
async function prune(folder: string, needed: ReadonlySet<string | null | undefined>): Promise<void> {
  const names = (await readdir(folder)).filter((name) => !needed.has(name)).sort();
  for (const name of names.slice(0, Math.max(0, names.length - BACKUPS_KEPT))) {
    await rm(join(folder, name), { force: true });
  }
}

/** The folder for backups, without which nothing is changed. */
async function makeWritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const denied = /^(EACCES|EPERM)$/.test(errorCode(error) ?? "");
    throw new ToolError(
      `Cannot keep a backup in "${folder}": ${
        denied ? "you have no permission to write there" : errorText(error)
      }`,
      `Nothing was changed. ${denied ? `Allow it with: ${rightsCommand(folder)}` : `Look at "${folder}"`}`,
    );
  }
}

async function withLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const lock = join(folder, "lock");
  await makeWritable(folder);
  const until = Date.now() + INSTALL_LOCK_MS_MAX;
  while (true) {
    try {
      await mkdir(lock);
      break;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
    const age = await stat(lock).then(({ mtimeMs }) => Date.now() - mtimeMs, () => 0);
    if (age > INSTALL_LOCK_STALE_MS) await rmdir(lock).catch(() => {});
    else if (Date.now() > until) {
      throw new ToolError("Another installation is running", `Wait for it, or remove "${lock}"`);
    }
    await sleep(50);
  }
  try {
    return await work();
  } finally {
    await rmdir(lock).catch(() => {});
  }
}
