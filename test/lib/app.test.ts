import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { createApp, instructionsOf, pickModules } from "../../lib/app.ts";
import type { Config } from "../../lib/config.ts";
import { UsageError } from "../../lib/errors.ts";
import { INSTRUCTIONS_CHARS_MAX } from "../../lib/limits.ts";
import { text } from "../../lib/reply.ts";
import { defineModule, defineTool, type Effect, type Module } from "../../lib/tool.ts";
import { files as filesModule } from "../../tools/files/index.ts";
import { user as userModule } from "../../tools/user.ts";

function moduleOf(name: string, effect: Effect = "read", paths: boolean = false): Module {
  const input = { path: z.string().describe("A path") };
  const about = { name: `do_${name}`, title: name, description: name, effect, world: "closed" } as const;
  const tool = defineTool({ ...about, input, paths: paths ? ["path"] : [], run: () => text(name) });
  return defineModule({ name, title: name, instructions: `Use ${name}.`, tools: [tool], prompts: [] });
}

const MODULES = [moduleOf("files", "change", true), moduleOf("search"), moduleOf("time")];

function configOf(changes: Partial<Config>): Config {
  const folders = { config: undefined, data: undefined, cache: undefined, logs: undefined };
  return {
    allow: [],
    modules: undefined,
    without: [],
    readOnly: false,
    ignoreRoots: false,
    protect: [],
    unprotect: [],
    gitWrite: "commit",
    gitHooks: false,
    web: { allowHost: [], denyHost: [], allowPrivate: false, ignoreRobots: false, headers: [] },
    databases: [],
    proxy: {},
    toolsDir: undefined,
    toolsEnv: {},
    pinTools: false,
    logLevel: "error",
    file: undefined,
    searchPath: undefined,
    folders,
    ...changes,
  };
}

test("pickModules keeps the program's order and takes away what --without names", () => {
  const names = (only: string[] | undefined, without: string[]) =>
    pickModules(MODULES, { modules: only, without }).map((module) => module.name);
  assert.deepEqual(names(undefined, []), ["files", "search", "time"]);
  assert.deepEqual(names(["time", "files"], []), ["files", "time"]);
  assert.deepEqual(names(["time", "files"], ["time"]), ["files"]);
});

test("pickModules refuses unknown names with the nearest, and a choice that leaves nothing", () => {
  const pick = (only: string[] | undefined, without: string[]) => () =>
    pickModules(MODULES, { modules: only, without });
  assert.throws(pick(["serch"], []), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(
      error.message,
      /^Unknown module "serch" in --modules\nDid you mean "search"\? The modules are files, /,
    );
    return true;
  });
  assert.throws(pick(undefined, ["tme"]), /Unknown module "tme" in --without\nDid you mean "time"/);
  assert.throws(pick(["time"], ["time"]), /leave no module/);
});

test("createApp hides what is not a reader when read-only, and refuses it by name", async () => {
  const { caller } = createApp(MODULES, configOf({ readOnly: true }));
  assert.deepEqual(caller.tools.map((tool) => tool.name), ["do_search", "do_time"]);
  const { isError, content } = await caller.call("do_files", { path: "x" });
  assert.ok(isError);
  assert.match(JSON.stringify(content), /read-only/);
});

