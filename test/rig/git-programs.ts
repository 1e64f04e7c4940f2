/**
 * Every way known to us in which a repository, or its configuration, names a program that git then runs. Each
 * comes with plain git commands that do run it: the control without which a test proves nothing.
 * @module
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { configure, type GitPlace, manyLooseObjects } from "./git.ts";
import { NETWORK_PROGRAMS } from "./git-network.ts";

/** One way. */
export interface Mechanism {
  readonly name: string;
  /** Changes the repository of {@link makeRepository}. */
  arm(place: GitPlace): Promise<void>;
  /** Plain git that runs the marker; each is an argument list. */
  readonly plain: readonly (readonly string[])[];
  /** What plain git is given on its standard input. */
  readonly input?: string;
  /** Environment variables that plain git needs for it. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs plain git on a terminal. */
  readonly terminal?: true;
  /** The first version of git that knows it (2.39 is 2039); the control is left out below. */
  readonly since?: number;
  /** The reading tools refuse such a repository as a whole, with this in what they say. */
  readonly refused?: RegExp;
}

const ATTRIBUTES = "*.dat filter=evil diff=evil merge=evil\n";

/** A hook in the folder where git looks for it by itself. */
function hook(name: string, plain: Mechanism["plain"], more: Partial<Mechanism> = {}): Mechanism {
  return {
    name: `the hook ${name}`,
    async arm(place) {
      await place.script(`.git/hooks/${name}`);
      await more.arm?.(place);
    },
    plain,
    ...(more.since === undefined ? {} : { since: more.since }),
  };
}

/** A setting that is a command, in the repository's configuration. */
function setting(
  key: string,
  plain: Mechanism["plain"],
  more: Partial<Mechanism> & { readonly rest?: string; readonly also?: Readonly<Record<string, string>> } =
    {},
): Mechanism {
  const { rest, also = {}, arm, ...others } = more;
  return {
    name: key,
    async arm(place) {
      await configure(place, { [key]: place.mark(rest), ...also });
      await arm?.(place);
    },
    plain,
    ...others,
  };
}

const withAttributes = async ({ put }: GitPlace) => await put({ ".gitattributes": ATTRIBUTES });

/** A commit that carries a signature, so that looking at it can mean verifying it. */
const withSignature = async ({ git }: GitPlace) => {
  const { stdout } = await git(["cat-file", "commit", "HEAD"]);
  const signature =
    "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQEzBAABCAAdFiEE\n -----END PGP SIGNATURE-----\n";
  const input = stdout.replace("\n\n", `\n${signature}\n`);
  const signed = await git(["hash-object", "-t", "commit", "-w", "--stdin"], { input });
  await git(["update-ref", "HEAD", signed.stdout.trim()]);
};

const withLooseObjects = async ({ git }: GitPlace) => {
  for (const input of manyLooseObjects(3)) await git(["hash-object", "-w", "--stdin"], { input });
  await git(["config", "gc.auto", "1"]);
  await git(["config", "gc.autoDetach", "false"]);
};

/** A repository within the work tree whose own configuration names the programs. */
const withNested = async (place: GitPlace, values: Readonly<Record<string, string>>) => {
  const { repo, git } = place;
  const cwd = join(repo, "nested");
  await mkdir(cwd);
  await git(["init", "-q", "-b", "main"], { cwd });
  await writeFile(join(cwd, "n.dat"), "nested\n");
  await git(["add", "."], { cwd });
  await git(["commit", "-qm", "Nested"], { cwd });
  await git(["add", "nested"]);
  for (const [key, value] of Object.entries(values)) await git(["config", key, value], { cwd });
  await writeFile(join(cwd, ".gitattributes"), ATTRIBUTES);
  // Of the same size, so that git must look at the content to tell whether it changed.
  await writeFile(join(cwd, "n.dat"), "NESTED\n");
};

