import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { GIT_FILES_SHOWN_MAX, REPLY_CHARS_MAX } from "../../../lib/limits.ts";
import { type Call, good, withRepository } from "../../rig/git-tools.ts";

/** Follows "…: git_x {…}" from page to page and gathers the lines of the patch. */
async function allPages(call: Call, name: string, args: object): Promise<string[]> {
  const lines: string[] = [];
  let next: object | undefined = args;
  for (let page = 0; next !== undefined; page++) {
    assert.ok(page < 50, "the pages do not end");
    const text = await good(call, name, next);
    assert.ok(text.length <= REPLY_CHARS_MAX);
    const [body = "", more] = text.split(/\nThe patch goes on: \w+ /);
    lines.push(...body.split("\n").filter((line) => /^[ +-]/.test(line) && !/^(---|\+\+\+) /.test(line)));
    next = more === undefined ? undefined : JSON.parse(more.split("\n")[0] ?? "");
  }
  return lines;
}

test("git_status tells the branch, the last commit and every kind of change", async () => {
  await withRepository(async (call, { repo, git }) => {
    await git(["branch", "-q", "--set-upstream-to=origin/feature"]);
    const text = await good(call, "git_status", { repo });
    assert.match(
      text,
      /repo: on branch main, 1 ahead of and 1 behind origin\/feature \(as of the last fetch\)/,
    );
    assert.match(text, /^Last commit: [0-9a-f]{7,} 2026-09-14 \d\d:00 Ada Person: Write the second line/m);
    assert.match(text, /^Staged \(1\):\n {2}M b\.txt\nNot staged \(2\):\n {2}M a\.txt\n {2}M data\.dat$/m);
    assert.match(text, /^Untracked \(2\):\n {2}new\.dat\n {2}new\.txt$/m);
    assert.match(text, /^Stashes .*\n {2}stash@\{0\} .* On main: Put away$/m);
  });
});

test("git_status takes a folder below the top, a file, and the .git folder itself", async () => {
  await withRepository(async (call, { repo }) => {
    const whole = await good(call, "git_status", { repo });
    for (const below of ["sub", "sub/c.txt", ".git", ".git/hooks"]) {
      assert.equal(await good(call, "git_status", { repo: join(repo, below) }), whole, below);
    }
  });
});

test("git_status tells conflicts and what is under way", async () => {
  await withRepository(async (call, { repo, git, put }) => {
    await git(["stash", "-q", "-u"]);
    await git(["switch", "-q", "feature"]);
    await put({ "a.txt": "one\nzwei\nthree\n" });
    await git(["commit", "-qam", "Two"]);
    await git(["merge", "-q", "main"], { mayFail: true });
    const status = await good(call, "git_status", { repo });
    assert.match(status, /^Under way: a merge$/m);
    assert.match(status, /^In conflict \(1\):\n {2}a\.txt {2}changed by both$/m);
    const diff = await good(call, "git_diff", { repo });
    assert.match(diff, /^U a\.txt {2}in conflict$/m);
    assert.match(diff, /^diff --cc a\.txt$/m);
    assert.match(diff, /^\+\+<<<<<<< HEAD$/m);
  });
});

test("git_status is not kept waiting by pipes and endless files in a git directory", async () => {
  await withRepository(async (call, { repo }) => {
    const state = join(repo, ".git/rebase-merge");
    await mkdir(state);
    for (const name of ["msgnum", "end"]) await symlink("/dev/zero", join(state, name));
    assert.match(await good(call, "git_status", { repo }), /^Under way: a rebase$/m);
    await rm(join(state, "msgnum"));
    await makePipe(join(state, "msgnum"));
    assert.match(await good(call, "git_status", { repo }), /^Under way: a rebase$/m);
    for (const name of ["config", "packed-refs", "info/exclude", "refs/heads/pipe"]) {
      const path = join(repo, ".git", name);
      await rm(path, { force: true });
      await makePipe(path);
      const { isError, text } = await call("git_status", { repo });
      assert.equal(isError, true, name);
      assert.match(text, new RegExp(`its "${basename(name)}" is a pipe`));
      await rm(path);
    }
  });
});

/** Makes a pipe with a name. */
async function makePipe(path: string): Promise<void> {
  await promisify(execFile)("mkfifo", [path]);
}

