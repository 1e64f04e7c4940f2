/**
 * Names of commits become hashes before anything is done with them, and never become arguments.
 * @module
 */
import { ToolError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { visible } from "../visible.ts";
import type { Repository } from "./types.ts";

/** Characters of a name; longer ones name nothing. */
const NAME_CHARS_MAX = 300;

/** The commits that names mean, undefined for those that mean none. */
export async function findCommits(
  repository: Pick<Repository, "run">,
  names: readonly string[],
): Promise<(string | undefined)[]> {
  const usable = names.map((name) => isUsable(name));
  const asked = names.filter((_, index) => usable[index]);
  if (asked.length === 0) return names.map(() => undefined);
  const { stdout } = await repository.run({
    name: "cat-file",
    options: ["--batch-check=%(objectname) %(objecttype)"],
    input: asked.map((name) => `${name}^{commit}\n`).join(""),
  });
  const answers = stdout.toString("utf8").split("\n");
  let next = 0;
  return usable.map((isAsked) => {
    return isAsked ? /^([0-9a-f]{40,64}) commit$/.exec(answers[next++] ?? "")?.[1] : undefined;
  });
}

/** @throws {ToolError} naming the nearest when a name means no commit. */
export async function resolveCommits(
  repository: Pick<Repository, "run" | "shown">,
  names: readonly string[],
): Promise<string[]> {
  const found = await findCommits(repository, names);
  return await Promise.all(found.map(async (hash, index) => {
    return hash ?? await Promise.reject(await unknown(repository, names[index] ?? ""));
  }));
}

async function unknown(repository: Pick<Repository, "run" | "shown">, name: string): Promise<ToolError> {
  const { stdout } = await repository.run({
    name: "for-each-ref",
    options: ["--format=%(refname:short)", "--sort=-creatordate", "--count=2000"],
  });
  const refs = stdout.toString("utf8").split("\n").filter((ref) => ref !== "");
  const shown = visible(name.slice(0, 100));
  if (refs.length === 0 && /^(HEAD|@)?$/.test(name)) {
    return new ToolError(
      `There is no commit yet in "${repository.shown}"`,
      "git_status shows what there is; the first commit makes the branch.",
    );
  }
  const near = nearest(name, refs);
  const some = near.length > 0 ? `Nearest: ${near.join(", ")}` : `There are: ${refs.slice(0, 8).join(", ")}`;
  return new ToolError(
    `No commit is called "${shown}" in "${repository.shown}"`,
    refs.length === 0
      ? "There are no branches yet."
      : visible(`${some}. Hashes, HEAD~2 and stash@{0} work, too.`),
  );
}

/**
 * Whether a name can be asked for: one line, nothing that searches messages (`:/text`), which could take
 * long, or means a file (`rev:path`), which is shown under its path alone.
 */
function isUsable(name: string): boolean {
  // deno-lint-ignore no-control-regex -- control characters are what it looks for.
  return name !== "" && name.length <= NAME_CHARS_MAX && !/[\u0000-\u001f\u007f:]|\^\{\//.test(name);
}
