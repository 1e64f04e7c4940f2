import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../lib/config.ts";
import { readConfigText } from "../../lib/config/file.ts";
import { type Host, platformFolders } from "../../lib/config/host.ts";
import { flagOf, KEYS, OPTIONS, variableOf } from "../../lib/config/options.ts";
import { UsageError } from "../../lib/errors.ts";

const LINUX: Host = { platform: "linux", env: {}, home: "/home/ada", cwd: "/home/ada/work" };
const MAC: Host = { platform: "darwin", env: {}, home: "/Users/ada", cwd: "/" };
const WINDOWS: Host = { platform: "win32", env: {}, home: "C:\\Users\\ada", cwd: "C:\\work" };

async function configOf(args: readonly string[], host: Host = LINUX) {
  return (await loadConfig(args, [], host)).config;
}

/** Asserts that the work is refused as wrong usage with a message that matches. */
async function refused(work: Promise<unknown>, pattern: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof UsageError, String(error));
    assert.match(error.message, pattern);
    return true;
  });
}

/** Runs with a host whose home is a fresh folder holding these files. */
async function withHome(files: Record<string, string>, work: (host: Host, home: string) => Promise<void>) {
  const home = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-config-")));
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(home, name, ".."), { recursive: true });
      await writeFile(join(home, name), text);
    }
    await work({ platform: "linux", env: {}, home, cwd: join(home, "work") }, home);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

const DEFAULT_FILE = ".config/clawhammer/clawhammer.json";

test("loadConfig with nothing given has the defaults and the platform's folders", async () => {
  assert.deepEqual(await configOf([], { ...LINUX, home: "/nonexistent" }), {
    allow: [],
    modules: undefined,
    without: [],
    readOnly: false,
    ignoreRoots: false,
    protect: [],
    unprotect: [],
    gitWrite: "commit",
    gitHooks: false,
    web: {
      allowHost: [],
      denyHost: [],
      allowPrivate: false,
      ignoreRobots: false,
      headers: [],
      unsetHeaders: [],
    },
    databases: [],
    proxy: { http: undefined, https: undefined, except: undefined },
    toolsDir: { path: "/nonexistent/.config/clawhammer/tools", named: false },
    toolsEnv: {},
    pinTools: false,
    logLevel: "info",
    file: undefined,
    searchPath: undefined,
    folders: {
      config: "/nonexistent/.config/clawhammer",
      data: "/nonexistent/.local/share/clawhammer",
      cache: "/nonexistent/.cache/clawhammer",
      logs: "/nonexistent/.local/state/clawhammer",
    },
  });
});

test("loadConfig works with an empty environment, no home and no current folder", async () => {
  const bare: Host = { platform: "linux", env: {}, home: undefined, cwd: undefined };
  const config = await configOf(["--allow", "/data"], bare);
  assert.deepEqual(config.allow, [{ path: "/data", readOnly: false }]);
  assert.deepEqual(config.folders, { config: undefined, data: undefined, cache: undefined, logs: undefined });
  await refused(configOf(["--allow", "~/x"], bare), /needs a home folder/);
  await refused(configOf(["--allow", "x"], bare), /--allow: "x" is a relative path/);
});

test("names of flags and variables follow from the keys of the table", () => {
  assert.deepEqual(KEYS.map(flagOf), [
    "--allow",
    "--modules",
    "--without",
    "--read-only",
    "--ignore-roots",
    "--protect",
    "--unprotect",
    "--git-write",
    "--git-hooks",
    "--allow-host",
    "--deny-host",
    "--allow-private",
    "--ignore-robots",
    "--web-header",
    "--database",
    "--tools-dir",
    "--tools-env",
    "--pin-tools",
    "--config",
    "--log-level",
  ]);
  assert.deepEqual(KEYS.map(variableOf).slice(0, 4), [
    "CLAWHAMMER_ALLOW",
    "CLAWHAMMER_MODULES",
    "CLAWHAMMER_WITHOUT",
    "CLAWHAMMER_READ_ONLY",
  ]);
  assert.ok(KEYS.every((key) => OPTIONS[key].description !== ""));
});

test("--allow is repeatable, takes both ways of writing, :ro, ~ and relative paths", async () => {
  const { allow } = await configOf([
    "--allow",
    "/a",
    "--allow=/b:ro",
    "--allow",
    "~",
    "--allow",
    "~/c:ro",
    "--allow",
    "d/../e",
  ]);
  assert.deepEqual(allow, [
    { path: "/a", readOnly: false },
    { path: "/b", readOnly: true },
    { path: "/home/ada", readOnly: false },
    { path: "/home/ada/c", readOnly: true },
    { path: "/home/ada/work/e", readOnly: false },
  ]);
});