test("git_status sums up what does not fit, by folder", async () => {
  await withRepository(async (call, { repo, put }) => {
    const names = Array.from({ length: 3_000 }, (_, i) => `${"long".repeat(10)}-${i}`);
    await put(Object.fromEntries(names.map((name) => [name, "x"])));
    const text = await good(call, "git_status", { repo });
    assert.ok(text.length <= REPLY_CHARS_MAX);
    assert.match(text, /^Untracked \(3,002\):$/m);
    assert.match(text, /^ {2}… and [\d,]+ more: [\d,]+ in the top$/m);
    assert.match(text, /^Stashes/m);
  });
});

test("git_diff compares files, what is staged, commits and branches since they parted", async () => {
  await withRepository(async (call, { repo }) => {
    assert.match(await good(call, "git_diff", { repo }), /not staged: 2 files, \+2 -1\nM a\.txt {2}\+1 -1\n/);
    assert.match(
      await good(call, "git_diff", { repo, staged: true }),
      /staged: 1 file, [^]*-first\n\+second/,
    );
    const between = await good(call, "git_diff", { repo, from: "main..feature" });
    assert.match(between, /A feature\.dat {2}\+1 -0[^]*-2\n\+two/);
    assert.equal(
      await good(call, "git_diff", { repo, from: "main", to: "feature" }),
      between,
    );
    const since = await good(call, "git_diff", { repo, from: "main...feature" });
    assert.match(since, /since it parted from main \([0-9a-f]{10}\): 1 file, \+1 -0\nA feature\.dat/);
    assert.match(await good(call, "git_diff", { repo, from: "HEAD~1" }), /to the files: 3 files/);
    const only = await good(call, "git_diff", { repo, paths: ["a.txt"] });
    assert.match(only, /1 file, \+1 -1\nM a\.txt/);
  });
});

test("git_diff says where differences may be when there are none", async () => {
  await withRepository(async (call, { repo, git }) => {
    await git(["stash", "-q", "--keep-index"]);
    const text = await good(call, "git_diff", { repo });
    assert.match(
      text,
      /not staged: no differences\n+There are staged changes\. Untracked files are not compared/,
    );
  });
});

test("git_diff follows renames, marks binary files, and reads names of every kind", async () => {
  await withRepository(async (call, { repo, git, put }) => {
    await git(["mv", "a.txt", "renamed.txt"]);
    await put({
      "pic.png": new Uint8Array([137, 80, 0, 1, 2]),
      "äö ü.txt": "x\n",
      'q"uo\te': "y\n",
      "new\nline": "z\n",
    });
    await git(["add", "-A"]);
    const text = await good(call, "git_diff", { repo, staged: true });
    assert.match(text, /^R a\.txt -> renamed\.txt {2}\+1 -1$/m);
    assert.match(text, /^A pic\.png {2}binary$/m);
    assert.match(text, /^A äö ü\.txt {2}\+1 -0$/m);
    assert.match(text, /^A "new\\u000aline" {2}\+1 -0$/m);
    assert.match(text, /^A "q\\"uo\\u0009e" {2}\+1 -0$/m);
    assert.match(await good(call, "git_diff", { repo, staged: true, paths: ["new\nline"] }), /\+z/);
    assert.match(await good(call, "git_diff", { repo, staged: true, paths: [":(glob)*"] }), /no differences/);
  });
});

test("git_diff shows a long patch page by page, whole and without repeating", async () => {
  await withRepository(async (call, { repo, put }) => {
    const lines = Array.from({ length: 4_000 }, (_, i) => `line ${i} of a file that is long enough`);
    await put({ "sub/c.txt": `${lines.join("\n")}\n`, "a.txt": `${"x".repeat(3_000_000)}\n` });
    const got = await allPages(call, "git_diff", { repo });
    const expected = lines.map((line) => `+${line}`);
    assert.deepEqual(got.filter((line) => line.startsWith("+line ")), expected);
    assert.equal(got.filter((line) => /^\+x+.*\[\+[\d,]+ characters\].*bytes more\]$/.test(line)).length, 1);
  });
});