/** Programs that git runs while it looks at files. */
const LOOKING: readonly Mechanism[] = [
  setting("core.fsmonitor", [["status"]]),
  setting("filter.evil.clean", [["diff"], ["add", "."]], { rest: "cat", arm: withAttributes }),
  setting("filter.evil.smudge", [["stash"], ["switch", "feature"]], { rest: "cat", arm: withAttributes }),
  setting("filter.evil.process", [["diff"]], { rest: "exit 1", arm: withAttributes }),
  {
    name: "filter.evil.clean that is required",
    async arm(place) {
      await configure(place, { "filter.evil.clean": place.mark("cat"), "filter.evil.required": "true" });
      await withAttributes(place);
    },
    plain: [["add", "."]],
  },
  {
    name: "a filter by .git/info/attributes",
    async arm(place) {
      await configure(place, { "filter.evil.clean": place.mark("cat") });
      await place.put({ ".git/info/attributes": ATTRIBUTES });
    },
    plain: [["diff"]],
  },
  {
    name: "a filter by core.attributesFile",
    async arm(place) {
      await configure(place, {
        "filter.evil.clean": place.mark("cat"),
        "core.attributesFile": join(place.repo, "attributes"),
      });
      await place.put({ attributes: ATTRIBUTES });
    },
    plain: [["diff"]],
  },
  {
    name: "a filter whose name has dots, quotes and a line break",
    async arm(place) {
      const name = 'e.v"il=\\x';
      await configure(place, { [`filter.${name}.clean`]: place.mark("cat") });
      await place.put({ ".gitattributes": `*.dat filter=${name}\n` });
    },
    plain: [["add", "."]],
  },
  {
    name: "a filter that the index names",
    async arm(place) {
      await configure(place, { "filter.evil.clean": place.mark("cat") });
      await withAttributes(place);
      await place.git(["-c", "filter.evil.clean=", "add", ".gitattributes"]);
      await rm(join(place.repo, ".gitattributes"));
    },
    plain: [["diff"]],
  },
  setting("diff.evil.textconv", [["diff"], ["log", "-p"], ["blame", "data.dat"]], {
    rest: "cat",
    arm: withAttributes,
  }),
  setting("diff.evil.command", [["diff"]], { arm: withAttributes }),
  setting("diff.external", [["diff"]]),
  setting("core.pager", [["log"]], { rest: "cat", terminal: true }),
  setting("pager.status", [["status"]], { rest: "cat", terminal: true }),
  {
    name: "gpg.program, by log.showSignature",
    async arm(place) {
      await configure(place, {
        "gpg.program": await place.script("gpg.sh"),
        "log.showSignature": "true",
      });
      await withSignature(place);
    },
    plain: [["log"]],
  },
  {
    name: "gpg.program, by a format of the configuration",
    async arm(place) {
      await configure(place, { "gpg.program": await place.script("gpg.sh"), "format.pretty": "%G? %h" });
      await withSignature(place);
    },
    plain: [["log"]],
  },
  setting("core.alternateRefsCommand", [["rev-list", "--alternate-refs", "--all"]], {
    async arm({ dir, put }) {
      await put({ ".git/objects/info/alternates": `${join(dir, "origin.git", "objects")}\n` });
    },
  }),
  {
    name: "core.fsmonitor of an included file of the work tree",
    async arm(place) {
      await place.put({ "team.cfg": `[core]\n\tfsmonitor = "${place.mark()}"\n` });
      await configure(place, { "include.path": "../team.cfg" });
    },
    plain: [["status"]],
    refused: /team\.cfg/,
  },
  {
    name: "core.fsmonitor of a file that is included on this branch",
    async arm(place) {
      await place.put({ "team.cfg": `[core]\n\tfsmonitor = "${place.mark()}"\n` });
      await configure(place, { "includeIf.onbranch:main.path": "../team.cfg" });
    },
    plain: [["status"]],
    refused: /team\.cfg/,
  },
  {
    name: "core.fsmonitor of .git/config.worktree",
    async arm(place) {
      await configure(place, { "extensions.worktreeConfig": "true" });
      await place.git(["config", "--worktree", "core.fsmonitor", place.mark()]);
    },
    plain: [["status"]],
  },
  {
    name: "a filter of .git/config.worktree",
    async arm(place) {
      await configure(place, { "extensions.worktreeConfig": "true" });
      await place.git(["config", "--worktree", "filter.evil.clean", place.mark("cat")]);
      await withAttributes(place);
    },
    plain: [["diff"]],
  },
  {
    name: "core.fsmonitor of a repository within",
    arm: (place) => withNested(place, { "core.fsmonitor": place.mark() }),
    plain: [["status"]],
  },
  {
    name: "a filter of a repository within",
    arm: (place) => withNested(place, { "filter.evil.clean": place.mark("cat") }),
    plain: [["status"], ["diff"]],
  },
  {
    name: "a filter of a submodule",
    async arm(place) {
      await withNested(place, { "filter.evil.clean": place.mark("cat") });
      await configure(place, { "submodule.nested.ignore": "none" });
      await place.put({ ".gitmodules": '[submodule "nested"]\n\tpath = nested\n\turl = ./nested\n' });
      await place.git(["submodule", "-q", "init"]);
      await place.git(["submodule", "-q", "absorbgitdirs"]);
    },
    plain: [["status"], ["diff", "--submodule=diff"]],
  },
  {
    name: "core.fsmonitor of a bare repository in a folder of the work tree",
    async arm(place) {
      const { repo, git } = place;
      await git(["init", "-q", "--bare", "vendored"]);
      await git(["--git-dir", "vendored", "config", "core.bare", "false"]);
      await git(["--git-dir", "vendored", "config", "core.worktree", repo]);
      await git(["--git-dir", "vendored", "config", "core.fsmonitor", place.mark()]);
    },
    plain: [["-C", "vendored", "status"]],
  },
];

