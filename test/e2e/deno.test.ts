import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Running, sourceTarget, type Target, withPlace, withServer } from "../client.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Deno with these permissions and no others. */
function sandboxed(permissions: readonly string[]): Target {
  const installed = join(ROOT, "node_modules/deno/deno");
  const command = existsSync(installed) ? installed : join(ROOT, "node_modules/.bin/deno");
  return {
    name: "Deno with few permissions",
    command,
    args: ["run", "--no-prompt", ...permissions, join(ROOT, "main.ts")],
  };
}

async function say(
  server: Running,
  name: string,
  args: unknown,
): Promise<{ text: string; isError: boolean }> {
  const { result } = await server.ask(name, "tools/call", { name, arguments: args });
  const { content, isError = false } = result as { content: { text: string }[]; isError?: boolean };
  return { text: content.map((part) => part.text).join("\n"), isError };
}

test("under Deno with the permissions that docs/deno.md names, the same tools do the same", async () => {
  await withPlace(async ({ dir, env }) => {
    const data = join(env.HOME ?? "", ".local/share/clawhammer");
    await mkdir(data, { recursive: true });
    await writeFile(join(dir, "a.txt"), "hello\n");
    await writeFile(join(env.HOME ?? "", "outside.txt"), "secret\n");
    const permissions = ["--allow-env", `--allow-read=${dir},${data}`, `--allow-write=${dir},${data}`];
    const listed = await withServer(sourceTarget("main.ts"), ["--allow", dir], { env }, async (server) => {
      await server.initialize();
      return (await server.ask("list", "tools/list")).result;
    });
    await withServer(sandboxed(permissions), ["--allow", dir], { env }, async (server) => {
      await server.initialize();
      assert.deepEqual((await server.ask("list", "tools/list")).result, listed);
      assert.equal((await say(server, "read_file", { path: join(dir, "a.txt") })).text, "hello\n");
      assert.equal(
        (await say(server, "write_file", { path: join(dir, "b/c.txt"), content: "new\n" })).isError,
        false,
      );
      const edits = [{ oldText: "hello", newText: "bye" }];
      assert.equal((await say(server, "edit_file", { path: join(dir, "a.txt"), edits })).isError, false);
      assert.match((await say(server, "search_text", { pattern: "bye" })).text, /a\.txt/);
      assert.match((await say(server, "find_files", { pattern: "c.txt" })).text, /b\/c\.txt/);
      assert.equal((await say(server, "undo_change", { id: 2 })).isError, false);
      assert.equal(await readFile(join(dir, "a.txt"), "utf8"), "hello\n");
      const outside = await say(server, "read_multiple_files", {
        paths: [join(env.HOME ?? "", "outside.txt")],
      });
      assert.doesNotMatch(outside.text, /secret/);
    });
  });
});

test("under Deno without a permission a call needs, the reply says so, and reading goes on", async () => {
  await withPlace(async ({ dir, env }) => {
    await writeFile(join(dir, "a.txt"), "hello\n");
    await writeFile(join(dir, "a.html"), "<p>hello</p>\n");
    const permissions = ["--allow-env", `--allow-read=${dir}`];
    await withServer(sandboxed(permissions), ["--allow", dir], { env }, async (server) => {
      await server.initialize();
      const refused = await say(server, "write_file", { path: join(dir, "b.txt"), content: "new\n" });
      assert.equal(refused.isError, true);
      assert.match(refused.text, /Deno, in which this server runs, does not permit it/);
      const page = await say(server, "read_multiple_files", { paths: [join(dir, "a.html")] });
      assert.match(page.text, /its source because[^]*<p>hello<\/p>[^]*Requires run access to/);
      assert.equal(page.isError, false);
      assert.equal((await say(server, "read_file", { path: join(dir, "a.txt") })).text, "hello\n");
    });
  });
});

test("under Deno that may run git but not know the user, a git call is refused at once", async () => {
  await withPlace(async ({ dir, env }) => {
    execFileSync("git", ["init", "--quiet", dir]);
    const permissions = ["--allow-env", "--allow-read", "--allow-run=git"];
    await withServer(sandboxed(permissions), ["--allow", dir], { env }, async (server) => {
      await server.initialize();
      const { text, isError } = await say(server, "git_status", { repo: dir });
      assert.equal(isError, true);
      assert.match(
        text,
        /Deno, in which this server runs, does not permit it \(Requires sys access to "uid"/,
      );
    });
  });
});
