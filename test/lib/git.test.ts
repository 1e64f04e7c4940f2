import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdir, mkdtemp, realpath, rename, rm, stat, symlink, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { argumentsOf } from "../../lib/git/arguments.ts";
import { diskOf } from "../../lib/git/disk.ts";
import { createLineReader, unquoteName } from "../../lib/git/lines.ts";
import { neutralSettings } from "../../lib/git/neutral.ts";
import { isTrusted, parseSettings } from "../../lib/git/settings.ts";
import { checkVersion, parseVersion } from "../../lib/git/version.ts";
import { visible } from "../../lib/visible.ts";

const HASH = "0123456789012345678901234567890123456789";

test("the builder puts every part where it cannot be taken for another", () => {
  assert.deepEqual(
    argumentsOf({ name: "diff", options: ["--cached"], revisions: [HASH], paths: ["-x", ":(glob)*"] }),
    [
      ...[
        "--no-pager",
        "diff",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--cached",
        "--end-of-options",
      ],
      ...[HASH, "--", ":(top,literal)-x", ":(top,literal):(glob)*"],
    ],
  );
  assert.deepEqual(argumentsOf({ name: "diff", exclude: [".env"] }).slice(-3), [
    ...["--", ":(top,literal)", ":(top,literal,exclude).env"],
  ]);
  assert.deepEqual(argumentsOf({ name: "branch", values: ["x"] }).slice(-2), ["--end-of-options", "x"]);
});

test("the builder refuses parts that are not what they must be", () => {
  for (
    const command of [
      { name: "--exec-path=/tmp" },
      { name: "diff", options: ["HEAD"] },
      { name: "diff", options: ["--"] },
      { name: "diff", options: ["--x\0y"] },
      { name: "log", revisions: ["main"] },
      { name: "log", revisions: ["--output=x"] },
      { name: "log", revisions: [`${HASH}^{/x}`] },
      { name: "log", revisions: [`${HASH}\n--output=x`] },
      { name: "branch", values: ["-D"] },
      { name: "branch", values: ["x\0"] },
    ]
  ) assert.throws(() => argumentsOf(command), /^Error: Not a/, JSON.stringify(command));
});

test("what cannot be seen is made visible, and nothing else is changed", () => {
  assert.equal(visible("plain\ttext\n"), "plain\ttext\n");
  assert.equal(visible("Grüße, 日本語, 👩‍👩‍👧, ❤️, می‌خواهم"), "Grüße, 日本語, 👩‍👩‍👧, ❤️, می‌خواهم");
  assert.equal(visible("a\u202eb\u0007c\u200bd\u{e0041}e"), "a\\u202eb\\u0007c\\u200bd\\u{e0041}e");
  assert.equal(visible("const \u3164 = 1; \u115f\uffa0"), "const \\u3164 = 1; \\u115f\\uffa0");
  assert.equal(visible("a\r\nb\rc"), "a\nb\\u000dc");
  assert.equal(visible("x\ufe01\ufe02\ufe03"), "x\\ufe01\\ufe02\\ufe03");
});

test("lines come whole from pieces of any size, long ones cut, and in their own encoding", () => {
  const bytes = Buffer.concat([
    Buffer.from("äö\n\nlong long line\n"),
    Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]),
    Buffer.from("ääääääää\nlast"),
  ]);
  for (const size of [1, 2, 3, 7, 100]) {
    const lines: [string, number][] = [];
    const reader = createLineReader(9, (line, missing) => lines.push([line, missing]) > 0);
    for (let i = 0; i < bytes.length; i += size) assert.ok(reader.take(bytes.subarray(i, i + size)));
    reader.end();
    assert.deepEqual(lines, [
      ...[["äö", 0], ["", 0], ["long long", 5], ["café", 0]],
      ...[["ääää", 7], ["last", 0]],
    ]);
  }
});

test("a reader of lines stops when it is told to", () => {
  const lines: string[] = [];
  const reader = createLineReader(100, (line) => lines.push(line) < 2);
  assert.equal(reader.take(Buffer.from("a\nb\nc\n")), false);
  assert.deepEqual(lines, ["a", "b"]);
});