test("--allow reaches a name that ends in :ro by a slash, and a dash by the equals sign", async () => {
  const { allow } = await configOf(["--allow", "/odd:ro/", "--allow=-x"]);
  assert.deepEqual(allow, [{ path: "/odd:ro", readOnly: false }, {
    path: "/home/ada/work/-x",
    readOnly: false,
  }]);
});

test("--allow on Windows takes the colon of a drive for no suffix", async () => {
  const { allow } = await configOf([
    "--allow",
    "C:\\",
    "--allow",
    "D:\\x:ro",
    "--allow",
    "C:\\ro",
    "--allow",
    "~\\y",
  ], WINDOWS);
  assert.deepEqual(allow, [
    { path: "C:\\", readOnly: false },
    { path: "D:\\x", readOnly: true },
    { path: "C:\\ro", readOnly: false },
    { path: "C:\\Users\\ada\\y", readOnly: false },
  ]);
});

test("--allow relative to the top of the disk is refused, where hosts start servers", async () => {
  await refused(
    configOf(["--allow", "."], MAC),
    /--allow: "\." is a relative path, and the current folder is \/\n/,
  );
  assert.deepEqual((await configOf(["--allow", "/"], MAC)).allow, [{ path: "/", readOnly: false }]);
});

test("--allow refuses empty values, missing values and NUL characters", async () => {
  await refused(configOf(["--allow", ""]), /--allow is empty/);
  await refused(configOf(["--allow="]), /--allow is empty/);
  await refused(configOf(["--allow=:ro"]), /--allow is empty/);
  await refused(configOf(["--allow"]), /--allow needs a value\nWrite --allow DIR\[:ro\]$/);
  await refused(configOf(["--allow", "--read-only"]), /--allow needs a value\n.*--allow=--read-only/);
  await refused(configOf(["--allow", "a\0b"]), /NUL character/);
});

test("unknown flags are refused with the nearest, also with a value or a single dash", async () => {
  await refused(configOf(["--alow", "/a"]), /^Unknown flag "--alow"\nDid you mean --allow\?$/);
  await refused(configOf(["--readonly"]), /Did you mean --read-only\?/);
  await refused(configOf(["--red-only=yes"]), /^Unknown flag "--red-only"\nDid you mean --read-only\?$/);
  await refused(configOf(["-x"]), /^Unknown flag "-x"\n.*--help/);
});

test("flags given twice are refused unless they are lists; operands and -- are kept apart", async () => {
  await refused(configOf(["--log-level", "info", "--log-level", "info"]), /--log-level is given twice/);
  const line = await loadConfig(
    ["one", "--modules", "a, b", "-", "--modules", "b,c", "--", "--read-only"],
    [],
    LINUX,
  );
  assert.deepEqual(line.config.modules, ["a", "b", "c"]);
  assert.deepEqual(line.operands, ["one", "-", "--read-only"]);
  assert.equal(line.config.readOnly, false);
});

test("flags of a command stand beside the shared ones", async () => {
  const own = [{ flag: "--out", metavar: "FILE", description: "" }, { flag: "--json", description: "" }];
  const { flags } = await loadConfig(["--json", "--out", "x", "--read-only"], own, LINUX);
  assert.deepEqual(flags.get("--out"), ["x"]);
  assert.deepEqual(flags.get("--json"), ["true"]);
});

test("--read-only takes true and false behind an equals sign, and nothing else", async () => {
  assert.equal((await configOf(["--read-only"])).readOnly, true);
  assert.equal((await configOf(["--read-only=true"])).readOnly, true);
  assert.equal((await configOf(["--read-only=false"])).readOnly, false);
  await refused(configOf(["--read-only=maybe"]), /--read-only is "maybe"/);
  await refused(configOf(["--read-only="]), /--read-only is ""/);
});

test("--log-level refuses other words with the nearest", async () => {
  assert.equal((await configOf(["--log-level", "DEBUG"])).logLevel, "debug");
  await refused(
    configOf(["--log-level", "warning"]),
    /"warning"\nDid you mean "warn"\? The levels are debug, info/,
  );
});

