/**
 * What is under way in a repository: git leaves files in its directory while it waits for a person.
 * @module
 */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** Files that say what is under way, in the order in which they count. */
const MARKS: readonly (readonly [file: string, what: string])[] = [
  ["rebase-merge", "a rebase"],
  ["rebase-apply", "a rebase or the applying of patches"],
  ["MERGE_HEAD", "a merge"],
  ["CHERRY_PICK_HEAD", "a cherry-pick"],
  ["REVERT_HEAD", "a revert"],
  ["BISECT_LOG", "a bisection"],
];

/** What is under way, for a person: `a merge`, `a rebase (step 2 of 5)`; undefined when nothing is. */
export async function underWay(gitDir: string): Promise<string | undefined> {
  for (const [file, what] of MARKS) {
    const path = join(gitDir, file);
    if (!(await stat(path).then(() => true, () => false))) continue;
    if (file !== "rebase-merge") return what;
    const [step, steps] = await Promise.all(["msgnum", "end"].map((name) => numberIn(join(path, name))));
    return step === undefined || steps === undefined ? what : `${what} (step ${step} of ${steps})`;
  }
  return undefined;
}

async function numberIn(path: string): Promise<number | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  return /^\d{1,9}\s*$/.test(text) ? Number(text) : undefined;
}
