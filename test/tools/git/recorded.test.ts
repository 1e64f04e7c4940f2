import assert from "node:assert/strict";
import { chmod, lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { createJournal } from "../../../lib/journal/journal.ts";
import { type GitPlace, makeRepository, withGitPlace } from "../../rig/git.ts";
import { type Call, toolsOver } from "../../rig/git-tools.ts";

/** Names that only some systems can have; a newline is none of Windows'. */
const ODD = process.platform === "win32"
  ? ["ü 統一.txt"]
  : ["two\nlines.txt", "ü 統一.txt", '"quoted" \\.txt'];

/** A clean repository whose changes of files are recorded. */
async function withRecorded(work: (place: GitPlace, call: Call) => Promise<void>): Promise<void> {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await place.git(["reset", "-q", "--hard"]);
    await place.git(["clean", "-qfd"]);
    await place.git(["stash", "drop", "-q"]);
    const journal = createJournal({ folder: join(place.home, "journal") });
    try {
      await work(place, toolsOver(place, { journal }));
    } finally {
      journal.release();
    }
  });
}

/** Everything in the work tree: paths, kinds, contents, and who may execute it. */
async function snapshot(folder: string, prefix = ""): Promise<string[]> {
  const rows: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    const info = await lstat(path);
    if (name === ".git") continue;
    if (info.isSymbolicLink()) rows.push(`${prefix}${name} -> ${await readlink(path)}`);
    else if (info.isDirectory()) {
      rows.push(`${prefix}${name}/`, ...await snapshot(path, `${prefix}${name}/`));
    } else rows.push(`${prefix}${name} ${(info.mode & 0o100) !== 0} ${await readFile(path, "utf8")}`);
  }
  return rows;
}

/** Fails when the call does. */
async function done(call: Call, name: string, args: object): Promise<string> {
  const { text, isError } = await call(name, args);
  assert.equal(isError, false, text);
  return text;
}

/** Undoes the newest change. @returns its number. */
async function undoLast(call: Call): Promise<number> {
  const [, id = ""] = /^(\d+) /.exec(await done(call, "list_changes", { limit: 1 })) ?? [];
  await done(call, "undo_change", { id: Number(id) });
  return Number(id);
}

/** A branch `odd` that differs from main in every way a tree can. */
async function makeOdd({ repo, git, put }: GitPlace): Promise<void> {
  await put({ "folder/deep/only-main.txt": "main\n", "run.sh": "#!/bin/sh\n", "becomes/folder.txt": "in\n" });
  await put({ "kind.txt": "a file\n", "large.txt": "x".repeat(200_000) });
  for (const name of ODD) await put({ [name]: `main ${name}\n` });
  await symlink("a.txt", join(repo, "link"));
  await git(["add", "."]);
  await git(["commit", "-qm", "Many kinds"]);
  await git(["switch", "-q", "-c", "odd"]);
  for (const name of ODD) await put({ [name]: `odd ${name}\n` });
  await git(["rm", "-q", "-r", "folder/deep", "becomes", "kind.txt", "link"]);
  await put({ "becomes": "a file\n", "new/folder/file.txt": "new\n", "large.txt": "y".repeat(200_000) });
  await symlink("b.txt", join(repo, "link"));
  await symlink("a.txt", join(repo, "kind.txt"));
  await chmod(join(repo, "run.sh"), 0o755);
  await git(["add", "-A"]);
  await git(["commit", "-qm", "Everything else"]);
  await git(["switch", "-q", "main"]);
}

test("git_branch records the files that a switch rewrites, and undo_change puts them back", async () => {
  await withRecorded(async (place, call) => {
    await makeOdd(place);
    const { repo } = place;
    const main = await snapshot(repo);
    const switched = await done(call, "git_branch", { repo, name: "odd", switch: true });
    assert.match(switched, /Recorded as change 1: undo_change puts the files back, and nothing else\./);
    assert.match(switched, /git_branch with switch and name main \(at [0-9a-f]{12}\)/);
    const odd = await snapshot(repo);
    const count = 8 + ODD.length;
    const list = await done(call, "list_changes", {});
    assert.ok(list.endsWith(`  git_branch switch odd: ${count} files in ${repo}`), list);
    const undone = await done(call, "undo_change", { id: 1 });
    assert.match(
      undone,
      new RegExp(`Put ${count} files in .* before "git_branch switch odd"\\. These are the files`),
    );
    assert.deepEqual(await snapshot(repo), main);
    // The branch stays: only files were put back.
    assert.equal((await place.git(["symbolic-ref", "--short", "HEAD"])).stdout, "odd\n");
    await done(call, "undo_change", { id: 2 });
    assert.deepEqual(await snapshot(repo), odd);
    assert.equal((await place.git(["status", "--porcelain"])).stdout, "");
    const all = await done(call, "list_changes", {});
    assert.match(
      all,
      /^3 .*git_branch switch odd: .*undoes 2\)\n2 .*undo of git_branch switch odd: .*undone by 3\)/,
    );
  });
});