test("--protect and --unprotect take patterns from every source, and refuse broken ones", async () => {
  const env = { CLAWHAMMER_UNPROTECT: "*.pem:keys/*.key" };
  const config = await configOf(["--protect", "*.{a,b}", "--protect=private"], { ...LINUX, env });
  assert.deepEqual([config.protect, config.unprotect], [["*.{a,b}", "private"], ["*.pem", "keys/*.key"]]);
  const settings = await readConfigText('{ "protect": "*.x", "unprotect": ["a", "b"] }', "/c.json", LINUX);
  assert.deepEqual(settings, { protect: ["*.x"], unprotect: ["a", "b"] });
  await refused(configOf(["--protect", "{a"]), /^--protect: /);
  await refused(configOf(["--unprotect="]), /^--unprotect: .*empty/);
});

test("CLAWHAMMER_ALLOW is separated like PATH, and ro belongs to the folder before it", async () => {
  const posix = { ...LINUX, env: { CLAWHAMMER_ALLOW: "/a:ro:/b::~/c:ro" } };
  assert.deepEqual((await configOf([], posix)).allow, [
    { path: "/a", readOnly: true },
    { path: "/b", readOnly: false },
    { path: "/home/ada/c", readOnly: true },
  ]);
  const windows = { ...WINDOWS, env: { clawhammer_allow: "C:\\a;D:\\b:ro" } };
  assert.deepEqual((await configOf([], windows)).allow, [
    { path: "C:\\a", readOnly: false },
    { path: "D:\\b", readOnly: true },
  ]);
});

test("environment: relative paths and unknown variables are refused, empty ones are not given", async () => {
  const withEnv = (env: Record<string, string>) => configOf([], { ...LINUX, env });
  await refused(withEnv({ CLAWHAMMER_ALLOW: "docs" }), /^CLAWHAMMER_ALLOW: "docs" is a relative path/);
  await refused(withEnv({ CLAWHAMMER_ALLOW: "ro" }), /"ro" is a relative path/);
  await refused(
    withEnv({ CLAWHAMMER_ALOW: "/a" }),
    /variable CLAWHAMMER_ALOW\nDid you mean CLAWHAMMER_ALLOW\?/,
  );
  await refused(withEnv({ CLAWHAMMER_ZZZZZZZZZZ: "1" }), /There are CLAWHAMMER_ALLOW, /);
  const config = await withEnv({
    CLAWHAMMER_ALLOW: "",
    CLAWHAMMER_READ_ONLY: " ",
    CLAWHAMMER_MODULES: "",
    OTHER: "x",
  });
  assert.deepEqual([config.allow, config.readOnly, config.modules], [[], false, undefined]);
});

test("an unexpanded placeholder counts as not given, in every source and inside lists", async () => {
  const env = { CLAWHAMMER_LOG_LEVEL: "${user_config.level}", CLAWHAMMER_ALLOW: "${user_config.dir}:/b" };
  const args = [
    "--read-only=${user_config.ro}",
    "--modules",
    "${user_config.a},time",
    "--without",
    "${user_config.b}",
  ];
  const line = await loadConfig([...args, "${user_config.more}"], [], { ...LINUX, env });
  const { logLevel, allow, readOnly, modules, without } = line.config;
  assert.deepEqual({ logLevel, allow, readOnly, modules, without }, {
    logLevel: "info",
    allow: [{ path: "/b", readOnly: false }],
    readOnly: false,
    modules: ["time"],
    without: [],
  });
  assert.deepEqual(line.operands, []);
  assert.deepEqual(
    (await configOf(["--allow", "${user_config.x}", "--allow", "${user_config.y}:ro"])).allow,
    [],
  );
  const settings = await readConfigText(
    '{"allow": ["${user_config.x}"], "readOnly": "${user_config.y}"}',
    "/c.json",
    LINUX,
  );
  assert.deepEqual(settings, {});
});

test("an unset flag leaves the value to the source below it", async () => {
  const host = { ...LINUX, env: { CLAWHAMMER_ALLOW: "/b" } };
  assert.deepEqual((await configOf(["--allow", "${user_config.x}"], host)).allow, [{
    path: "/b",
    readOnly: false,
  }]);
});

test("flags win over the environment, the environment over the file; a list replaces a list", async () => {
  const text = '{ "allow": ["files:ro"], "modules": ["files"], "without": "time", "logLevel": "error",' +
    ' "readOnly": true }';
  await withHome({ [DEFAULT_FILE]: text }, async (host, home) => {
    const env = { CLAWHAMMER_ALLOW: "/env", CLAWHAMMER_LOG_LEVEL: "warn", CLAWHAMMER_READ_ONLY: "0" };
    const config = await configOf(["--allow", "/flag"], { ...host, env });
    assert.deepEqual(config.allow, [{ path: "/flag", readOnly: false }]);
    assert.deepEqual([config.logLevel, config.readOnly], ["warn", false]);
    assert.deepEqual([config.modules, config.without], [["files"], ["time"]]);
    assert.equal(config.file, join(home, DEFAULT_FILE));
    const fromFile = await configOf([], host);
    assert.deepEqual(fromFile.allow, [{ path: join(home, ".config/clawhammer/files"), readOnly: true }]);
    assert.equal(fromFile.readOnly, true);
  });
});

