import assert from "node:assert/strict";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ToolError } from "../../lib/errors.ts";
import { createFiles } from "../../lib/fs/files.ts";
import { createGuard } from "../../lib/fs/guard.ts";
import { openRoots } from "../../lib/fs/roots.ts";
import { withSandbox } from "../support.ts";

const NEVER = new AbortController().signal;
const nothing = new Uint8Array();

function refuses(work: () => void, pattern = /guardrail/): void {
  assert.throws(
    work,
    (error) => error instanceof ToolError && pattern.test(`${error.message}\n${error.next}`),
  );
}

test("the guard refuses to write what other programs run, in every spelling", () => {
  const guard = createGuard();
  const guarded = [
    ...[
      "/a/.git/config",
      "/a/.git/hooks/pre-commit",
      "/a/.git",
      "/a/.GIT/config",
      "/a/.g\u200bit/config",
      "/a/GIT~1/config",
    ],
    ...[
      "/a/.git /config",
      "/a/.git./hooks/x",
      "/h/.bashrc",
      "/h/.config/fish/config.fish",
      "/a/.vscode/tasks.json",
    ],
    ...[
      "/a/.mcp.json",
      "/a/.claude/settings.json",
      "/a/x.code-workspace",
      "/h/.ssh/authorized_keys",
      "/a/.husky/pre-push",
    ],
    ...["/h/Library/LaunchAgents/x.plist", "/h/Documents/PowerShell/Microsoft.PowerShell_profile.ps1"],
  ];
  for (const path of guarded) {
    for (const verb of ["write", "create", "delete", "move"] as const) {
      refuses(() => guard.check(verb, path, path));
    }
    guard.check("list", path, path);
  }
  for (
    const path of [
      "/a/git/config",
      "/a/.gitignore",
      "/a/.github/x.yml",
      "/a/vscode.md",
      "/a/bashrc",
      "/a/fish/.config",
    ]
  ) {
    guard.check("write", path, path);
  }
});

test("the guard refuses to read or copy secrets, and lets their templates through", () => {
  const guard = createGuard();
  for (
    const path of [
      "/a/.env",
      "/a/.env.local",
      "/a/prod.env",
      "/h/.ssh/id_ed25519",
      "/a/server.KEY",
      "/h/.aws/credentials",
    ]
  ) {
    for (const verb of ["read", "copy", "move"] as const) {
      refuses(() => guard.check(verb, path, path), /secrets|run or obey/);
    }
  }
  for (
    const path of [
      "/a/.env.example",
      "/a/id_rsa.pub",
      "/a/environment.ts",
      "/a/aws/credentials",
      "/a/keys.md",
    ]
  ) {
    guard.check("read", path, path);
  }
});

test("the guard follows --protect and --unprotect, and closes our own folders whatever they say", () => {
  const guard = createGuard({
    protect: ["*.secret", "finance/**"],
    unprotect: [".env.test", "**/.vscode/**", "**"],
    own: ["/h/data"],
  });
  guard.check("read", "/a/.env.test", "x");
  refuses(() => guard.check("look at", "/h/data/journal.db", "x"), /belongs to Clawhammer/);
  refuses(() => guard.checkTree("move", "/h", "/h"), /belongs to Clawhammer/);
  const strict = createGuard({ protect: ["*.secret", "finance/**"] });
  for (const path of ["/a/b.secret", "/a/finance/2026/x.txt"]) {
    refuses(() => strict.check("read", path, path), /configuration/);
    refuses(() => strict.check("write", path, path), /configuration/);
  }
  strict.check("read", "/a/finances/x", "x");
});

