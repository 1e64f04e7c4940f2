/**
 * Looks at the journal from outside, without changing or mending anything.
 * @module
 */
import { existsSync, statSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorText } from "../errors.ts";

/** How the journal is. */
export interface JournalHealth {
  /** Changes it holds; undefined when there is no journal yet, or it cannot be read. */
  readonly changes: number | undefined;
  /** Bytes of all its files. */
  readonly bytes: number;
  /** What is wrong with it. */
  readonly fault: string | undefined;
  /** Journals that were found damaged before and set aside. */
  readonly aside: readonly string[];
}

/** Examines the journal in `folder`: the database as SQLite's own quick check sees it. */
export async function examineJournal(folder: string): Promise<JournalHealth> {
  const parent = dirname(folder);
  const beside = await readdir(parent).catch((): string[] => []);
  const aside = beside.filter((name) => name.startsWith(`${basename(folder)}-damaged-`));
  const report = { bytes: await bytesOf(folder), aside: aside.map((name) => join(parent, name)) };
  const file = join(folder, "changes.db");
  if (existsSync(folder) && !statSync(folder).isDirectory()) {
    return { ...report, changes: undefined, fault: "it is no folder" };
  }
  if (!existsSync(file)) return { ...report, changes: undefined, fault: undefined };
  const { DatabaseSync } = await import("node:sqlite");
  try {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      const [first] = database.prepare("PRAGMA quick_check(1)").all();
      const verdict = String(Object.values(first ?? {})[0]);
      if (verdict !== "ok") return { ...report, changes: undefined, fault: verdict };
      const [row] = database.prepare("SELECT count(*) AS n FROM changes WHERE status <> 'preparing'").all();
      return { ...report, changes: Number(row?.n), fault: undefined };
    } finally {
      database.close();
    }
  } catch (error) {
    return { ...report, changes: undefined, fault: errorText(error) };
  }
}

async function bytesOf(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch((): string[] => []);
  const sizes = await Promise.all(names.map(async (name) => {
    return (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0;
  }));
  return sizes.reduce((sum, size) => sum + size, 0);
}
