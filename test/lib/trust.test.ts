import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { toolsDirOf, variables } from "../../lib/config/tools.ts";
import { mainTarget, Running, withPlace } from "../client.ts";
import { putTools, toolSource } from "../rig/usertools.ts";

const ADD = toolSource("add", "return args.a + args.b;", "input: { a: z.number(), b: z.number() },");

test("a tool of one's own is called, shown, pinned and trusted", async () => {
  const target = mainTarget();
  await withPlace(async ({ dir, env }) => {
    const tools = join(dir, "own");
    const run = async (args: readonly string[]) => {
      const server = new Running(target, args, { cwd: dir, env });
      server.end();
      const { code } = await server.exited;
      return { code, out: `${server.lines.join("\n")}\n`, err: server.stderr };
    };
    await mkdir(tools, { mode: 0o700 });
    const flags = ["--tools-dir", tools, "--pin-tools"];
    await putTools(tools, { "add.ts": ADD, "broken.ts": "const a = ;" });
    assert.equal((await run(["call", "add", "a=1", "b=2", ...flags])).out, "3\n");
    const shown = await run(["tools", ...flags]);
    assert.match(shown.out, /\nadd: User tools of add\.ts\n {2}add +Add \(read\)\n/);
    assert.match(shown.err, /some of your own tools cannot be used:\nbroken\.ts:1: /);
    await putTools(tools, { "add.ts": ADD.replace("+", "*"), "broken.ts": "export {};" });
    assert.equal((await run(["call", "add", "a=3", "b=2", ...flags])).out, "5\n");
    assert.match(
      (await run(["tools", ...flags])).err,
      /add\.ts: It is not what was trusted.*clawhammer trust/,
    );
    assert.match((await run(["trust", "add.ts", ...flags])).out, /^Trusted as it is now: .*add\.ts\n$/);
    assert.equal((await run(["call", "add", "a=3", "b=2", ...flags])).out, "6\n");
    assert.match((await run(["trust", "ad.ts", ...flags])).err, /"ad\.ts" is no tool in .*\n.*add\.ts/);
    assert.equal((await run(["trust", ...flags])).code, 2);
  });
});

test("--tools-env names what user tools see, and what steers a runtime is never passed", () => {
  const env = {
    PATH: "/bin",
    LANG: "C",
    KEY: "1",
    OTHER: "2",
    BUN_OPTIONS: "x",
    NODE_OPTIONS: "y",
    LD_PRELOAD: "z",
  };
  const host = { platform: "linux", env, home: "/home/ada", cwd: "/" };
  assert.deepEqual(variables(host, []), { PATH: "/bin", LANG: "C" });
  const named = ["KEY", "MISSING", "BUN_OPTIONS", "NODE_OPTIONS", "LD_PRELOAD"];
  assert.deepEqual(variables(host, named), { PATH: "/bin", LANG: "C", KEY: "1" });
});

test("--tools-dir names the folder of user tools, tools beside the configuration is the usual one", () => {
  const host = { platform: "linux", env: {}, home: "/home/ada", cwd: "/" };
  assert.deepEqual(toolsDirOf("/t", { config: "/c" }, host), { path: "/t", named: true });
  assert.deepEqual(toolsDirOf(undefined, { config: "/c" }, host), { path: "/c/tools", named: false });
  assert.equal(toolsDirOf(undefined, {}, host), undefined);
});
