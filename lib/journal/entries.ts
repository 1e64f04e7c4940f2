/**
 * The rows of the table of changes.
 * @module
 */
import type { Connection, Row } from "../sqlite/store.ts";
import type { Action, Change, Image, Images, Plan } from "./types.ts";

const ACTIONS: readonly Action[] = ["write", "create", "move", "copy", "delete", "restore", "program"];

/** Adds an entry. @returns its number. */
export function insert(
  connection: Connection,
  { plan, images, at, owner, status }: {
    readonly plan: Plan;
    readonly images: Images;
    readonly at: number;
    readonly owner: string;
    readonly status: "preparing" | "pending";
  },
): number {
  return connection.run(
    `INSERT INTO changes
     (at, status, owner, action, path, destination, roots, folders, before, after, undoes, title)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    at,
    status,
    owner,
    plan.action,
    plan.path,
    plan.destination ?? null,
    JSON.stringify(plan.roots),
    JSON.stringify(plan.folders),
    encode(images.before),
    encode(images.after),
    plan.undoes ?? null,
    plan.title ?? null,
  );
}

/** Updates an entry that is being prepared. @returns whether it is still there. */
export function update(
  connection: Connection,
  id: number,
  { images, owner, status }: {
    readonly images: Images;
    readonly owner: string;
    readonly status: "preparing" | "pending";
  },
): boolean {
  const [entry] = connection.all("SELECT 1 FROM changes WHERE id = ? AND owner = ?", id, owner);
  connection.run(
    "UPDATE changes SET status = ?, before = ?, after = ? WHERE id = ? AND owner = ?",
    status,
    encode(images.before),
    encode(images.after),
    id,
    owner,
  );
  return entry !== undefined;
}

/** Closes an entry: it happened. What it took back is marked, and what that had taken back counts again. */
export function finish(connection: Connection, id: number, owner: string, after: Image | undefined): void {
  const [entry] = connection.all(
    "SELECT undoes FROM changes WHERE id = ? AND owner = ? AND status = 'pending'",
    id,
    owner,
  );
  if (entry === undefined) return;
  connection.run("UPDATE changes SET status = 'done' WHERE id = ?", id);
  if (after !== undefined) connection.run("UPDATE changes SET after = ? WHERE id = ?", encode(after), id);
  if (typeof entry.undoes !== "number") return;
  connection.run("UPDATE changes SET undone_by = ? WHERE id = ?", id, entry.undoes);
  connection.run("UPDATE changes SET undone_by = NULL WHERE undone_by = ?", entry.undoes);
}

/** Removes an entry that did not happen. */
export function forget(connection: Connection, id: number, owner: string): void {
  const [entry] = connection.all("SELECT 1 FROM changes WHERE id = ? AND owner = ?", id, owner);
  if (entry === undefined) return;
  connection.run("DELETE FROM refs WHERE change = ?", id);
  connection.run("DELETE FROM changes WHERE id = ?", id);
}

/** Reads a row of the table, all columns of it. */
export function readChange(row: Row): Change {
  const action = ACTIONS.find((name) => name === row.action);
  if (action === undefined) throw new Error(`The journal holds an unknown action: ${String(row.action)}`);
  return {
    id: Number(row.id),
    at: new Date(Number(row.at)),
    status: row.status === "done" ? "done" : "pending",
    action,
    path: String(row.path),
    ...(row.destination === null ? {} : { destination: String(row.destination) }),
    roots: JSON.parse(String(row.roots)),
    folders: JSON.parse(String(row.folders)),
    ...decode("before", row.before),
    ...decode("after", row.after),
    ...(row.undoes === null ? {} : { undoes: Number(row.undoes) }),
    ...(row.title === null ? {} : { title: String(row.title) }),
    ...(row.undone_by === null ? {} : { undoneBy: Number(row.undone_by) }),
  };
}

function encode(image: Image | undefined): string | null {
  return image === undefined ? null : JSON.stringify(image);
}

function decode(name: "before" | "after", value: unknown): Partial<Images> {
  return typeof value === "string" ? { [name]: JSON.parse(value) } : {};
}
