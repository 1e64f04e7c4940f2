/**
 * What the file tools write never becomes a program that git runs: neither ours nor the person's own.
 * @module
 */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeRepository, withGitPlace } from "../../rig/git.ts";
import { everyCall, toolsOver } from "../../rig/git-tools.ts";

test("the file tools write nothing that git obeys, in any spelling", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const call = toolsOver(place);
    const content = `[core]\n\tfsmonitor = "${place.mark()}"\n`;
    const names = [
      ...[
        ".git/config",
        ".git/hooks/pre-commit",
        ".git/info/attributes",
        ".git/config.worktree",
        ".GIT/config",
      ],
      ...[".git./config", ".git /config", "git~1/config", ".g\u200cit/config", "sub/.git", "sub/.git/config"],
      ...[".gitconfig", ".config/git/config", ".husky/pre-commit", "sub/.git/modules/x/config", ".git"],
    ];
    for (const name of names) {
      const { isError, text } = await call("write_file", { path: join(place.repo, name), content });
      assert.equal(isError, true, `${name}: ${text}`);
    }
    await place.put({ "mine.txt": content });
    for (const name of names) {
      for (const tool of ["copy_file", "move_file"]) {
        const args = { source: join(place.repo, "mine.txt"), destination: join(place.repo, name) };
        assert.equal((await call(tool, args)).isError, true, `${tool} ${name}`);
      }
    }
    await place.git(["status"]);
    assert.equal(await place.marked(), false);
  });
});

test("attributes, submodules and settings that file tools write run nothing, in git neither", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const call = toolsOver(place);
    const evil = `${place.mark("cat")}`;
    const files = {
      ".gitattributes": "* filter=evil diff=evil merge=evil\n",
      ".lfsconfig": `[lfs]\n\turl = https://127.0.0.1:9/\n[filter "evil"]\n\tclean = "${evil}"\n`,
      ".gitmodules": `[submodule "x"]\n\tpath = x\n\turl = ext::${evil}\n\tupdate = !${evil}\n`,
      ".mailmap": "Nobody <x@example.test> <ada@example.test>\n",
      ".gitignore": "*.tmp\n",
    };
    for (const [name, content] of Object.entries(files)) {
      const { isError, text } = await call("write_file", { path: join(place.repo, name), content });
      assert.equal(isError, false, `${name}: ${text}`);
    }
    for (const [name, args] of everyCall(place)) {
      await call(name, args);
      assert.equal(await place.marked(), false, name);
    }
    for (
      const args of [["status"], ["diff"], ["log", "-p"], ["add", "."], ["submodule", "update", "--init"]]
    ) {
      await place.git(args, { mayFail: true });
    }
    assert.equal(await place.marked(), false, "plain git");
  });
});

test("the file tools write nothing into a git directory of any name, and make none", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    const call = toolsOver(place);
    const content = `[core]\n\tfsmonitor = "${place.mark()}"\n`;
    const bare = join(place.dir, "origin.git");
    for (
      const name of [
        "config",
        "hooks/post-receive",
        "hooks/deep/er",
        "info/attributes",
        "packed-refs",
        "HEAD",
      ]
    ) {
      const { isError, text } = await call("write_file", { path: join(bare, name), content });
      assert.equal(isError, true, `${name}: ${text}`);
      const reading = await call("get_file_info", { path: bare });
      assert.equal(reading.isError, false, reading.text);
    }
    assert.equal((await call("delete_file", { path: join(bare, "config") })).isError, true);
    // Piece by piece, in every order: the last piece is refused.
    const made = join(place.repo, "made");
    await mkdir(made);
    await call("write_file", { path: join(made, "config"), content });
    const pieces = [
      ["write_file", { path: join(made, "HEAD"), content: "ref: refs/heads/main\n" }],
      ["create_directory", { path: join(made, "objects") }],
      ["write_file", { path: join(made, "refs/heads/x"), content: "" }],
    ] as const;
    const outcomes: boolean[] = [];
    for (const [tool, args] of pieces) outcomes.push((await call(tool, args)).isError);
    assert.deepEqual(outcomes, [false, false, true]);
    const renamed = { source: join(made, "config"), destination: join(made, "refs") };
    assert.equal((await call("move_file", renamed)).isError, true);
    await place.git(["status"], { cwd: made, mayFail: true });
    assert.equal(await place.marked(), false);
  });
});
