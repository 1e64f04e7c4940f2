/**
 * A disk that is full: a small file system in memory on which every change must either be made or refused,
 * with what was there still whole. Needs Linux and the right to mount; elsewhere it says so and counts
 * nothing.
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modules } from "../../main.ts";
import { createCaller } from "../../lib/call.ts";
import { createFiles } from "../../lib/fs/files.ts";
import { openRoots } from "../../lib/fs/roots.ts";
import { createJournal } from "../../lib/journal/journal.ts";
import { createRipgrep } from "../../lib/ripgrep.ts";
import { createSearch } from "../../lib/search/engine.ts";
import { describeTree } from "../rig/tree.ts";
import { reachOf, recognisingDocuments, SILENT } from "../support.ts";
import { createTally, note, say, type Tally } from "./tally.ts";

/** Bytes of the disk; the old file takes more than half of it. */
const DISK_BYTES = 512 * 1024;
const OLD = "old ".repeat(75_000);
const NEW = "new ".repeat(75_000);

/** Tries changes with the allowed folder on a full disk, and with the journal on one. */
export async function fillDisk(): Promise<Tally> {
  const tally = createTally();
  for (const full of ["the allowed folder", "the journal"] as const) {
    const base = mkdtempSync(join(tmpdir(), "clawhammer-disk-"));
    const small = join(base, "small");
    mkdirSync(small);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", small]);
    try {
      if (mounted.status !== 0) {
        say(`A full disk: not run, because nothing can be mounted here (that needs root)`);
        return tally;
      }
      await change(base, small, full, tally);
    } finally {
      if (mounted.status === 0) spawnSync("umount", [small]);
      rmSync(base, { recursive: true, force: true });
    }
  }
  return tally;
}

async function change(
  base: string,
  small: string,
  full: "the allowed folder" | "the journal",
  tally: Tally,
): Promise<void> {
  const isJournal = full === "the journal";
  const dir = join(isJournal ? base : small, "allowed");
  const elsewhere = join(base, "elsewhere");
  const folder = join(isJournal ? small : base, "journal");
  for (const each of [dir, elsewhere]) mkdirSync(each);
  const { roots } = openRoots([dir, elsewhere].map((path) => ({ path, readOnly: false })));
  const journal = createJournal({ folder });
  const files = createFiles(roots, { journal });
  const search = createSearch(createRipgrep({ cacheFolder: base, log: SILENT }));
  const reach = reachOf({ files, search, documents: recognisingDocuments(base) });
  const caller = createCaller(modules, { log: SILENT, readOnly: false, reach: () => Promise.resolve(reach) });
  const file = join(dir, "file");
  writeFileSync(file, OLD);
  writeFileSync(join(elsewhere, "big"), OLD);
  if (isJournal) fill(small);
  const calls: readonly (readonly [string, Record<string, unknown>])[] = [
    ["write_file", { path: file, content: NEW }],
    ["edit_file", { path: file, edits: [{ oldText: "old ", newText: "new! ", replaceAll: true }] }],
    ["write_file", { path: join(dir, "made/for/it"), content: NEW }],
    ["copy_file", { source: file, destination: join(dir, "copy") }],
    ["move_file", { source: join(elsewhere, "big"), destination: join(dir, "big") }],
    ["create_directory", { path: join(dir, "folder") }],
    ["delete_file", { path: file }],
  ];
  for (const [name, args] of calls) {
    const before = await describeTree(dir) + await describeTree(elsewhere);
    const { content, isError } = await caller.call(name, args);
    const text = content[0]?.type === "text" ? content[0].text : "";
    const after = await describeTree(dir) + await describeTree(elsewhere);
    const wrong = isError
      ? after !== before ? "it was refused, but something changed" : expectReason(text)
      : after === before
      ? "it was reported as done, but nothing changed"
      : undefined;
    note(tally, `${full} on a full disk: ${name}`, wrong === undefined ? undefined : `${wrong}: ${text}`);
    if (!isError) await takeBack(files, tally, `${full} on a full disk: undo of ${name}`);
  }
  note(tally, `${full} on a full disk: the file`, readFileSync(file, "utf8") === OLD ? undefined : "damaged");
  journal.release();
}

function expectReason(text: string): string | undefined {
  if (text.includes("failed inside Clawhammer")) return "it failed in a way it should not";
  return text.includes("disk is full") ? undefined : "it does not say that the disk is full";
}

async function takeBack(files: ReturnType<typeof createFiles>, tally: Tally, what: string): Promise<void> {
  const [newest] = await files.changes.list(1);
  const undone = newest === undefined
    ? "nothing was recorded"
    : await files.changes.undo(newest.id, new AbortController().signal).then(() => undefined, String);
  note(tally, what, undone);
}

/** Fills a disk to the last block. */
function fill(folder: string): void {
  const path = join(folder, "filler");
  while (!existsSync(path) || statfsSync(folder).bavail > 0) {
    try {
      writeFileSync(path, new Uint8Array(4096), { flag: "a" });
    } catch {
      return;
    }
  }
}