test("no side door: moving or copying cannot carry a file to or from a protected name", async () => {
  await withSandbox([], async ({ files, dir, put }) => {
    await put({
      "repo/.git/config": "[core]",
      "evil/hooks/pre-commit": "x",
      "fish/config.fish": "x",
      ".env": "KEY=1",
      "plain": "x",
    });
    await mkdir(join(dir, ".config"));
    const at = (name: string) => join(dir, name);
    const doors = [
      () => files.write(at("repo/.git/config"), nothing),
      () => files.createFolder(at("repo/.git/hooks")),
      () => files.move(at("evil"), at("x/.git"), NEVER),
      () => files.copy(at("evil"), at("x/.git"), NEVER),
      () => files.copy(at("plain"), at("repo/.git/hooks/post-checkout"), NEVER),
      () => files.move(at("repo/.git"), at("open"), NEVER),
      () => files.remove(at("repo/.git"), true, NEVER),
      () => files.copy(at("fish"), at(".config/fish"), NEVER),
      () => files.move(at("fish"), at("y/.config"), NEVER),
      () => files.copy(at(".env"), at("plain.txt"), NEVER),
      () => files.move(at(".env"), at("plain.txt"), NEVER),
      () => files.withFile(at(".env"), () => Promise.resolve(1)),
    ];
    for (const door of doors) {
      await assert.rejects(
        door(),
        (error) => error instanceof ToolError && /guardrail/.test(error.next),
        String(door),
      );
    }
    await symlink("repo/.git", at("alias"));
    await symlink(".env", at("env.txt"));
    await assert.rejects(files.write(at("alias/config"), nothing), /run or obey/);
    await assert.rejects(files.withFile(at("env.txt"), () => Promise.resolve(1)), /secrets/);
    await files.withFolder(
      dir,
      (folder) => assert.rejects(folder.withFile(".env", () => Promise.resolve(1)), /secrets/),
    );
    await files.copy(at("repo"), at("repo2"), NEVER);
    assert.equal(await readFile(at("repo2/.git/config"), "utf8"), "[core]");
    await files.move(at("repo2"), at("repo3"), NEVER);
    await files.remove(at("repo3"), true, NEVER);
  });
});

test("our own folders can be neither listed, read, changed nor carried away", async () => {
  await withSandbox([], async ({ dir, put }) => {
    await put({ "home/data/journal.db": "x", "home/other": "y" });
    const { roots } = openRoots([{ path: dir, readOnly: false }]);
    const files = createFiles(roots, { guard: createGuard({ own: [join(dir, "home/data")] }) });
    const own = join(dir, "home/data/journal.db");
    await writeFile(join(dir, "source"), "z");
    const doors = [
      () => files.withFolder(join(dir, "home/data"), (folder) => folder.entries()),
      () =>
        files.withFolder(
          dir,
          (top) => top.withFolder("home", (home) => home.withFolder("data", (data) => data.entries())),
        ),
      () => files.withFile(own, () => Promise.resolve(1)),
      () => files.info(own),
      () => files.write(own, nothing),
      () => files.remove(own, false, NEVER),
      () => files.remove(join(dir, "home"), true, NEVER),
      () => files.move(join(dir, "home"), join(dir, "away"), NEVER),
      () => files.copy(join(dir, "home"), join(dir, "away"), NEVER),
      () => files.copy(join(dir, "source"), join(dir, "home/data/new"), NEVER),
    ];
    for (const door of doors) await assert.rejects(door(), /belongs to Clawhammer/, String(door));
  });
});

test("a pattern of --protect about paths holds when its folder is moved, copied or deleted", async () => {
  await withSandbox([], async ({ dir, put }) => {
    await put({ "tree/private/a.txt": "a", "tree/b.txt": "b" });
    const { roots } = openRoots([{ path: dir, readOnly: false }]);
    const files = createFiles(roots, { guard: createGuard({ protect: ["private/*.txt"] }) });
    for (const name of ["tree", "tree/private"]) {
      const doors = [
        () => files.move(join(dir, name), join(dir, "away"), NEVER),
        () => files.copy(join(dir, name), join(dir, "away"), NEVER),
        () => files.remove(join(dir, name), true, NEVER),
      ];
      for (const door of doors) await assert.rejects(door(), /protected by the configuration/, name);
    }
    assert.equal(await readFile(join(dir, "tree/private/a.txt"), "utf8"), "a");
    await files.remove(join(dir, "tree/b.txt"), false, NEVER);
  });
});
