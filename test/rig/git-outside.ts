/**
 * Every way known to us in which a repository inside an allowed folder leads git to something outside:
 * what it
 * shows of it, and what it writes there. Each comes with plain git commands that are led: the control.
 * @module
 */
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { configure, type GitPlace } from "./git.ts";

/** Stands outside alone: in contents, names of files and branches, and messages. */
export const CANARY = "CANARY-4c1d07";

/** One way. */
export interface Lead {
  readonly name: string;
  /** Changes the repository of {@link makeRepository}; outside are those of {@link makeOutside}. */
  arm(place: GitPlace): Promise<void>;
  /** Plain git that shows the canary or changes something outside; each is an argument list. */
  readonly plain: readonly (readonly string[])[];
  /** What it does outside. */
  readonly does: "shows" | "writes";
}

/** A repository and a file outside, full of canaries. */
export async function makeOutside({ outside, git }: GitPlace): Promise<void> {
  await writeFile(join(outside, "secret.txt"), `${CANARY}\n`);
  const cwd = join(outside, "repo");
  await mkdir(cwd);
  await git(["init", "-q", "-b", "main"], { cwd });
  await writeFile(join(cwd, `${CANARY}.txt`), `${CANARY}\n`);
  await git(["add", "."], { cwd });
  await git(["commit", "-qm", `${CANARY} was committed`], { cwd });
  await git(["branch", CANARY], { cwd });
}

/** Puts a link in the place of something of the git directory. */
async function link({ repo }: GitPlace, name: string, target: string): Promise<void> {
  await rm(join(repo, ".git", name), { recursive: true, force: true });
  await symlink(target, join(repo, ".git", name));
}

async function headOutside({ git, outside }: GitPlace): Promise<string> {
  return (await git(["rev-parse", "HEAD"], { cwd: join(outside, "repo") })).stdout.trim();
}

