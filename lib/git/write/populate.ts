/**
 * Filling a new work tree: everything but what no tool may write and what needs a program.
 * @module
 */
import { counted } from "../../format.ts";
import type { Repository } from "../types.ts";
import { filtersOf, pathList } from "./state.ts";

/**
 * Checks a commit out into an empty work tree. What is left out is marked, so that git does not take it for
 * deleted. @returns lines for the reply.
 */
export async function populate(repo: Repository, commit: string): Promise<string[]> {
  await repo.run({ name: "read-tree", revisions: [commit], finish: true });
  const { stdout } = await repo.run({ name: "ls-files", options: ["-z", "--stage"] });
  const entries = stdout.toString("utf8").split("\0").filter((line) => line !== "").map((line) => {
    return { isFile: !line.startsWith("160000"), path: line.slice(line.indexOf("\t") + 1) };
  });
  const paths = entries.filter(({ isFile }) => isFile).map(({ path }) => path);
  const guarded = paths.filter((path) => !repo.mayWrite(path));
  const filtered = [...(await filtersOf(repo, paths)).keys()].filter((path) => repo.mayWrite(path));
  const left = new Set([...guarded, ...filtered]);
  const written = paths.filter((path) => !left.has(path));
  const list = (names: Iterable<string>) => [...names].map((path) => `${path}\0`).join("");
  await repo.run({ name: "checkout-index", options: ["--quiet", "-z", "--stdin"], input: list(written) });
  await repo.run({
    name: "update-index",
    options: ["-z", "--skip-worktree", "--stdin"],
    input: list(left),
  });
  await repo.run({ name: "update-index", options: ["-q", "--refresh"], okStatus: [0, 1] });
  const modules = entries.length - paths.length;
  return [
    `${counted(written.length, "file")} checked out`,
    ...(guarded.length === 0
      ? []
      : [`Left out, because other programs run or obey them: ${pathList(guarded)}.`]),
    ...(filtered.length === 0
      ? []
      : [`Left out, because a filter's program (such as Git LFS) would have to run: ${pathList(filtered)}.`]),
    ...(modules === 0 ? [] : [`${counted(modules, "submodule")} not fetched.`]),
  ];
}
