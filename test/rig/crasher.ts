/**
 * Makes one change and is killed at a chosen point of it, as if the power had failed for this process.
 * Arguments: the folder of the journal, the allowed folder, the change, the point: "announced" (recorded,
 * not made), "half" (half of it made), "made" (made, entry still open), or a number: when the file layer has
 * looked at its signal so many times.
 * @module
 */
import { mkdir, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { createFiles } from "../../lib/fs/files.ts";
import { openRoots } from "../../lib/fs/roots.ts";
import { createJournal } from "../../lib/journal/journal.ts";
import type { Journal } from "../../lib/journal/types.ts";

const [folder = "", dir = "", change = "", point = ""] = process.argv.slice(2);
const die = () => process.kill(process.pid, "SIGKILL");
const real = createJournal({ folder });
const journal: Journal = {
  ...real,
  record(plan) {
    const recording = real.record(plan);
    return {
      ...recording,
      async announce(images) {
        const announced = await recording.announce(images);
        if (point === "announced") die();
        return announced;
      },
      async done(after) {
        if (point === "made") die();
        await recording.done(after);
      },
    };
  },
};
const { signal } = new AbortController();
let looks = 0;
Object.defineProperty(signal, "aborted", {
  get() {
    if (++looks === Number(point)) die();
    return false;
  },
});
const { roots } = await openRoots([{ path: dir, readOnly: false }]);
const files = createFiles(roots, { journal });
const content = new TextEncoder().encode("new");
/** What the program changes, and a file that it leaves alone. */
const PATHS = ["file", "tree/0/2", "tree/0/4", "by/it/link"];
const changes: Readonly<Record<string, () => Promise<unknown>>> = {
  write: () => files.write(join(dir, "file"), content),
  "write-new": () => files.write(join(dir, "new/deep/file"), content),
  create: () => files.createFolder(join(dir, "made/here")),
  move: () => files.move(join(dir, "tree"), join(dir, "moved/tree"), signal),
  copy: () => files.copy(join(dir, "tree"), join(dir, "copied"), signal),
  delete: () => files.remove(join(dir, "tree"), true, signal),
  program: () =>
    files.recorded({ top: dir, paths: PATHS, title: "program" }, signal, async () => {
      await writeFile(join(dir, "file"), content);
      await unlink(join(dir, "tree/0/2"));
      if (point === "half") die();
      await mkdir(join(dir, "by/it"), { recursive: true });
      await symlink("../file", join(dir, "by/it/link"));
    }),
  undo: async () => await files.changes.undo((await files.changes.list(1))[0]?.id ?? 0, signal),
};
await changes[change]?.();
