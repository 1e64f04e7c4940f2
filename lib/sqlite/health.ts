/**
 * Looks at a database of our own from outside, without changing or mending anything.
 * @module
 */
import { existsSync, statSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorText } from "../errors.ts";
import type { StoreKind } from "./store.ts";

/** How a database is. */
export interface StoreHealth {
  /** What was counted; undefined when there is no file yet, or it cannot be read. */
  readonly count: number | undefined;
  /** Bytes of all files in its folder. */
  readonly bytes: number;
  /** What is wrong with it. */
  readonly fault: string | undefined;
  /** Folders that were found damaged before and set aside. */
  readonly aside: readonly string[];
}

/**
 * Examines the database in `folder` as SQLite's own quick check sees it.
 * @param counting A statement whose result is one number, `n`.
 */
export async function examineStore(
  { file }: Pick<StoreKind, "file">,
  folder: string,
  counting: string,
): Promise<StoreHealth> {
  const parent = dirname(folder);
  const beside = await readdir(parent).catch((): string[] => []);
  const aside = beside.filter((name) => name.startsWith(`${basename(folder)}-damaged-`));
  const report = { bytes: await bytesOf(folder), aside: aside.map((name) => join(parent, name)) };
  const path = join(folder, file);
  if (existsSync(folder) && !statSync(folder).isDirectory()) {
    return { ...report, count: undefined, fault: "it is no folder" };
  }
  if (!existsSync(path)) return { ...report, count: undefined, fault: undefined };
  const { DatabaseSync } = await import("node:sqlite");
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const [first] = database.prepare("PRAGMA quick_check(1)").all();
      const verdict = String(Object.values(first ?? {})[0]);
      if (verdict !== "ok") return { ...report, count: undefined, fault: verdict };
      return { ...report, count: Number(database.prepare(counting).all()[0]?.n), fault: undefined };
    } finally {
      database.close();
    }
  } catch (error) {
    return { ...report, count: undefined, fault: errorText(error) };
  }
}

async function bytesOf(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch((): string[] => []);
  const sizes = await Promise.all(names.map(async (name) => {
    return (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0;
  }));
  return sizes.reduce((sum, size) => sum + size, 0);
}
