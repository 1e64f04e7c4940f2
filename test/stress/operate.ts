/**
 * One tool call in a process of its own, so that a fault can be injected into its system calls. Arguments:
 * the operation, the allowed folder, a second allowed folder on another file system, and the folder of the
 * journal (none: changes are not recorded). Prints "ok", or "failed: …" when the tool refused or reported an
 * error.
 *
 * The operation "undo" takes back everything the journal holds, newest first, as a person would after a
 * crash, and prints how many changes that were; one that is refused ends it.
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { createCaller } from "../../lib/call.ts";
import { errorText } from "../../lib/errors.ts";
import { createFiles } from "../../lib/fs/files.ts";
import { openRoots } from "../../lib/fs/roots.ts";
import { createJournal } from "../../lib/journal/journal.ts";
import { createRipgrep } from "../../lib/ripgrep.ts";
import { createSearch } from "../../lib/search/engine.ts";
import { files as filesModule } from "../../tools/files/index.ts";
import { reachOf, recognisingDocuments, SILENT } from "../support.ts";

const [operation = "", dir = "", elsewhere = "", journalFolder = ""] = process.argv.slice(2);
const { roots } = openRoots([{ path: dir, readOnly: false }, { path: elsewhere, readOnly: false }]);
const journal = journalFolder === "" ? undefined : createJournal({ folder: journalFolder });
const files = createFiles(roots, { journal });
const search = createSearch(createRipgrep({ cacheFolder: dir, log: SILENT }));
const caller = createCaller([filesModule], {
  log: SILENT,
  readOnly: false,
  reach: () => Promise.resolve(reachOf({ files, search, documents: recognisingDocuments(dir) })),
});
const content = "new ".repeat(50_000);
const here = (name: string) => join(dir, name);
const there = (name: string) => join(elsewhere, name);

const CALLS: Readonly<Record<string, readonly [string, Record<string, unknown>]>> = {
  replace: ["write_file", { path: here("file"), content }],
  create: ["write_file", { path: here("fresh/file"), content }],
  edit: ["edit_file", {
    path: here("file"),
    edits: [{ oldText: "old ", newText: "new ", replaceAll: true }],
  }],
  move: ["move_file", { source: here("file"), destination: here("moved") }],
  "move-away": ["move_file", { source: here("file"), destination: there("moved") }],
  "move-tree": ["move_file", { source: here("tree"), destination: here("moved/tree") }],
  "move-tree-away": ["move_file", { source: here("tree"), destination: there("tree") }],
  copy: ["copy_file", { source: here("tree"), destination: here("copied") }],
  delete: ["delete_file", { path: here("file") }],
  "delete-tree": ["delete_file", { path: here("tree"), recursive: true }],
};

const [tool = "", args] = CALLS[operation] ?? [];
if (operation === "undo") process.stdout.write(`${await undoAll()}\n`);
else {
  const { content, isError } = await caller.call(tool, args);
  const [part] = content;
  process.stdout.write(isError && part?.type === "text" ? `failed: ${part.text}\n` : "ok\n");
}

async function undoAll(): Promise<string> {
  let undone = 0;
  try {
    for (const { id, status } of await files.changes.list(100)) {
      if (status !== "done") return `failed: change ${id} is ${status}`;
      await files.changes.undo(id, new AbortController().signal);
      undone++;
    }
    return `undid ${undone}`;
  } catch (error) {
    return `failed: ${errorText(error)}`;
  }
}