test("undo_change refuses a switch some file of which has changed since, and leaves the rest", async () => {
  await withRecorded(async (place, call) => {
    await makeOdd(place);
    const { repo } = place;
    await done(call, "git_branch", { repo, name: "odd", switch: true });
    await done(call, "write_file", { path: join(repo, "becomes"), content: "mine\n" });
    const before = await snapshot(repo);
    const later = await call("undo_change", { id: 1 });
    assert.equal(later.isError, true);
    assert.match(later.text, /change 2 changed ".*becomes" after it\nUndo change 2 first/);
    assert.deepEqual(await snapshot(repo), before);
    await done(call, "undo_change", { id: 2 });
    await rm(join(repo, "new/folder/file.txt"));
    const gone = await call("undo_change", { id: 1 });
    assert.match(gone.text, /Cannot undo change 1: ".*file\.txt" has changed since/);
    await mkdir(join(repo, "new/folder"), { recursive: true });
    await writeFile(join(repo, "new/folder/file.txt"), "new\n");
    // What stands beside the files is no reason to refuse, and stays.
    await writeFile(join(repo, "new/folder/beside.txt"), "beside\n");
    await done(call, "undo_change", { id: 1 });
    assert.deepEqual(await readdir(join(repo, "new/folder")), ["beside.txt"]);
  });
});

test("a switch that is refused, and one that changes no file, leave no entry", async () => {
  await withRecorded(async (place, call) => {
    const { repo } = place;
    await done(call, "git_branch", { repo, name: "same", create: true, switch: true });
    await done(call, "git_branch", { repo, name: "main", switch: true });
    await place.put({ "a.txt": "mine\n" });
    await place.git(["branch", "early", "HEAD~1"]);
    const refused = await call("git_branch", { repo, name: "early", switch: true });
    assert.equal(refused.isError, true, refused.text);
    assert.equal(await done(call, "list_changes", {}), "Nothing was changed in the allowed folders");
  });
});

test("git_manage and git_sync record what merges, pulls and stashes do to files", async () => {
  await withRecorded(async (place, call) => {
    const { repo, git } = place;
    const manage = (args: object) => done(call, "git_manage", { repo, ...args });
    const head = (await git(["rev-parse", "HEAD"])).stdout.trim();
    const clean = await snapshot(repo);
    const merged = await manage({ action: "merge", name: "feature" });
    assert.ok(merged.includes(`Before, main was at ${head}.`), merged);
    assert.equal(await undoLast(call), 1);
    assert.deepEqual(await snapshot(repo), clean);
    await git(["reset", "-q", "--hard", "HEAD~2"]);
    const old = await snapshot(repo);
    const pulled = await done(call, "git_sync", { repo, action: "pull" });
    assert.match(pulled, /Moved main forward to origin\/main.*\nRecorded as change 3/);
    assert.match(await done(call, "list_changes", { limit: 1 }), /git_sync pull origin\/main: 2 files/);
    await undoLast(call);
    assert.deepEqual(await snapshot(repo), old);
    await git(["reset", "-q", "--hard"]);
    await place.put({ "a.txt": "mine\n", "staged.txt": "staged\n" });
    await rm(join(repo, "b.txt"));
    await git(["add", "staged.txt"]);
    const dirty = await snapshot(repo);
    const away = await manage({ action: "stash" });
    const [, stash = ""] = /the commit ([0-9a-f]{40})/.exec(away) ?? [];
    assert.equal((await git(["rev-parse", "stash@{0}"])).stdout.trim(), stash);
    assert.match(away, /git_manage with action "unstash" brings them back/);
    assert.match(await done(call, "list_changes", { limit: 1 }), /git_manage stash: 3 files/);
    const id = await undoLast(call);
    assert.deepEqual(await snapshot(repo), dirty);
    await done(call, "undo_change", { id: id + 1 });
    assert.equal((await git(["status", "--porcelain"])).stdout, "");
    const back = await manage({ action: "unstash" });
    assert.ok(back.includes(`What was put away is the commit ${stash}`), back);
    assert.deepEqual(await snapshot(repo), dirty);
    await undoLast(call);
    assert.equal(await readFile(join(repo, "b.txt"), "utf8"), "first\n");
  });
});

test("git_manage records what comes back under another name, and what comes back in conflict", async () => {
  await withRecorded(async (place, call) => {
    const { repo, git } = place;
    const lines = Array.from({ length: 30 }, (_, i) => `line ${i}\n`);
    await place.put({ "long.txt": lines.join("") });
    await git(["add", "."]);
    await git(["commit", "-qm", "Long"]);
    await place.put({ "long.txt": [...lines, "mine\n"].join(""), "a.txt": "mine\n" });
    await done(call, "git_manage", { repo, action: "stash" });
    await git(["mv", "long.txt", "renamed.txt"]);
    await place.put({ "a.txt": "other\n" });
    await git(["commit", "-qam", "Rename"]);
    const before = await snapshot(repo);
    const conflict = await done(call, "git_manage", { repo, action: "unstash" });
    assert.match(conflict, /with conflicts in a\.txt/);
    assert.match(await readFile(join(repo, "renamed.txt"), "utf8"), /mine/);
    assert.match(await done(call, "list_changes", { limit: 1 }), /git_manage unstash stash@\{0\}: 2 files/);
    await undoLast(call);
    assert.deepEqual(await snapshot(repo), before);
  });
});
