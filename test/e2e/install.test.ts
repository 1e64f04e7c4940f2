import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readClientConfig } from "../../lib/clients/config.ts";
import { placesOf } from "../../lib/clients/places.ts";
import { CLIENTS, findClient } from "../../lib/clients/table.ts";
import type { Host } from "../../lib/config/host.ts";
import { isTemporary } from "../../lib/install/executable.ts";
import { DENO_CACHE, mainTarget, type Target, withClient } from "../client.ts";
import { type Outcome, run as runProgram } from "../rig/run.ts";
import { onTerminal } from "../rig/terminal.ts";

interface Person {
  readonly host: Host;
  readonly env: Record<string, string>;
  readonly documents: string;
  /** The configuration of Claude Desktop. */
  readonly config: string;
  /** Runs the program without a terminal. */
  run(...args: string[]): Promise<Outcome>;
}

/** A person with a home folder, Claude Desktop and documents. */
async function withPerson(work: (person: Person, target: Target) => Promise<void>): Promise<void> {
  const target = mainTarget();
  const home = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-person-")));
  const env = { HOME: home, USERPROFILE: home, PATH: "/usr/bin:/bin", TERM: "xterm", DENO_DIR: DENO_CACHE };
  const documents = join(home, "Documents");
  const host: Host = { platform: process.platform, env, home, cwd: home };
  const config = placesOf(findClient("claude"), host)[0]?.path ?? assert.fail("no place");
  try {
    await mkdir(documents);
    await mkdir(dirname(config), { recursive: true });
    await writeFile(join(documents, "note.txt"), "from the document");
    const run: Person["run"] = (...args) =>
      runProgram(target.command, [...target.args, ...args], { cwd: documents, env });
    await work({ host, env, documents, config, run }, target);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Starts the entry as it stands in a configuration, and reads a document through an official client. */
async function useEntry(id: string, path: string, { env, documents }: Person): Promise<string> {
  const config = await readClientConfig(findClient(id), path);
  assert.ok(config.status === "fine");
  const launch = config.servers.find(({ name }) => name === "clawhammer")?.launch ?? assert.fail("no entry");
  const { HOME, DENO_DIR } = env;
  return await withClient(
    "1.x",
    { name: "entry", command: launch.command, args: launch.args },
    [],
    { env: { HOME: HOME ?? "", DENO_DIR: DENO_DIR ?? "" } },
    async (client) => {
      const result = await client.callTool({
        name: "read_file",
        arguments: { path: join(documents, "note.txt") },
      });
      return JSON.stringify(result.content);
    },
  );
}

test("install writes an entry that works, proves it, and uninstall gives back the bytes", async () => {
  await withPerson(async (person, target) => {
    const { config, run } = person;
    const before = '{\n\t"mcpServers": { "other": { "command": "x", "env": {"KEY": "s3cret"} } }\n}';
    await writeFile(config, before);
    const dry = await run("install", "--dry-run", "--allow", ".");
    assert.equal(dry.code, 0, dry.err);
    assert.match(dry.out, /^\+.*"clawhammer": \{/m);
    assert.equal(await readFile(config, "utf8"), before);
    assert.deepEqual((await readdir(person.env.HOME ?? "")).filter((name) => name === ".local"), []);

    const first = await run("install", "--allow", ".", "--yes");
    assert.equal(first.code, 0, first.err);
    assert.match(first.out, /added "clawhammer"[^]*Proved: .* in \d+ ms with \d+ tools, about [\d,]+ tokens/);
    assert.doesNotMatch(first.out + first.err, /s3cret/);
    assert.match(await useEntry("claude-desktop", config, person), /from the document/);
    const installed = await readFile(config, "utf8");
    const entry = JSON.parse(installed).mcpServers.clawhammer;
    assert.ok(entry.command.startsWith("/") || process.platform === "win32");
    assert.deepEqual(entry.args.slice(-3), ["serve", "--allow", person.documents]);
    if (target.name === "compiled") assert.equal(entry.command, await realpath(target.command));

    const second = await run("install");
    assert.equal(second.code, 0, second.err);
    assert.match(second.out, /already installed, nothing changed/);
    assert.equal(await readFile(config, "utf8"), installed);

    const third = await run("uninstall");
    assert.equal(third.code, 0, third.err);
    assert.equal(await readFile(config, "utf8"), before);
    assert.match((await run("uninstall")).out, /there is no "clawhammer"/);
  });
});

test("every client's entry works as its own file says, and all of them are gone afterwards", async () => {
  await withPerson(async (person) => {
    const { host, run } = person;
    const ids = CLIENTS.map(({ id }) => id);
    const done = await run("install", ...ids, "--allow", ".");
    assert.equal(done.code, 0, done.err);
    assert.equal(done.out.match(/Proved:/g)?.length, 1);
    for (const client of CLIENTS) {
      const [place = assert.fail(client.id)] = placesOf(client, host);
      assert.match(await useEntry(client.id, place.path, person), /from the document/, client.id);
    }
    const gone = await run("uninstall", "all");
    assert.equal(gone.code, 0, gone.err);
    for (const client of CLIENTS) {
      await assert.rejects(stat(placesOf(client, host)[0]?.path ?? ""), { code: "ENOENT" });
    }
  });
});

test("entries of official servers are named, replaced when asked, and come back", async () => {
  await withPerson(async (person) => {
    const { config, documents, run } = person;
    const servers = {
      files: { command: "npx", args: ["-y", "@modelcontextprotocol/server-filesystem", documents] },
      memory: { command: "npx", args: ["-y", "@modelcontextprotocol/server-memory"] },
    };
    const before = JSON.stringify({ mcpServers: servers }, null, 3);
    await writeFile(config, before);
    const hint = await run("install");
    assert.equal(hint.code, 0, hint.err);
    assert.match(hint.out, /can replace: "files"[^]*stay as they are; \S+ install --migrate/);
    assert.deepEqual(Object.keys(JSON.parse(await readFile(config, "utf8")).mcpServers), [
      "files",
      "memory",
      "clawhammer",
    ]);
    assert.equal((await run("uninstall")).code, 0);

    const moved = await run("install", "--migrate");
    assert.equal(moved.code, 0, moved.err);
    assert.match(moved.out, /replaces "files"[^]*about 3 processes/);
    assert.match(moved.out, /leaves "memory"/);
    assert.deepEqual(Object.keys(JSON.parse(await readFile(config, "utf8")).mcpServers), [
      "memory",
      "clawhammer",
    ]);
    assert.match(await useEntry("claude-desktop", config, person), /from the document/);
    assert.match((await run("uninstall")).out, /brought back "files"/);
    assert.equal(await readFile(config, "utf8"), before);
    assert.doesNotMatch((await run("install", "--no-migrate", "--dry-run")).out, /can replace/);
  });
});

test("an entry that does not work is taken back, and why is said", async () => {
  await withPerson(async ({ config, run }) => {
    const env = { CLAWHAMMER_NO_SUCH: "1" };
    const before = JSON.stringify({
      mcpServers: { clawhammer: { command: "/old/clawhammer", args: [], env } },
    });
    await writeFile(config, before);
    const { code, out, err } = await run("install", "--allow", ".");
    assert.equal(code, 1);
    assert.match(
      err,
      /does not work: it ended with status 2[^]*Unknown environment variable CLAWHAMMER_NO_SUCH/,
    );
    assert.match(err, /Took it back/);
    assert.doesNotMatch(out, /Proved/);
    assert.equal(await readFile(config, "utf8"), before);
  });
});

test("what cannot be installed is refused with a reason, and nothing is written", async () => {
  await withPerson(async ({ config, run }) => {
    const broken = '{\n  "mcpServers": {\n    "a": {}\n    "b": {}\n  }\n}';
    await writeFile(config, broken);
    const cases: [string[], number, RegExp][] = [
      [["install"], 1, /claude_desktop_config\.json:4:5: comma expected/],
      [["install", "claud"], 2, /Unknown client "claud"/],
      [["install", "--modules", "nope"], 2, /Unknown module "nope"/],
      [["install", "cursor", "--allow", "nowhere"], 1, /Cannot allow ".*nowhere": no such folder/],
      [["install", "cursor", "--name", "a b"], 2, /--name is "a b"/],
      [["install", "cursor", "--allow", "/"], 1, /"\/" is the whole disk: Claude could[^]*add --yes/],
      [["install", "cursor", "--allow", "~:ro"], 1, /your whole home folder: Claude could read almost/],
      [["install", "cursor", "--allow", ".."], 1, /your whole home folder: Claude could read and change/],
      [["uninstall"], 1, /:4:5: comma expected/],
    ];
    for (const [args, wanted, pattern] of cases) {
      const { code, out, err } = await run(...args);
      assert.equal(code, wanted, args.join(" ") + err);
      assert.match(err, pattern);
      assert.equal(out, "");
    }
    assert.equal(await readFile(config, "utf8"), broken);
    assert.deepEqual(await readdir(dirname(config)), ["claude_desktop_config.json"]);
  });
});

test("on a terminal it asks for folders, shows what Claude gets, and writes only after a yes", async () => {
  await withPerson(async (person, target) => {
    const { config, documents, env } = person;
    const cwd = documents;
    const command = (...args: string[]) => [target.command, ...target.args, ...args];
    const before = JSON.stringify({
      mcpServers: {
        f: { command: "npx", args: ["-y", "@modelcontextprotocol/server-filesystem", documents] },
      },
    });
    await writeFile(config, before);
    const place = { cwd, env };
    // Asked first where the program would not stay: run from its source, or in a temporary folder.
    const wouldStay = target.name === "compiled" && !isTemporary(await realpath(target.command), person.host);
    const anyway = wouldStay ? [] : [["anyway?", "y\n"] as const];
    const no = await onTerminal(command("install"), [
      ...anyway,
      ["Numbers or paths", "\n"],
      ["Only read", "\n"],
      ["Replace them?", "n\n"],
      ["Write this?", "n\n"],
    ], place);
    if (no === undefined) return;
    assert.equal(no.code, 1, no.output);
    assert.match(no.output, /1 {2}Documents[^]*Claude gets \d+ tools[^]*Cancelled/);
    assert.equal(await readFile(config, "utf8"), before);

    const first = ["Numbers or paths", "\x03"] as const;
    const interrupted = await onTerminal(command("install"), [...anyway, first], place);
    assert.equal(interrupted?.code, 1, interrupted?.output ?? "");
    const ended = await onTerminal(command("install"), [[anyway[0]?.[0] ?? first[0], "\x04"]], place);
    assert.equal(ended?.code, 1, ended?.output ?? "");
    assert.equal(await readFile(config, "utf8"), before);

    const yes = await onTerminal(command("install"), [
      ...anyway,
      ["Numbers or paths", "7\n"],
      ["Numbers or paths", `1:ro, ${documents}\n`],
      ["Only read", "y\n"],
      ["Replace them?", "\n"],
      ["Write this?", "\n"],
    ], place);
    assert.equal(yes?.code, 0, yes?.output ?? "");
    assert.match(yes?.output ?? "", /There is no number 7[^]*Proved:/);
    const { mcpServers } = JSON.parse(await readFile(config, "utf8"));
    assert.deepEqual(Object.keys(mcpServers), ["clawhammer"]);
    assert.ok(mcpServers.clawhammer.args.includes(`${documents}:ro`));
    assert.ok(mcpServers.clawhammer.args.includes("--read-only"));
    const away = await onTerminal(command("uninstall"), [["Write this?", "\n"]], place);
    assert.equal(away?.code, 0, away?.output ?? "");
    assert.equal(await readFile(config, "utf8"), before);
  });
});
