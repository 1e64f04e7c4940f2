import assert from "node:assert/strict";
import { mkdir, readdir, readFile, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isInside } from "../../lib/fs/roots.ts";
import type { Files } from "../../lib/fs/types.ts";
import { layOut, type Outcome, race, SECRET } from "../rig/race.ts";
import { withSandbox } from "../support.ts";

// Milliseconds a rig runs in the ordinary tests; the long run of the release sets more.
const MS = 800;
const NEVER = new AbortController().signal;

interface Place {
  dir: string;
  outside: string;
  files: Files;
}

async function rig(attempt: (place: Place, path: string, n: number) => Promise<boolean>): Promise<Outcome> {
  let outcome: Outcome | undefined;
  await withSandbox([], async ({ dir, outside, files }) => {
    await layOut(dir, outside);
    const paths = [join(dir, "victim/f.txt"), join(dir, "leaf.txt")];
    outcome = await race(dir, { ms: MS, attempts: 1e6 }, (n) => {
      return attempt({ dir, outside, files }, paths[n % 2] ?? "", n);
    });
  });
  assert.ok(outcome !== undefined && outcome.attempts > 10, `the rig ran only ${outcome?.attempts} times`);
  return outcome;
}

function assertTight(outcome: Outcome): void {
  assert.equal(outcome.leaks, 0, `${outcome.leaks} leaks in ${outcome.attempts} attempts`);
  assert.ok(outcome.refused < outcome.attempts, "every attempt was refused: the rig proves nothing");
}

test("control: check-then-read leaks in this rig, so the rig can see a leak", async () => {
  const outcome = await rig(async ({ dir }, path) => {
    const real = await realpath(path);
    if (!isInside(real, dir)) throw new Error("outside");
    return (await readFile(path, "utf8")) === SECRET;
  });
  assert.ok(outcome.leaks > 0, `no leak in ${outcome.attempts} attempts`);
});

test("control: check-then-write leaks in this rig", async () => {
  const outcome = await rig(async ({ dir, outside }, path) => {
    const real = await realpath(path);
    if (!isInside(real, dir)) throw new Error("outside");
    await writeFile(path, "x");
    return (await readFile(join(outside, "f.txt"), "utf8")) !== SECRET;
  });
  assert.ok(outcome.leaks > 0, `no leak in ${outcome.attempts} attempts`);
});

test("withFile never reads outside while links are swapped", async () => {
  assertTight(
    await rig(({ files }, path) =>
      files.withFile(path, async (file) => {
        const buffer = new Uint8Array(64);
        const length = await file.read(buffer, 0);
        return new TextDecoder().decode(buffer.subarray(0, length)) === SECRET;
      })
    ),
  );
});

test("withFolder never lists outside while links are swapped", async () => {
  assertTight(
    await rig(async ({ files, dir, outside }, _path, n) => {
      if (n === 1) await writeFile(join(outside, "only-outside"), "");
      return await files.withFolder(join(dir, "victim"), async (folder) => {
        return (await folder.entries()).some((entry) => entry.name === "only-outside");
      });
    }),
  );
});

test("write, createFolder, move and remove never touch the outside while links are swapped", async () => {
  assertTight(
    await rig(async ({ files, dir, outside }, path, n) => {
      await files.write(path, new TextEncoder().encode(`changed ${n}`)).catch(() => {});
      await files.createFolder(join(dir, `victim/made${n}`)).catch(() => {});
      await files.move(join(dir, `victim/made${n}`), join(dir, `victim/moved${n}`), NEVER).catch(() => {});
      await files.remove(join(dir, `victim/moved${n}`), true, NEVER).catch(() => {});
      if (n % 10 === 0) await mkdir(join(dir, `kept${n}`));
      await files.copy(join(dir, "victim"), join(dir, `kept${n - n % 10}`, `copy${n}`), NEVER).catch(
        () => {},
      );
      const names = await readdir(outside);
      return names.length !== 1 || (await readFile(join(outside, "f.txt"), "utf8")) !== SECRET;
    }),
  );
});