test("git_diff lists no more files than are useful and says how many there are", async () => {
  await withRepository(async (call, { repo, git, put }) => {
    await put(Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`many/${i}.txt`, "x\n"])));
    await git(["add", "-A"]);
    const text = await good(call, "git_diff", { repo, staged: true, paths: ["many"] });
    assert.match(text, /400 files, \+400 -0/);
    assert.equal(text.match(/^A many/mg)?.length, GIT_FILES_SHOWN_MAX);
    assert.match(text, new RegExp(`and ${400 - GIT_FILES_SHOWN_MAX} more files: name paths`));
  });
});

test("git_diff names secret files and shows nothing of them", async () => {
  await withRepository(async (call, { repo, git, put }) => {
    await put({
      ".env": "KEY=hidden-1\n",
      "config/id_rsa": "hidden-2\n",
      "a.txt": "shown\n",
      "x.txt": "plain\n",
    });
    await git(["add", "-A"]);
    await git(["commit", "-qm", "Secrets"]);
    await git(["mv", "x.txt", "server.key"]);
    await put({ ".env": "KEY=hidden-4\n", "a.txt": "shown, too\n" });
    for (
      const args of [{ from: "HEAD~1", to: "HEAD" }, { from: "HEAD~1" }, {}, { staged: true }, {
        paths: [".env"],
      }]
    ) {
      const text = await good(call, "git_diff", { repo, ...args });
      assert.doesNotMatch(text, /hidden/);
      assert.match(text, /contents not shown: a file of this name holds secrets/);
    }
    assert.match(await good(call, "git_diff", { repo }), /\+shown, too/);
    assert.doesNotMatch(await good(call, "git_show", { repo, ref: "HEAD" }), /hidden/);
  });
});

test("git_diff shows bytes that are no UTF-8 and nothing that is invisible", async () => {
  await withRepository(async (call, { repo, put }) => {
    await put({
      "a.txt": Uint8Array.from([0x63, 0x61, 0x66, 0xe9, 0x0a]),
      "b.txt": "evil \u202e\u2066 text \u001b[31m \u200b\u{e0041}\n",
      "sub/c.txt": "c\r\nd\r\n",
    });
    const text = await good(call, "git_diff", { repo });
    assert.match(text, /^\+café$/m);
    assert.match(text, /^\+evil \\u202e\\u2066 text \\u001b\[31m \\u200b\\u\{e0041\}$/m);
    assert.match(text, /Some of these lines end in CRLF, others in LF\.$/);
  });
});

test("git_diff refuses what makes no sense, and takes nothing for an option", async () => {
  await withRepository(async (call, { repo, outside }) => {
    const refused: [object, RegExp][] = [
      [{ from: `--output=${outside}/x` }, /No commit is called/],
      [{ from: "HEAD", to: "-1" }, /No commit is called "-1"/],
      [{ from: "mian" }, /Nearest: main/],
      [{ from: "main..feature", to: "main" }, /Leave out to/],
      [{ to: "main" }, /Add from/],
      [{ from: "HEAD", to: "main", staged: true }, /Leave out staged/],
      [{ paths: ["../../outside/secret"] }, /not inside the repository/],
      [{ paths: [`${outside}/x`] }, /not inside the repository/],
      [{ from: "HEAD~1", offset: 9_999 }, /fewer than 9999 lines/],
      [{ from: "HEAD\0" }, /No commit is called/],
      [{ from: "HEAD\n--output=x" }, /No commit is called/],
      [{ from: ":/Start" }, /No commit is called/],
    ];
    for (const [args, expected] of refused) {
      const { text, isError } = await call("git_diff", { repo, ...args });
      assert.ok(isError, JSON.stringify(args));
      assert.match(text, expected);
    }
  });
});

test("git_diff and git_show keep what is compared apart from a file that changes meanwhile", async () => {
  await withRepository(async (call, { repo }) => {
    let going = true;
    const writer = (async () => {
      for (let i = 0; going; i++) {
        await writeFile(join(repo, "a.txt"), `${i}\n`.repeat(i % 50));
        if (i % 3 === 0) await rm(join(repo, "new.txt"), { force: true });
      }
    })();
    try {
      for (let i = 0; i < 10; i++) await good(call, "git_diff", { repo });
    } finally {
      going = false;
      await writer;
    }
  });
});
