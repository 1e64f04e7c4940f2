import { test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { entryOf, isOurs, readClientConfig, readConfigBytes } from "../../lib/clients/config.ts";
import { placesOf } from "../../lib/clients/places.ts";
import { CLIENTS, findClient } from "../../lib/clients/table.ts";
import type { Disk } from "../../lib/clients/types.ts";
import type { Host } from "../../lib/config/host.ts";
import { UsageError } from "../../lib/errors.ts";

const MAC: Host = { platform: "darwin", env: {}, home: "/Users/ada", cwd: "/" };
const LINUX: Host = { platform: "linux", env: {}, home: "/home/ada", cwd: "/" };
const WINDOWS: Host = {
  platform: "win32",
  env: { APPDATA: "C:\\Users\\Ada\\AppData\\Roaming", LOCALAPPDATA: "C:\\Users\\Ada\\AppData\\Local" },
  home: "C:\\Users\\Ada",
  cwd: "C:\\",
};

/** A disk on which some paths exist. */
function disk(...paths: string[]): Disk {
  const inside = (folder: string) => paths.filter((path) => path.startsWith(`${folder}\\`));
  return {
    exists: (path) =>
      paths.some((one) => one === path || one.startsWith(`${path}\\`) || one.startsWith(`${path}/`)),
    list: (folder) => inside(folder).map((path) => path.slice(folder.length + 1).split("\\")[0] ?? ""),
  };
}

test("every client's usual place on macOS, Windows and Linux", () => {
  const table = Object.fromEntries(CLIENTS.map((client) => [
    client.id,
    [MAC, WINDOWS, LINUX].map((host) => placesOf(client, host, disk())[0]?.path),
  ]));
  const mac = "/Users/ada/Library/Application Support";
  const roaming = "C:\\Users\\Ada\\AppData\\Roaming";
  assert.deepEqual(table, {
    "claude-desktop": [
      `${mac}/Claude/claude_desktop_config.json`,
      `${roaming}\\Claude\\claude_desktop_config.json`,
      "/home/ada/.config/Claude/claude_desktop_config.json",
    ],
    "claude-code": ["/Users/ada/.claude.json", "C:\\Users\\Ada\\.claude.json", "/home/ada/.claude.json"],
    cursor: [
      "/Users/ada/.cursor/mcp.json",
      "C:\\Users\\Ada\\.cursor\\mcp.json",
      "/home/ada/.cursor/mcp.json",
    ],
    vscode: [
      `${mac}/Code/User/mcp.json`,
      `${roaming}\\Code\\User\\mcp.json`,
      "/home/ada/.config/Code/User/mcp.json",
    ],
    windsurf: [
      "/Users/ada/.codeium/windsurf/mcp_config.json",
      "C:\\Users\\Ada\\.codeium\\windsurf\\mcp_config.json",
      "/home/ada/.codeium/windsurf/mcp_config.json",
    ],
    zed: [
      "/Users/ada/.config/zed/settings.json",
      `${roaming}\\Zed\\settings.json`,
      "/home/ada/.config/zed/settings.json",
    ],
    codex: [
      "/Users/ada/.codex/config.toml",
      "C:\\Users\\Ada\\.codex\\config.toml",
      "/home/ada/.codex/config.toml",
    ],
    gemini: [
      "/Users/ada/.gemini/settings.json",
      "C:\\Users\\Ada\\.gemini\\settings.json",
      "/home/ada/.gemini/settings.json",
    ],
    goose: [
      "/Users/ada/.config/goose/config.yaml",
      `${roaming}\\Block\\goose\\config\\config.yaml`,
      "/home/ada/.config/goose/config.yaml",
    ],
  });
});

test("variables move the places; relative values do not", () => {
  const place = (name: string, env: Record<string, string>) =>
    placesOf(findClient(name), { ...LINUX, env }, disk())[0]?.path;
  assert.equal(place("claude", { XDG_CONFIG_HOME: "/x" }), "/x/Claude/claude_desktop_config.json");
  assert.equal(
    place("claude", { XDG_CONFIG_HOME: "x" }),
    "/home/ada/.config/Claude/claude_desktop_config.json",
  );
  assert.equal(place("codex", { CODEX_HOME: "/c" }), "/c/config.toml");
  assert.equal(place("claude-code", { CLAUDE_CONFIG_DIR: "/d" }), "/d/.claude.json");
  assert.deepEqual(placesOf(findClient("claude"), { ...LINUX, home: undefined }, disk()), []);
});

test("on Windows Claude Desktop has the classic place and one for every Store package that exists", () => {
  const local = "C:\\Users\\Ada\\AppData\\Local\\Packages";
  const store = (name: string) =>
    `${local}\\${name}\\LocalCache\\Roaming\\Claude\\claude_desktop_config.json`;
  const classic = "C:\\Users\\Ada\\AppData\\Roaming\\Claude";
  const found = (...paths: string[]) => placesOf(findClient("claude"), WINDOWS, disk(...paths));
  assert.deepEqual(
    found(`${local}\\Claude_pzs8sxrjxfjjc\\x`, `${local}\\Claude_other\\x`, `${local}\\Else_1\\x`).map((
      one,
    ) => one.path),
    [
      store("Claude_other"),
      store("Claude_pzs8sxrjxfjjc"),
    ],
  );
  const both = found(`${classic}\\config.json`, `${local}\\Claude_a\\x`);
  assert.deepEqual(both.map(({ path, edition, present }) => [path, edition, present]), [
    [`${classic}\\claude_desktop_config.json`, undefined, true],
    [store("Claude_a"), "Store", true],
  ]);
  assert.deepEqual(found().map(({ present }) => present), [false]);
});

test("VS Code's editions are written each, where they are", () => {
  const places = placesOf(
    findClient("vscode"),
    LINUX,
    disk("/home/ada/.config/Code - Insiders/User/settings.json"),
  );
  assert.deepEqual(places.map(({ path, edition }) => [path, edition]), [
    ["/home/ada/.config/Code - Insiders/User/mcp.json", "Insiders"],
  ]);
});

test("clients are found by every usual spelling, a wrong one names the nearest", () => {
  for (
    const [name, id] of [["Claude Desktop", "claude-desktop"], ["VS Code", "vscode"], [
      "Gemini_CLI",
      "gemini",
    ]]
  ) {
    assert.equal(findClient(name ?? "").id, id);
  }
  assert.throws(() => findClient("curser"), (error: unknown) => {
    return error instanceof UsageError &&
      /Unknown client "curser"\nDid you mean "cursor"/.test(error.message);
  });
});

test("readClientConfig tells absent, unreadable, broken (with line and column) and fine apart", async () => {
  const dir = await mkdtemp(join(tmpdir(), "clawhammer-clients-"));
  try {
    const read = async (id: string, content: string | Uint8Array) => {
      await writeFile(join(dir, "c"), content);
      return await readClientConfig(findClient(id), join(dir, "c"));
    };
    assert.deepEqual(await readClientConfig(findClient("claude"), join(dir, "none")), { status: "absent" });
    assert.deepEqual(await readClientConfig(findClient("claude"), join(dir, "c", "d")), { status: "absent" });
    assert.equal((await readClientConfig(findClient("claude"), dir)).status, "unreadable");
    assert.equal((await read("claude", Uint8Array.of(0xff, 0xfe, 0x7b, 0))).status, "unreadable");
    assert.deepEqual(await read("claude", '{\n  "mcpServers": {\n    "a" {}\n  }\n}'), {
      status: "broken",
      why: "colon expected",
      line: 3,
      column: 9,
    });
    const broken: [string, string, number, number][] = [
      ["claude", '{"a": 1, "a": 2}', 1, 10],
      ["claude", '{\n  "mcpServers": [1]}', 2, 17],
      ["codex", 'a = 1\n[[mcp_servers]]\nname = "x"\n', 2, 1],
      ["goose", "a: 1\nextensions:\n  - x\n", 3, 3],
      ["claude", "[]", 1, 1],
      ["codex", '[mcp_servers.a]\ncommand = "x\n', 2, 13],
      ["goose", "extensions:\n  a: {b: 1\nc: 2\n", 3, 1],
    ];
    for (const [id, content, line, column] of broken) {
      const config = await read(id, content);
      assert.deepEqual(
        config.status === "broken" ? [config.line, config.column] : config.status,
        [line, column],
        `${id}: ${content}`,
      );
    }
    const deep = await read("claude", '{"a":'.repeat(100_000) + "1" + "}".repeat(100_000));
    assert.deepEqual(deep, { status: "unreadable", why: "it is nested too deeply" });
    if (process.platform !== "win32") {
      execFileSync("mkfifo", [join(dir, "pipe")]);
      const pipe = await readClientConfig(findClient("claude"), join(dir, "pipe"));
      assert.deepEqual(pipe, { status: "unreadable", why: "it is no file" });
    }
    const fine = await read(
      "claude",
      '\uFEFF{"mcpServers": {"a": {"command": "x", "args": ["y"], "disabled": true}}, }',
    );
    assert.ok(fine.status === "fine");
    assert.deepEqual(fine.servers.map(({ name, launch, disabled }) => ({ name, launch, disabled })), [
      { name: "a", launch: { command: "x", args: ["y"] }, disabled: true },
    ]);
    assert.ok(fine.suspect !== undefined);
    assert.deepEqual((await read("claude", "  \n")).status, "fine");
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test("what entryOf writes is read back as the same launch, for every client", async () => {
  const { stringify: toml } = await import("smol-toml");
  const launch = { command: "/opt/clawhammer", args: ["serve", "--allow", "/x"], env: { A: "b" } };
  for (const client of CLIENTS) {
    const value = client.container.reduceRight<unknown>((inside, key) => ({ [key]: inside }), {
      hammer: entryOf(client, "hammer", launch),
    });
    // JSON is YAML, too.
    const text = client.format === "toml" ? toml(value) : JSON.stringify(value);
    const config = await readConfigBytes(client, new TextEncoder().encode(text));
    assert.ok(config.status === "fine", client.id);
    assert.deepEqual(config.servers[0]?.launch, launch, client.id);
  }
});

test("isOurs recognises the executable under its names and the source, and no other program", () => {
  const ours = (command: string, args: string[] = [], own?: string) =>
    isOurs({ name: "x", launch: { command, args }, disabled: false, raw: {} }, own);
  for (
    const command of ["/opt/clawhammer", "C:\\x\\clawhammer.exe", "/d/clawhammer-darwin-arm64", "clawhammer"]
  ) {
    assert.ok(ours(command), command);
  }
  assert.ok(ours("/opt/ch", [], "/opt/ch"));
  assert.ok(ours("/usr/bin/bun", ["/src/main.ts", "serve"]));
  assert.ok(!ours("/usr/bin/bun", ["/src/other.ts"], "/usr/bin/bun"));
  assert.ok(!ours("npx", ["-y", "clawhammer"]));
  assert.ok(!ours("/opt/clawhammers"));
});