test("the file takes comments, trailing commas and a byte order mark", async () => {
  const text = '\uFEFF// mine\n{\n  "allow": ["/a", /* two */ "~/b:ro",],\n}\n';
  assert.deepEqual(await readConfigText(text, "/etc/c.json", LINUX), {
    allow: [{ path: "/a", readOnly: false }, { path: "/home/ada/b", readOnly: true }],
  });
});

test("errors in the file name line and column", async () => {
  const read = (text: string) => readConfigText(text, "/etc/c.json", LINUX);
  await refused(read('{\n  "allow": ["/a" "/b"]\n}'), /^\/etc\/c\.json:2:18: comma expected$/);
  await refused(
    read('{\r\n  "alow": []\r\n}'),
    /^\/etc\/c\.json:2:3: unknown key "alow"\nDid you mean "allow"\?$/,
  );
  await refused(read('{ "config": "/x" }'), /:1:3: unknown key "config"/);
  await refused(read('{ "__proto__": {} }'), /unknown key "__proto__"/);
  await refused(
    read('{ "readOnly": true,\n "readOnly": false }'),
    /:2:2: "readOnly" stands here a second time/,
  );
  await refused(read('{ "readOnly": "yes" }'), /:1:15: "readOnly" must be true or false/);
  await refused(read('{ "allow": ["/a", 1] }'), /"allow" must be a list of strings/);
  await refused(read('{ "allow": null }'), /"allow" must be a list of strings/);
  await refused(read('{ "logLevel": "loud" }'), /^\/etc\/c\.json:1:3: "logLevel" is "loud"/);
  await refused(read("[]"), /:1:1: the file is not an object/);
  await refused(read(""), /:1:1: /);
});

test("--config and CLAWHAMMER_CONFIG must exist, and win over the default file in that order", async () => {
  const level = (name: string) => JSON.stringify({ logLevel: name });
  const files = { [DEFAULT_FILE]: level("debug"), "work/a.json": level("warn"), "b.json": level("error") };
  await withHome(files, async (host, home) => {
    const env = { CLAWHAMMER_CONFIG: "~/b.json" };
    assert.equal((await configOf([], host)).logLevel, "debug");
    assert.equal((await configOf([], { ...host, env })).logLevel, "error");
    assert.equal((await configOf(["--config", "a.json"], { ...host, env })).logLevel, "warn");
    await refused(configOf(["--config", "c.json"], host), /c\.json": no such file\n/);
    await refused(configOf(["--config", home], host), /it is a folder/);
  });
});

test("a clawhammer.json in the current folder is never read", async () => {
  await withHome({ "work/clawhammer.json": '{ "readOnly": true }', "clawhammer.json": "{" }, async (host) => {
    assert.equal((await configOf([], host)).readOnly, false);
  });
});

test("platformFolders follows XDG, ignoring relative values as it demands", () => {
  const env = { XDG_CONFIG_HOME: "/x/config", XDG_CACHE_HOME: "relative", XDG_STATE_HOME: "" };
  const folders = platformFolders({ ...LINUX, env });
  assert.equal(folders.config, "/x/config/clawhammer");
  assert.equal(folders.cache, "/home/ada/.cache/clawhammer");
  assert.equal(folders.logs, "/home/ada/.local/state/clawhammer");
});

test("platformFolders knows macOS and Windows", () => {
  assert.deepEqual(platformFolders(MAC), {
    config: "/Users/ada/Library/Application Support/Clawhammer",
    data: "/Users/ada/Library/Application Support/Clawhammer",
    cache: "/Users/ada/Library/Caches/Clawhammer",
    logs: "/Users/ada/Library/Logs/Clawhammer",
  });
  const env = { APPDATA: "D:\\Roaming" };
  assert.deepEqual(platformFolders({ ...WINDOWS, env }), {
    config: "D:\\Roaming\\Clawhammer",
    data: "C:\\Users\\ada\\AppData\\Local\\Clawhammer\\Data",
    cache: "C:\\Users\\ada\\AppData\\Local\\Clawhammer\\Cache",
    logs: "C:\\Users\\ada\\AppData\\Local\\Clawhammer\\Logs",
  });
});
