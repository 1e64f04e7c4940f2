import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  compiled,
  INITIALIZE,
  type Running,
  sourceTarget,
  type Target,
  targets,
  withPlace,
  withServer,
} from "../client.ts";
import { call } from "../rig/lines.ts";

/** The requests of the README's smoke test. */
function requests(...more: Record<string, unknown>[]): string[] {
  return [
    { id: 1, method: "initialize", params: INITIALIZE },
    { method: "notifications/initialized" },
    { id: 2, method: "tools/list" },
    { id: 3, method: "tools/call", params: { name: "get_time", arguments: {} } },
    ...more,
  ].map((message) => JSON.stringify({ jsonrpc: "2.0", ...message }));
}

/** A target whose input is `printf '%s\n' LINE…`, as a person types it. */
function piped(target: Target, lines: readonly string[]): Target {
  const printf = `printf '%s\\n' ${lines.map((line) => `'${line.replaceAll("'", "'\\''")}'`).join(" ")}`;
  const script = `${printf} | "$0" "$@"`;
  return { name: target.name, command: "/bin/sh", args: ["-c", script, target.command, ...target.args] };
}

/** A target whose input is what a shell makes of this redirection. */
function redirected(target: Target, redirection: string): Target {
  const args = ["-c", `"$0" "$@" ${redirection}`, target.command, ...target.args];
  return { name: target.name, command: "/bin/sh", args };
}

/** Expects one reply to each of the requests 1 to `count`, and exit code 0. */
async function expectReplies(server: Running, count: number): Promise<void> {
  assert.deepEqual(await server.exited, { code: 0, signal: null }, server.stderr);
  const ids = server.messages.map((message) => message.id).sort((a, b) => Number(a) - Number(b));
  assert.deepEqual(ids, Array.from({ length: count }, (_, n) => n + 1));
  for (const { id, error } of server.messages) assert.equal(error, undefined, `request ${id}`);
  const names = server.messages.find((message) => message.id === 2)?.result.tools.map((
    tool: { name: string },
  ) => tool.name);
  assert.ok(names.includes("get_time"));
}

for (const target of targets()) {
  test(`${target.name}: printf … | clawhammer --allow DIR prints every reply and exits with 0`, async () => {
    await withPlace(async ({ dir, env }) => {
      const lines = requests({
        id: 4,
        method: "tools/call",
        params: { name: "list_directory", arguments: { path: dir } },
      });
      await writeFile(join(dir, "hello.txt"), "Hello");
      await withServer(piped(target, lines), ["--allow", dir], { env }, async (server) => {
        await expectReplies(server, 4);
        const listing = server.messages.find((message) => message.id === 4);
        assert.match(listing?.result.content[0].text, /hello\.txt/);
      });
    });
  });

  test(`${target.name}: printf … | clawhammer serve answers without any folder allowed`, async () => {
    await withPlace(async ({ env }) => {
      await withServer(piped(target, requests()), ["serve"], { env }, (server) => expectReplies(server, 3));
    });
  });

  test(`${target.name}: a file as input is answered, and input that cannot be read is none`, async () => {
    await withPlace(async ({ dir, env }) => {
      const file = join(dir, "requests");
      await writeFile(file, requests().join("\n"));
      const from = redirected(target, `< '${file}'`);
      await withServer(from, ["serve"], { env }, (server) => expectReplies(server, 3));
      for (const redirection of [`< '${dir}'`, "< /dev/null", "<&-"]) {
        await withServer(redirected(target, redirection), ["serve"], { env }, async (server) => {
          assert.deepEqual(await server.exited, { code: 0, signal: null }, `${redirection} ${server.stderr}`);
          assert.deepEqual(server.messages, []);
        });
      }
    });
  });

  test(`${target.name}: a thousand piped requests get a thousand replies`, async () => {
    await withPlace(async ({ dir, env }) => {
      await withServer(target, ["--allow", dir], { env }, async (server) => {
        for (const line of requests()) server.send(line);
        for (let id = 4; id <= 1_000; id++) {
          server.request(id, "tools/call", { name: "get_file_info", arguments: { path: dir } });
        }
        server.end();
        await expectReplies(server, 1_000);
      });
    });
  });
}

test("printf … | clawhammer prints the reply of a call that takes a second", async () => {
  const rig = sourceTarget("test/rig/server.ts", "rig");
  const slow = call(1, "wait", { ms: 1_000 });
  await withPlace(async ({ env }) => {
    await withServer(piped(rig, [slow]), [], { env }, async (server) => {
      assert.deepEqual(await server.exited, { code: 0, signal: null }, server.stderr);
      assert.equal(server.messages[0]?.result.content[0].text, "waited 1000");
    });
  });
});

for (const target of compiled()) {
  test("compiled: works in the folder / with an empty environment, so without Node or Bun", async () => {
    await withPlace(async ({ dir }) => {
      await withServer(target, ["--allow", dir], { env: {}, cwd: "/" }, async (server) => {
        for (const line of requests()) server.send(line);
        server.request(4, "tools/call", { name: "list_directory", arguments: { path: dir } });
        server.end();
        await expectReplies(server, 4);
      });
    });
  });

  test("compiled: .env and bunfig.toml of the current folder are not loaded", async () => {
    await withPlace(async ({ dir, env }) => {
      const hostile = join(dir, "hostile");
      await mkdir(hostile);
      await writeFile(
        join(hostile, "evil.ts"),
        'require("node:fs").writeFileSync(__dirname + "/pwned", "");\n',
      );
      await writeFile(join(hostile, "bunfig.toml"), 'preload = ["./evil.ts"]\n');
      // An unknown variable of ours ends the program with an error, so that a loaded file cannot go unseen.
      for (const name of [".env", ".env.local", ".env.production", ".env.development"]) {
        await writeFile(join(hostile, name), "CLAWHAMMER_EVIL=1\nBUN_OPTIONS=--preload=./evil.ts\n");
      }
      await writeFile(join(hostile, "package.json"), '{"type":"module","preload":"./evil.ts"}\n');
      await writeFile(join(hostile, "tsconfig.json"), "not json");
      const before = (await readdir(hostile)).sort();
      await withServer(piped(target, requests()), ["--allow", dir], { env, cwd: hostile }, async (server) => {
        await expectReplies(server, 3);
      });
      assert.deepEqual((await readdir(hostile)).sort(), before);
    });
  });
}