test("createApp leaves a missing folder out and says so, and creates no folder", async () => {
  const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-app-")));
  try {
    await mkdir(join(base, "there"));
    const folders = {
      config: undefined,
      data: join(base, "data"),
      cache: join(base, "cache"),
      logs: join(base, "logs"),
    };
    const allow = [{ path: join(base, "there"), readOnly: true }, {
      path: join(base, "gone"),
      readOnly: false,
    }];
    const { instructions, caller } = createApp(MODULES, configOf({ allow, folders }));
    assert.match(instructions, /^Allowed folders: .*there \(read-only\)\.\n/);
    assert.match(instructions, /Allowed, but not available now: .*gone \(no such folder\)\./);
    assert.equal((await caller.call("do_files", { path: join(base, "there", "x") })).isError, false);
    assert.equal(existsSync(folders.data) || existsSync(folders.cache) || existsSync(folders.logs), false);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
});

test("createApp without folders answers a tool for files with how to allow one", async () => {
  const { caller, instructions } = createApp(MODULES, configOf({}));
  const { isError, content } = await caller.call("do_files", { path: "/etc/passwd" });
  assert.ok(isError);
  assert.match(JSON.stringify(content), /no folder is allowed.*--allow/);
  assert.match(instructions, /No folder is allowed yet.*"--allow", "\/path\/to\/folder"/);
});

test("createApp closes its own folders to tools, also behind links and before they exist", async () => {
  const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-app-")));
  try {
    await mkdir(join(base, "elsewhere"));
    await symlink(join(base, "elsewhere"), join(base, "config"));
    const file = join(base, "mine.json");
    await writeFile(file, "{}");
    await writeFile(join(base, "other.json"), "{}");
    const folders = {
      config: join(base, "config"),
      data: join(base, "data"),
      cache: join(base, "cache"),
      logs: join(base, "logs"),
    };
    const allow = [{ path: base, readOnly: false }];
    const { caller } = createApp(MODULES, configOf({ allow, folders, file, protect: ["*.mine"] }));
    const { files } = await caller.context();
    const bytes = new Uint8Array();
    const own = ["config/x", "elsewhere/x", "data/x", "cache/rg", "logs/clawhammer.log", "mine.json"];
    for (const name of own) {
      await assert.rejects(files.write(join(base, name), bytes), /belongs to Clawhammer itself/, name);
    }
    const { signal } = new AbortController();
    await assert.rejects(files.remove(join(base, "config"), true, signal), /belongs to Clawhammer itself/);
    await assert.rejects(files.write(join(base, "a.mine"), bytes), /protected by the configuration/);
    await assert.rejects(files.write(join(base, ".bashrc"), bytes), /guardrail|run or obey/);
    await files.write(join(base, "other.json"), bytes);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
});

test("createApp lifts the protection of what --unprotect names", async () => {
  const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-app-")));
  try {
    const allow = [{ path: base, readOnly: false }];
    const folders = { data: join(base, "data") };
    const { caller } = createApp(MODULES, configOf({ allow, folders, unprotect: [".bashrc"] }));
    await (await caller.context()).files.write(join(base, ".bashrc"), new Uint8Array());
    await assert.rejects((await caller.context()).files.write(join(base, ".zshrc"), new Uint8Array()));
  } finally {
    await rm(base, { recursive: true, force: true });
  }
});

test("instructionsOf names no folders to tools without paths, and stays within the limit", () => {
  const none = { roots: [], missing: [] };
  assert.equal(instructionsOf(MODULES.slice(1), none, false), "Use search.\nUse time.");
  assert.match(instructionsOf(MODULES, none, true), /^Read-only/);
  const roots = Array.from({ length: 500 }, (_, i) => {
    const real = `/a/folder/with/a/long/name/${i}/${"x".repeat(i * 10)}`;
    return { real, given: real, readOnly: false };
  });
  const missing = roots.map(({ real }) => ({ path: real, why: "no such folder" }));
  const whole = instructionsOf(MODULES, { roots, missing }, true);
  assert.ok(whole.length <= INSTRUCTIONS_CHARS_MAX, String(whole.length));
  assert.match(whole, /and \d+ more/);
  assert.match(whole, /Use files\.\nUse search\.\nUse time\.$/);
});

test("a folder of tools that becomes a link to where tools may write is closed to them", async () => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-app-")));
  try {
    const allowed = join(dir, "allowed");
    const toolsDir = { path: join(dir, "config/tools"), named: false };
    await mkdir(join(allowed, "linked"), { recursive: true, mode: 0o700 });
    await mkdir(join(dir, "config"));
    const names = ["config", "data", "cache", "logs"].map((name) => [name, join(dir, name)]);
    const folders = Object.fromEntries(names) as Config["folders"];
    const { caller } = createApp(
      [filesModule, userModule],
      configOf({ allow: [{ path: allowed, readOnly: false }], toolsDir, folders }),
    );
    const write = async (path: string) => {
      return await caller.call("write_file", { path: join(allowed, path), content: "export {};" });
    };
    assert.notEqual((await write("linked/before.txt")).isError, true);
    await symlink(join(allowed, "linked"), toolsDir.path);
    await caller.refresh();
    const { isError, content } = await write("linked/after.ts");
    assert.equal(isError, true);
    assert.match(JSON.stringify(content), /it belongs to Clawhammer itself/);
    assert.notEqual((await write("elsewhere.txt")).isError, true);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
