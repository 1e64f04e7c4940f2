import { test } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { placesOf } from "../../lib/clients/places.ts";
import { findClient } from "../../lib/clients/table.ts";
import { ToolError } from "../../lib/errors.ts";
import { install } from "../../lib/install/apply.ts";
import { planInstall, type Wish } from "../../lib/install/plan.ts";
import { replaceConfig } from "../../lib/install/write.ts";
import { COMMAND, MODULES, withHome } from "../rig/home.ts";

test("a read-only file is explained and left alone", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const path = await home.put(claude, "{}");
    await chmod(path, 0o444);
    await assert.rejects(home.install(claude), (error: unknown) => {
      return error instanceof ToolError && /read-only/.test(error.message) && error.next.includes(path);
    });
    assert.equal(await readFile(path, "utf8"), "{}");
    assert.deepEqual(await readdir(dirname(path)), ["claude_desktop_config.json"]);
    assert.equal(await home.kept.find(path, "clawhammer"), undefined);
  });
});

test("a linked configuration stays a link, and what it names is changed", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const dotfiles = join(home.host.home ?? "", "dotfiles");
    await mkdir(dotfiles);
    const path = await home.put(claude, "");
    for (const content of ['{"a":1}', undefined]) {
      await rm(path);
      const target = join(dotfiles, content === undefined ? "missing.json" : "claude.json");
      if (content !== undefined) await writeFile(target, content);
      await symlink(target, path);
      await home.install(claude);
      assert.ok((await lstat(path)).isSymbolicLink());
      assert.ok((await readFile(target, "utf8")).includes(COMMAND));
      assert.ok(await home.uninstall(claude));
      assert.ok((await lstat(path)).isSymbolicLink());
      if (content !== undefined) assert.equal(await readFile(target, "utf8"), content);
    }
  });
});

test("links that lead through further links to nothing are followed, and stay", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const path = await home.put(claude, "");
    const folder = dirname(path);
    await rm(path);
    await symlink("second", path);
    await symlink(join("made", "claude.json"), join(folder, "second"));
    await home.install(claude);
    assert.ok((await readFile(join(folder, "made", "claude.json"), "utf8")).includes(COMMAND));
    assert.ok(await home.uninstall(claude));
    assert.deepEqual((await readdir(folder)).sort(), ["claude_desktop_config.json", "second"]);
  });
});

test("an edit between reading and writing is not lost: everything is worked out anew", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const path = await home.put(claude, '{"n": 0}');
    const [place = assert.fail()] = placesOf(claude, home.host);
    const wish: Wish = {
      name: "clawhammer",
      program: { command: COMMAND, args: ["serve"] },
      command: "clawhammer",
      flags: [],
      replace: () => false,
      offered: () => Promise.resolve({ modules: MODULES, readOnly: false }),
    };
    let edits = 0;
    await install(async () => {
      const plan = await planInstall(claude, place, wish, home.host);
      if (edits < 2) await writeFile(path, `{"n": ${++edits}}`);
      return plan;
    }, home.kept);
    const data = JSON.parse(await readFile(path, "utf8"));
    assert.equal(data.n, 2);
    assert.equal(data.mcpServers.clawhammer.command, COMMAND);
    await assert.rejects(
      install(async () => {
        const plan = await planInstall(claude, place, { ...wish, flags: ["--read-only"] }, home.host);
        await writeFile(path, `{"n": ${++edits}}`);
        return plan;
      }, home.kept),
      /again and again/,
    );
    assert.equal(await readFile(path, "utf8"), `{"n": ${edits}}`);
  });
});

test("replaceConfig refuses a file that is not what was read, one that appears or vanishes", async () => {
  const dir = await mkdtemp(join(tmpdir(), "clawhammer-write-"));
  const path = join(dir, "c");
  try {
    const [one, two] = [Buffer.from("1"), Buffer.from("2")];
    await writeFile(path, two);
    await assert.rejects(replaceConfig(path, undefined, one), /changed meanwhile/);
    await assert.rejects(replaceConfig(path, one, undefined), /changed meanwhile/);
    await assert.rejects(replaceConfig(path, one, two), /changed meanwhile/);
    await rm(path);
    await assert.rejects(replaceConfig(path, one, two), /changed meanwhile/);
    assert.deepEqual(await readdir(dir), []);
    await assert.rejects(replaceConfig(join(dir, "n", "m", "c"), one, two), /changed meanwhile/);
    assert.deepEqual(await readdir(dir), []);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test("installations at the same time wait for each other: no entry is lost", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const names = Array.from({ length: 12 }, (_, i) => `c${i}`);
    const path = await home.put(claude, "{}");
    await Promise.all(names.map((name) => home.install(claude, { name })));
    const { mcpServers } = JSON.parse(await readFile(path, "utf8"));
    assert.deepEqual(Object.keys(mcpServers).sort(), [...names].sort());
    for (const name of names) assert.ok(await home.kept.find(path, name), name);
    await Promise.all(names.map((name) => home.uninstall(claude, name)));
    assert.deepEqual(JSON.parse(await readFile(path, "utf8")), {});
  });
});