const SHOWING: readonly Lead[] = [
  {
    name: "a .git file that names a git directory outside",
    async arm({ repo, outside, put }) {
      await rm(join(repo, ".git"), { recursive: true });
      await put({ ".git": `gitdir: ${join(outside, "repo", ".git")}\n` });
    },
    plain: [["log"]],
    does: "shows",
  },
  {
    name: "a .git that is a link to the outside",
    async arm({ repo, outside }) {
      await rm(join(repo, ".git"), { recursive: true });
      await symlink(join(outside, "repo", ".git"), join(repo, ".git"));
    },
    plain: [["log"]],
    does: "shows",
  },
  {
    name: "a common directory outside",
    async arm({ outside, put }) {
      await put({ ".git/commondir": `${join(outside, "repo", ".git")}\n` });
    },
    plain: [["log"]],
    does: "shows",
  },
  {
    name: "alternates outside",
    async arm(place) {
      const hash = await headOutside(place);
      await place.put({
        ".git/objects/info/alternates": `${join(place.outside, "repo", ".git", "objects")}\n`,
        ".git/refs/heads/feature": `${hash}\n`,
      });
    },
    plain: [["log", "feature"]],
    does: "shows",
  },
  {
    name: "an object folder that is a link",
    async arm(place) {
      const hash = await headOutside(place);
      await cp(join(place.repo, ".git/objects"), join(place.outside, "repo/.git/objects"), {
        recursive: true,
        force: false,
      });
      await link(place, "objects", join(place.outside, "repo/.git/objects"));
      await place.put({ ".git/refs/heads/feature": `${hash}\n` });
    },
    plain: [["log", "feature"]],
    does: "shows",
  },
  {
    name: "one folder of objects that is a link",
    async arm(place) {
      const hash = await headOutside(place);
      const folder = `objects/${hash.slice(0, 2)}`;
      await rm(join(place.repo, ".git", folder), { recursive: true, force: true });
      await link(place, folder, join(place.outside, "repo/.git", folder));
      await place.put({ ".git/refs/heads/feature": `${hash}\n` });
    },
    plain: [["cat-file", "-p", "feature"]],
    does: "shows",
  },
  {
    name: "packs that are a link",
    async arm(place) {
      const hash = await headOutside(place);
      await place.git(["gc", "-q"], { cwd: join(place.outside, "repo") });
      await link(place, "objects/pack", join(place.outside, "repo/.git/objects/pack"));
      await place.put({ ".git/refs/heads/feature": `${hash}\n` });
    },
    plain: [["log", "feature"]],
    does: "shows",
  },
  {
    name: "core.worktree",
    arm: (place) => configure(place, { "core.worktree": join(place.outside, "repo") }),
    plain: [["status"]],
    does: "shows",
  },
  {
    name: "core.worktree of .git/config.worktree",
    async arm(place) {
      await configure(place, { "extensions.worktreeConfig": "true" });
      await place.git(["config", "--worktree", "core.worktree", join(place.outside, "repo")]);
    },
    plain: [["status"]],
    does: "shows",
  },
  {
    name: "a repository above the allowed folder",
    async arm({ repo, dir, outside }) {
      await rm(join(repo, ".git"), { recursive: true });
      await rename(join(outside, "repo", ".git"), join(dir, "..", ".git"));
    },
    plain: [["log"]],
    does: "shows",
  },
  {
    name: "packed-refs that is a link",
    arm: (place) => link(place, "packed-refs", join(place.outside, "secret.txt")),
    plain: [["branch"]],
    does: "shows",
  },
  {
    name: "an index that is a link",
    arm: (place) => link(place, "index", join(place.outside, "repo/.git/index")),
    plain: [["ls-files"]],
    does: "shows",
  },
  {
    name: "branches that are a link",
    arm: (place) => link(place, "refs/heads/more", join(place.outside, "repo/.git/refs/heads")),
    plain: [["branch"]],
    does: "shows",
  },
  {
    name: "blame.ignoreRevsFile",
    arm: (place) => configure(place, { "blame.ignoreRevsFile": join(place.outside, "secret.txt") }),
    plain: [["blame", "a.txt"]],
    does: "shows",
  },
  {
    name: "mailmap.file",
    async arm(place) {
      await writeFile(join(place.outside, "names"), `${CANARY} <ada@example.test>\n`);
      await configure(place, { "mailmap.file": join(place.outside, "names") });
    },
    plain: [["log", "--use-mailmap"]],
    does: "shows",
  },
  {
    name: "a submodule whose git directory is outside",
    async arm({ repo, outside, git, put }) {
      await cp(join(outside, "repo"), join(repo, "nested"), { recursive: true });
      await git(["add", "nested"]);
      await git(["commit", "-qm", "Nested"]);
      await rm(join(repo, "nested", ".git"), { recursive: true });
      await put({ "nested/.git": `gitdir: ${join(outside, "repo", ".git")}\n` });
      await git(["commit", "-q", "--allow-empty", "-m", `${CANARY} again`], { cwd: join(outside, "repo") });
    },
    plain: [["diff", "--submodule=log"]],
    does: "shows",
  },
];

/** A link in the git directory to a file outside that git then writes. */
function written(name: string, plain: Lead["plain"]): Lead {
  return {
    name: `${name} that is a link`,
    async arm(place) {
      const target = join(place.outside, "written");
      const content = await readFile(join(place.repo, ".git", name)).catch(() => "");
      await writeFile(target, content);
      await link(place, name, target);
    },
    plain,
    does: "writes",
  };
}

const WRITING: readonly Lead[] = [
  written("COMMIT_EDITMSG", [["commit", "-m", "x"]]),
  written("logs/HEAD", [["commit", "-m", "x"]]),
  written("logs/refs/heads/main", [["commit", "-m", "x"]]),
  written("FETCH_HEAD", [["fetch", "origin", "main"]]),
  written("index", [["add", "."]]),
  written("config", [["branch", "--track", "tracking", "feature"]]),
];

/** All of them. */
export const LEADS: readonly Lead[] = [...SHOWING, ...WRITING];
