import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findClient } from "../../lib/clients/table.ts";
import { type Host, platformFolders } from "../../lib/config/host.ts";
import { ToolError } from "../../lib/errors.ts";
import { memoryNotes } from "../../lib/install/memories.ts";
import { recognise, type Recognised } from "../../lib/install/migrate.ts";
import { memoryFolder } from "../../lib/memory/lazy.ts";
import { createMemory } from "../../lib/memory/memory.ts";
import { importOfficial, readOfficialFile } from "../../lib/memory/official.ts";
import type { Graph } from "../../lib/memory/types.ts";
import { type Home, withHome } from "../rig/home.ts";

/** Two entities and a relation, as the official server writes them. */
const GOOD = [
  '{"type":"entity","name":"Ada","entityType":"person","observations":["likes tea","lives in Bath"]}',
  '{"type":"entity","name":"Engine","entityType":"project","observations":[]}',
  '{"type":"relation","from":"Ada","to":"Engine","relationType":"works_on"}',
].join("\n");
const PACKAGE = "node_modules/@modelcontextprotocol/server-memory/dist";

/** A folder with files, by their names. */
async function withFiles(
  files: Readonly<Record<string, string | Uint8Array>>,
  work: (dir: string) => Promise<void> | void,
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "clawhammer-import-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(dir, name)), { recursive: true });
      await writeFile(join(dir, name), content);
    }
    await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function graphOf(home: Home): Promise<Graph | undefined> {
  const memory = createMemory({ folder: memoryFolder(platformFolders(home.host).data ?? "") });
  try {
    return await memory.graph(1_000_000);
  } finally {
    memory.release();
  }
}

test("a memory file is read line by line, and what is wrong with one loses no other", async () => {
  const lines = [
    GOOD,
    "",
    '{"type":"entity","name":"Broken","entityT',
    '{"type":"entity","name":"ada ","entityType":"poet","observations":["likes tea","wrote notes"],"age":36}',
    '{"type":"entity","name":"NoList","entityType":"thing"}',
    '{"type":"entity","name":"Mixed","entityType":"","observations":["good",{"no":"text"},7,"\u200b"]}',
    '{"type":"entity","entityType":"nameless","observations":[]}',
    '{"type":"relation","from":"Ada","to":"Nobody","relationType":"misses","weight":1}',
    '{"type":"relation","from":"Ada","relationType":"x"}',
    '{"type":"settings","a":1}',
    "[1]",
    '{"type":"entity","name":"__proto__","entityType":"x","observations":["of it"],"__proto__":{"y":1}}',
    "[".repeat(100_000),
  ];
  await withFiles({ "m.jsonl": `\uFEFF${lines.join("\r\n")}` }, async (dir) => {
    const file = readOfficialFile(join(dir, "m.jsonl"));
    const names = file.entities.map(({ name }) => name);
    assert.deepEqual(names, ["Ada", "Engine", "ada", "NoList", "Mixed", "__proto__"]);
    assert.deepEqual(file.observations.filter(({ entity }) => entity === "Mixed").map(({ text }) => text), [
      "good",
      "7",
    ]);
    assert.deepEqual(file.relations.map(({ to }) => to), ["Engine", "Nobody"]);
    assert.deepEqual(file.faults.map(({ line }) => line), [5, 8, 8, 9, 11, 12, 13, 15]);
    assert.deepEqual(file.merged, [{ name: "ada ", into: "Ada" }]);
    assert.deepEqual(file.fields, ["__proto__", "age", "weight"]);

    const memory = createMemory({ folder: join(dir, "memory") });
    const first = await importOfficial(file, memory);
    assert.deepEqual([first.entities.length, first.mentioned], [5, ["Nobody"]]);
    assert.deepEqual(first.kept, [{ name: "Ada", type: "person", told: "poet" }]);
    const graph = await memory.graph(100_000);
    const again = await importOfficial(file, memory);
    assert.deepEqual([again.entities, again.mentioned, again.observations, again.relations], [[], [], 0, 0]);
    assert.deepEqual(await memory.graph(100_000), graph);
    const { entities: [ada] } = await memory.recall({ names: ["Ada"], limit: 1, facts: 9 });
    assert.ok(ada?.facts.every((fact) => fact.kind !== "observation" || fact.at === file.at));
    memory.release();
  });
});