/** Programs that git runs while it writes. */
const WRITING: readonly Mechanism[] = [
  hook("pre-commit", [["commit", "-m", "x"]]),
  hook("prepare-commit-msg", [["commit", "-m", "x"]]),
  hook("commit-msg", [["commit", "-m", "x"]]),
  hook("post-commit", [["commit", "-m", "x"]]),
  hook("post-rewrite", [["commit", "--amend", "-m", "x"]]),
  hook("post-checkout", [["stash"], ["switch", "feature"]]),
  hook("post-index-change", [["status"], ["add", "."]]),
  hook("reference-transaction", [["branch", "x"]]),
  hook("pre-merge-commit", [["stash"], ["merge", "feature", "-m", "x"]]),
  hook("post-merge", [["stash"], ["merge", "feature", "-m", "x"]]),
  hook("pre-push", [["push", "origin", "main"]]),
  hook("pre-auto-gc", [["gc", "--auto"], ["commit", "-m", "x"]], { arm: withLooseObjects }),
  {
    name: "core.hooksPath",
    async arm(place) {
      for (const name of ["pre-commit", "post-index-change", "post-checkout", "reference-transaction"]) {
        await place.script(`hooks/${name}`);
      }
      await configure(place, { "core.hooksPath": "hooks" });
    },
    plain: [["status"], ["commit", "-m", "x"]],
  },
  {
    name: "a hook of the configuration",
    async arm(place) {
      await configure(place, { "hook.evil.command": place.mark(), "hook.evil.event": "pre-commit" });
      for (const event of ["post-checkout", "post-index-change", "reference-transaction", "commit-msg"]) {
        await configure(place, { "hook.evil.event": event });
      }
    },
    plain: [["commit", "-m", "x"]],
    since: 2054,
  },
  setting("core.editor", [["commit"]]),
  setting("sequence.editor", [["stash"], ["rebase", "-i", "HEAD~1"]]),
  {
    name: "gpg.program, by commit.gpgSign",
    async arm(place) {
      await configure(place, {
        "gpg.program": await place.script("gpg.sh", "exit 1"),
        ...{ "commit.gpgSign": "true", "tag.gpgSign": "true", "user.signingKey": "0123" },
      });
    },
    plain: [["commit", "-m", "x"]],
  },
  {
    name: "gpg.ssh.program, by commit.gpgSign",
    async arm(place) {
      await configure(place, {
        "gpg.ssh.program": await place.script("ssh.sh", "exit 1"),
        ...{ "commit.gpgSign": "true", "gpg.format": "ssh", "user.signingKey": "key::ssh-ed25519 AAAA" },
      });
    },
    plain: [["commit", "-m", "x"]],
  },
  {
    name: "gpg.x509.program, by commit.gpgSign",
    async arm(place) {
      await configure(place, {
        "gpg.x509.program": await place.script("x509.sh", "exit 1"),
        ...{ "commit.gpgSign": "true", "gpg.format": "x509", "user.signingKey": "0123" },
      });
    },
    plain: [["commit", "-m", "x"]],
  },
  {
    name: "gpg.ssh.defaultKeyCommand",
    async arm(place) {
      await configure(place, {
        "gpg.ssh.defaultKeyCommand": await place.script("key.sh", "exit 1"),
        ...{ "commit.gpgSign": "true", "gpg.format": "ssh" },
      });
    },
    plain: [["commit", "-m", "x"]],
  },
  setting("trailer.evil.command", [["commit", "-m", "x", "--trailer", "evil"]], {
    also: { "trailer.evil.key": "Evil" },
  }),
  setting("trailer.other.cmd", [["commit", "-m", "x", "--trailer", "other"]], {
    also: { "trailer.other.key": "Other" },
  }),
  setting("interactive.diffFilter", [["add", "-p"]], {
    rest: "cat",
    terminal: true,
  }),
  setting("merge.evil.driver", [["stash"], ["merge", "other", "-m", "x"]], {
    async arm({ git, put }) {
      await put({ ".git/info/attributes": "a.txt merge=evil\n" });
      // Another branch that changes the same line in another way, so that the driver is asked.
      const input = "one\nzwei\nthree\n";
      const blob = (await git(["hash-object", "-w", "--stdin"], { input })).stdout.trim();
      const tree = (await git(["ls-tree", "HEAD~1"])).stdout.replace(
        /[0-9a-f]{40}\ta\.txt/,
        `${blob}\ta.txt`,
      );
      const made = (await git(["mktree"], { input: tree })).stdout.trim();
      const commit = (await git(["commit-tree", "-p", "HEAD~1", "-m", "Other", made])).stdout.trim();
      await git(["branch", "other", commit]);
    },
  }),
  setting("gc.recentObjectsHook", [["gc", "--prune=now"]], { arm: withLooseObjects, since: 2042 }),
  setting("difftool.evil.cmd", [["difftool", "-y", "-t", "evil"]]),
  {
    name: "aliases, also of git's own commands",
    async arm(place) {
      const names =
        "evil status diff log show add commit branch switch stash merge tag fetch rev-parse config";
      const command = `!${place.mark()}`;
      await configure(
        place,
        Object.fromEntries(names.split(" ").map((name) => [`alias.${name}`, command])),
      );
    },
    plain: [["evil"]],
  },
  {
    name: "submodule.nested.update",
    async arm(place) {
      await withNested(place, {});
      await place.put({ ".gitmodules": '[submodule "nested"]\n\tpath = nested\n\turl = ./nested\n' });
      await configure(place, {
        "submodule.nested.url": join(place.repo, "nested"),
        "submodule.nested.update": `!${place.mark()} #`,
      });
      await place.git(["-C", "nested", "commit", "-qam", "Next"]);
    },
    plain: [["submodule", "update"]],
  },
];

/** All of them, by what git does when it runs them. */
export const PROGRAMS: Readonly<Record<"looking" | "changing" | "reaching", readonly Mechanism[]>> = {
  looking: LOOKING,
  changing: WRITING,
  reaching: NETWORK_PROGRAMS,
};
