import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { targets, withPlace, withServer } from "../client.ts";

for (const target of targets()) {
  test(`${target.name}: a change is staged, committed and pushed to a folder`, async () => {
    await withPlace(async ({ dir, env }) => {
      const git = (...args: string[]) => {
        const { status, stdout, stderr } = spawnSync("git", args, { cwd: dir, env, encoding: "utf8" });
        assert.equal(status, 0, stderr);
        return stdout;
      };
      git("config", "--global", "user.name", "Ada");
      git("config", "--global", "user.email", "ada@example.test");
      git("init", "-q", "-b", "main", "repo");
      git("init", "-q", "-b", "main", "--bare", "origin.git");
      git("-C", "repo", "remote", "add", "origin", join(dir, "origin.git"));
      await writeFile(join(dir, "repo", "a.txt"), "a\n");
      await withServer(target, ["--allow", dir, "--git-write", "full"], { env }, async (server) => {
        await server.initialize();
        const call = async (name: string, args: object) => {
          const { result } = await server.ask(name, "tools/call", { name, arguments: args });
          assert.equal(result.isError ?? false, false, result.content[0].text);
          return result.content[0].text;
        };
        const repo = join(dir, "repo");
        assert.match(await call("git_stage", { repo, paths: ["."] }), /Staged 1 file/);
        assert.match(await call("git_commit", { repo, message: "Begin" }), /Author: Ada <ada@example\.test>/);
        assert.match(await call("git_sync", { repo, action: "push" }), /Pushed main/);
        assert.match(await call("git_log", { repo }), /Begin/);
      });
      assert.match(git("-C", "origin.git", "log", "--format=%s"), /Begin/);
    });
  });
}