test("a memory file in which nothing can be read, or which is none, is refused with the reason", async () => {
  const files = {
    "json.json": '{"entities":[]}',
    "text.txt": "hello\nworld",
    "binary.bin": new Uint8Array([0xff, 0xfe, 0x00, 0x80]),
    "empty.jsonl": "",
  };
  await withFiles(files, (dir) => {
    const refused = (name: string, reason: RegExp) =>
      assert.throws(() => readOfficialFile(join(dir, name)), (error: unknown) => {
        return error instanceof ToolError && reason.test(error.message);
      });
    refused("json.json", /line 1: its type is none/);
    refused("text.txt", /line 1: it is no JSON/);
    refused("binary.bin", /no UTF-8 text/);
    refused("absent", /cannot be read/);
    refused(".", /is no file/);
    assert.deepEqual(readOfficialFile(join(dir, "empty.jsonl")).entities, []);
  });
});

test("a memory file that is an attack costs little and says little", async () => {
  const files = {
    lines: `${GOOD}\n${"x\n".repeat(1_000_000)}`,
    list: `{"type":"entity","name":"Ada","observations":[${"null,".repeat(1_000_000)}"x"]}`,
    names: [1, 2].map((i) =>
      `{"type":"entity","name":"${"\\u200b".repeat(100_000 * i)}Ada","${"f".repeat(100_000)}":1}`
    )
      .join("\n"),
  };
  await withFiles(files, (dir) => {
    for (const name of ["lines", "list"]) {
      assert.throws(() => readOfficialFile(join(dir, name)), /has more than 10,000 faults/, name);
    }
    const notes = memoryNotes(readOfficialFile(join(dir, "names"))).join("\n");
    assert.match(notes, /become one: "\\u200b/);
    assert.match(notes, /drops them, too: ff/);
    assert.ok(notes.length < 3_000, `${notes.length}`);
  });
});

test("a large memory file is imported in parts, and none of them is lost", async () => {
  const entities = Array.from({ length: 700 }, (_, i) => ({
    type: "entity",
    name: `e${i}`,
    entityType: "t",
    observations: [`o${i}`, `p${i}`],
  }));
  const many = {
    type: "entity",
    name: "many",
    entityType: "t",
    observations: entities.map(({ name }) => name),
  };
  const relations = entities.map(({ name }) => ({
    type: "relation",
    from: name,
    to: "e0",
    relationType: "r",
  }));
  const text = [...entities, many, ...relations].map((one) => JSON.stringify(one)).join("\n");
  await withFiles({ "m.jsonl": text }, async (dir) => {
    const memory = createMemory({ folder: join(dir, "memory") });
    const done = await importOfficial(readOfficialFile(join(dir, "m.jsonl")), memory);
    assert.deepEqual([done.entities.length, done.observations, done.relations], [701, 2_100, 700]);
    const graph = await memory.graph(1_000_000);
    assert.equal(graph?.entities.find(({ name }) => name === "many")?.observations.length, 700);
    memory.release();
  });
});

test("the memory file is found wherever an entry keeps it", async () => {
  const files = {
    "home/.npm/_npx/aa/x": "",
    [`home/.npm/_npx/bb/${PACKAGE}/memory.jsonl`]: GOOD,
    [`home/.npm/_npx/bb/${PACKAGE}/other.json`]: GOOD,
    [`cache/_npx/cc/${PACKAGE}/memory.json`]: GOOD,
    [`node/${PACKAGE}/index.js`]: "",
    [`node/${PACKAGE}/memory.jsonl`]: GOOD,
    "named.jsonl": GOOD,
    "mount/memory.jsonl": GOOD,
    "mount/sub/m.json": GOOD,
    "home/.local/share/docker/volumes/claude-memory/_data/memory.jsonl": GOOD,
  };
  await withFiles(files, async (dir) => {
    const host: Host = { platform: "linux", env: {}, home: join(dir, "home"), cwd: dir };
    const script = join(dir, "node", PACKAGE, "index.js");
    await symlink(script, join(dir, "mcp-server-memory"));
    const npx = ["npx", "-y", "@modelcontextprotocol/server-memory"];
    const docker = (...options: string[]) => ["docker", "run", "-i", "--rm", ...options, "mcp/memory"];
    const cases: [string[], Record<string, string>, string][] = [
      [npx, {}, `home/.npm/_npx/bb/${PACKAGE}/memory.jsonl`],
      [["cmd", "/c", ...npx], {}, `home/.npm/_npx/bb/${PACKAGE}/memory.jsonl`],
      [npx, { MEMORY_FILE_PATH: "other.json" }, `home/.npm/_npx/bb/${PACKAGE}/other.json`],
      [npx, { MEMORY_FILE_PATH: join(dir, "named.jsonl") }, "named.jsonl"],
      [npx, { MEMORY_FILE_PATH: "${HOME}/../named.jsonl" }, "named.jsonl"],
      [["env", `MEMORY_FILE_PATH=${dir}/named.jsonl`, ...npx], {}, "named.jsonl"],
      [npx, { npm_config_cache: join(dir, "cache") }, `cache/_npx/cc/${PACKAGE}/memory.json`],
      [["node", script], {}, `node/${PACKAGE}/memory.jsonl`],
      [[join(dir, "mcp-server-memory")], {}, `node/${PACKAGE}/memory.jsonl`],
      [docker("-v", `${dir}/mount:/app/dist`), {}, "mount/memory.jsonl"],
      [
        docker("--mount", `type=bind,src=${dir}/mount,dst=/data`, "-e", "MEMORY_FILE_PATH=/data/sub/m.json"),
        {},
        "mount/sub/m.json",
      ],
      [
        docker("-v", `${dir}/mount:/data`, "-e", "MEMORY_FILE_PATH"),
        { MEMORY_FILE_PATH: "/data/sub/m.json" },
        "mount/sub/m.json",
      ],
      [docker("-v", `${dir}/named.jsonl:/app/dist/memory.json`), {}, "named.jsonl"],
      [
        docker("-v", "claude-memory:/app/dist"),
        {},
        "home/.local/share/docker/volumes/claude-memory/_data/memory.jsonl",
      ],
    ];
    for (const [words, env, expected] of cases) {
      const found = judge(words, env, host, "/data");
      assert.equal(found.kept, undefined, words.join(" "));
      assert.deepEqual(found.memories.map(({ path }) => path), [join(dir, expected)], words.join(" "));
      assert.match(found.notes.join("\n"), /Imports 2 entities, 2 observations, 1 relation from/);
      assert.doesNotMatch(found.notes.join("\n"), /not carried over: MEMORY/);
    }
  });
});

test("an entry whose memories cannot be had is kept, with the reason", async () => {
  await withFiles({ "bad.jsonl": "bad", [`e/_npx/a/${PACKAGE}/x`]: "" }, (dir) => {
    const host: Host = { platform: "linux", env: {}, home: join(dir, "home"), cwd: dir };
    const npx = ["npx", "-y", "@modelcontextprotocol/server-memory"];
    const docker = (...options: string[]) => ["docker", "run", "-i", "--rm", ...options, "mcp/memory"];
    const cases: [string[], Record<string, string>, RegExp][] = [
      [npx, {}, /not found: where its program is installed is not known/],
      [npx, { npm_config_cache: join(dir, "e") }, /there is no file ".*memory\.jsonl"/],
      [["bunx", "@modelcontextprotocol/server-memory"], {}, /not found/],
      [npx, { MEMORY_FILE_PATH: join(dir, "gone.jsonl") }, /there is no file ".*gone\.jsonl"/],
      [npx, { MEMORY_FILE_PATH: join(dir, "bad.jsonl") }, /nothing in ".*bad\.jsonl" can be read; line 1/],
      [npx, { MEMORY_FILE_PATH: dir }, /is no file/],
      [npx, { MEMORY_FILE_PATH: "${workspaceFolder}/m" }, /no path that means the same here/],
      [docker(), {}, /inside the container only/],
      [docker(), { MEMORY_FILE_PATH: join(dir, "bad.jsonl") }, /inside the container only/],
      [docker("--env-file", "x"), {}, /--env-file/],
      [
        docker("-v", "claude-memory:/app/dist"),
        {},
        /volume "claude-memory".*docker run --rm -v claude-memory:\/m/,
      ],
      [docker("-v", "../../etc:/app/dist"), {}, /no path that means the same/],
    ];
    for (const [words, env, reason] of cases) {
      const found = judge(words, env, host, "/data");
      assert.match(found.kept ?? "replaced", reason, words.join(" "));
      assert.deepEqual(found.memories, []);
    }
    assert.match(judge(npx, {}, host, undefined).kept ?? "", /no home folder/);
  });
});

/** What is found out about one entry. */
function judge(
  [command = "", ...args]: string[],
  env: Readonly<Record<string, string>>,
  host: Host,
  data: string | undefined,
): Recognised {
  const entry = { name: "mem", launch: { command, args, env }, disabled: false, raw: {} };
  const [found] = recognise([entry], { modules: ["memory"], readOnly: false, data }, host);
  return found ?? assert.fail("not recognised");
}

test("install imports memories with the entry it replaces, and uninstall leaves them", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const file = join(home.host.home ?? "", "memory.jsonl");
    await writeFile(file, `${GOOD}\n{"type":`);
    const env = { MEMORY_FILE_PATH: file };
    const before = JSON.stringify({
      mcpServers: { mem: { command: "npx", args: ["-y", "@modelcontextprotocol/server-memory"], env } },
    });
    const path = await home.put(claude, before);
    const { data } = platformFolders(home.host);
    const offered = () => Promise.resolve({ modules: ["memory"], readOnly: false, data });
    const plan = await home.install(claude, { offered });
    assert.deepEqual(plan.replaced.map(({ name }) => name), ["mem"]);
    assert.match(plan.replaced[0]?.notes.join("\n") ?? "", /1 fault in it.*line 4 \(it is no JSON\)/);
    const graph = await graphOf(home);
    assert.deepEqual(graph, {
      entities: [
        { name: "Ada", entityType: "person", observations: ["likes tea", "lives in Bath"] },
        { name: "Engine", entityType: "project", observations: [] },
      ],
      relations: [{ from: "Ada", to: "Engine", relationType: "works_on" }],
    });
    assert.ok(await home.uninstall(claude));
    assert.equal(await readFile(path, "utf8"), before);
    assert.deepEqual(await graphOf(home), graph);
    await home.install(claude, { offered });
    assert.deepEqual(await graphOf(home), graph);
    assert.equal(await readFile(file, "utf8"), `${GOOD}\n{"type":`);
  });
});

test("an entry stays when its memories cannot be written", async () => {
  await withHome(async (home) => {
    const claude = findClient("claude");
    const file = join(home.host.home ?? "", "memory.jsonl");
    await writeFile(file, GOOD);
    const args = ["-y", "@modelcontextprotocol/server-memory"];
    const env = { MEMORY_FILE_PATH: file };
    const before = JSON.stringify({ mcpServers: { mem: { command: "npx", args, env } } });
    const path = await home.put(claude, before);
    const data = platformFolders(home.host).data ?? "";
    await mkdir(data, { recursive: true });
    await writeFile(memoryFolder(data), "a file in the way");
    const offered = () => Promise.resolve({ modules: ["memory"], readOnly: false, data });
    await assert.rejects(home.install(claude, { offered }), ToolError);
    assert.equal(await readFile(path, "utf8"), before);
  });
});