test("quoted names are understood", () => {
  assert.equal(unquoteName("plain name"), "plain name");
  assert.equal(unquoteName('"a\\tb\\n\\"c\\\\d\\303\\244"'), 'a\tb\n"c\\dä');
});

test("settings are understood, also without a value and with line breaks in it", () => {
  assert.deepEqual(parseSettings("local\0core.bare\0global\0alias.x\n!a\nb\0local\0a.B=c.d\ne=f\0"), [
    { key: "core.bare", value: "true", scope: "local" },
    { key: "alias.x", value: "!a\nb", scope: "global" },
    { key: "a.B=c.d", value: "e=f", scope: "local" },
  ]);
});

test("every filter and hook that a repository defines is overridden, whatever its name", () => {
  const host = { platform: "linux", env: {}, home: "/home/ada", cwd: "/" };
  const keys = ["filter.a=b.clean", "filter.x.y.process", "filter..clean", "hook.evil.command"];
  const settings = keys.map((key) => ({
    key,
    value: "touch /tmp/x",
    scope: "worktree" as const,
  }));
  const pairs = new Map(neutralSettings(settings, host));
  for (const key of ["filter.a=b.clean", "filter.a=b.smudge", "filter.x.y.process", "filter..clean"]) {
    assert.equal(pairs.get(key), "", key);
  }
  assert.equal(pairs.get("hook.evil.enabled"), "false");
  assert.equal(pairs.get("core.excludesFile"), "/home/ada/.config/git/ignore");
  const many = Array.from({ length: 1_000 }, (_, i) => ({
    key: `filter.f${i}.clean`,
    value: "x",
    scope: "local" as const,
  }));
  assert.throws(() => neutralSettings(many, host), /define 1000 programs/);
});

test("a repository of another user is trusted only by the person's own settings", () => {
  const trust = (value: string, scope: "global" | "local" = "global") =>
    isTrusted([{ key: "safe.directory", value, scope }], "/home/x/repo", "/home/x");
  for (const value of ["*", "/home/x/repo", "/home/x/repo/", "~/repo", "/home/x/*"]) {
    assert.ok(trust(value), value);
  }
  for (const value of ["/home/x", "/home/x/rep*", "", "/home/x/repo/sub"]) assert.ok(!trust(value), value);
  assert.ok(!trust("*", "local"));
});

test("versions are understood, and old ones refused", () => {
  assert.deepEqual(parseVersion("git version 2.39.5 (Apple Git-154)\n"), [2, 39, 5]);
  assert.deepEqual(parseVersion("git version 2.51.0.windows.2"), [2, 51, 0]);
  checkVersion([2, 32, 0], "linux");
  checkVersion([3, 0], "linux");
  assert.throws(() => checkVersion([2, 25, 1], "win32"), /git 2\.25\.1: the oldest that works is 2\.32/);
});

test("what is in a folder is remembered only as long as nobody has touched it", async () => {
  const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-disk-")));
  try {
    const roots = [{ real: base, given: base, readOnly: false }];
    const later = diskOf(roots, () => Date.now() + 10_000);
    const folder = join(base, "objects");
    await mkdir(join(folder, "ab"), { recursive: true });
    const first = await later.contents(folder);
    assert.deepEqual(first, { links: [], folders: ["ab"], others: [], count: 1 });
    assert.equal(await later.contents(folder), first);
    const { atime, mtime } = await stat(folder);
    // Deno tells these times in seconds.
    await setTimeout(1_100);
    await symlink("/", join(folder, "link"));
    // Whoever sets the times back cannot set back when that was done.
    await utimes(folder, atime, mtime);
    assert.deepEqual((await later.contents(folder)).links, ["link"]);
    await rename(folder, join(base, "away"));
    await mkdir(folder);
    assert.deepEqual((await later.contents(folder)).links, []);
    await rm(folder, { recursive: true });
    assert.equal((await later.contents(folder)).count, 0);
    await rename(join(base, "away"), folder);
    assert.deepEqual((await later.contents(folder)).links, ["link"]);
    // A second change in the same tick of the clock would not show in the times.
    const now = diskOf(roots);
    const young = await now.contents(folder);
    assert.notEqual(await now.contents(folder), young);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
});
