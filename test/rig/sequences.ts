/**
 * Random sequences of changes in a random tree, undone in reverse, then redone: every state on the way must
 * be the one that was there before.
 * @module
 */
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ToolError } from "../../lib/errors.ts";
import { createFiles } from "../../lib/fs/files.ts";
import { openRoots } from "../../lib/fs/roots.ts";
import type { Files } from "../../lib/fs/types.ts";
import { createJournal } from "../../lib/journal/journal.ts";
import type { Journal } from "../../lib/journal/types.ts";
import type { Random } from "./random.ts";
import { describeTree } from "./tree.ts";

const NEVER = new AbortController().signal;
/** Few names, so that changes meet each other. */
const NAMES = ["a", "b", "c d", "é", "x.txt", "E", "deep/er", "deep/er/y", "l"];
const STEPS = 12;

/**
 * Plays sequences. @returns how many changes were made in all.
 * @throws {Error} with the seed when a state differs.
 */
export async function playSequences(sequences: number, random: Random): Promise<number> {
  const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-undo-")));
  const journal = createJournal({ folder: join(base, "journal") });
  let changes = 0;
  try {
    for (let sequence = 0; sequence < sequences; sequence++) {
      const dir = join(base, `${sequence}`);
      await mkdir(dir);
      await plant(dir, random);
      changes += await play(dir, journal, random);
      await rm(dir, { recursive: true });
    }
    return changes;
  } catch (error) {
    throw new Error(`Fails with seed ${random.seed}`, { cause: error });
  } finally {
    journal.release();
    await rm(base, { recursive: true, force: true });
  }
}

async function play(dir: string, journal: Journal, random: Random): Promise<number> {
  const { roots } = openRoots([{ path: dir, readOnly: false }]);
  const files = createFiles(roots, { journal });
  const states = [await describeTree(dir)];
  const made: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    await attempt(() => step(files, dir, random));
    const [newest] = await files.changes.list(1);
    const state = await describeTree(dir);
    if (newest === undefined || newest.id === made.at(-1)) {
      assert.equal(state, states.at(-1), "something changed without an entry");
      continue;
    }
    made.push(newest.id);
    states.push(state);
  }
  const undos: number[] = [];
  for (let i = made.length - 1; i >= 0; i--) {
    undos.push((await files.changes.undo(made[i] ?? 0, NEVER)).id);
    assert.equal(await describeTree(dir), states[i], `after undoing ${i + 1} of ${made.length}`);
  }
  for (let i = 1; i < states.length; i++) {
    await files.changes.undo(undos.pop() ?? 0, NEVER);
    assert.equal(await describeTree(dir), states[i], `after redoing ${i} of ${made.length}`);
  }
  return made.length;
}

/** One random change; those that make no sense are refused by the layer. */
async function step(files: Files, dir: string, random: Random): Promise<void> {
  const path = () => join(dir, ...Array.from({ length: 1 + random.int(3) }, () => random.pick(NAMES)));
  switch (random.int(6)) {
    case 0:
    case 1:
      await files.write(path(), randomBytes(random));
      break;
    case 2:
      await files.createFolder(path());
      break;
    case 3:
      await files.move(path(), path(), NEVER);
      break;
    case 4:
      await files.copy(path(), path(), NEVER);
      break;
    default:
      await files.remove(path(), random.int(2) === 0, NEVER);
  }
}

async function plant(dir: string, random: Random): Promise<void> {
  for (let i = 0; i < 6; i++) {
    const path = join(dir, random.pick(NAMES));
    try {
      await mkdir(dirname(path), { recursive: true });
      if (random.int(3) === 0) await mkdir(path);
      else if (random.int(6) === 0) await symlink("x.txt", path);
      else {
        await writeFile(path, randomBytes(random), { flag: "wx" });
        await chmod(path, random.pick([0o600, 0o644, 0o755, 0o666]));
      }
    } catch {
      // The name is taken by something of another kind: as good a state as any.
    }
  }
}

/** Sizes on both sides of what the journal keeps inside its database. */
function randomBytes(random: Random): Uint8Array {
  const first = random.int(256);
  return Uint8Array.from(
    { length: random.pick([0, 1, 10, 500, 70_000]) },
    (_, index) => (first + index) & 255,
  );
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
  }
}
