import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { compiled, sourceTarget, withClient, withPlace, withServer } from "../client.ts";
import { type Outcome, run as runProgram } from "../rig/run.ts";
import { putTools, toolSource } from "../rig/usertools.ts";

/** Runs a program with an environment that holds nothing. */
function run(command: string, args: readonly string[], cwd: string): Promise<Outcome> {
  return runProgram(command, args, { cwd, env: {} });
}

/** The same where no network can be reached, as far as the system lets us. */
function offline(command: string, args: readonly string[], cwd: string): Promise<Outcome> {
  const isolates = spawnSync("unshare", ["-rn", "true"]).status === 0;
  return isolates ? run("unshare", ["-rn", command, ...args], cwd) : run(command, args, cwd);
}

const PACKAGE = {
  "node_modules/shout/package.json": '{"name":"shout","version":"1.0.0","main":"index.js"}',
  "node_modules/shout/index.js": "exports.shout = (text) => text.toUpperCase() + '!';",
};

const GREET = `import { defineTool, z } from "clawhammer";
import { shout } from "shout";
import { mark } from "./lib/mark.ts";
export default defineTool({
  name: "greet",
  description: "Greets",
  effect: "read",
  aliases: ["hail"],
  input: { name: z.string() },
  run: ({ name }) => shout("hello " + name) + mark + " in " + process.pid,
});
`;

/** A test of the executable; there is none where it is not tested. */
function testExecutable(name: string, work: (program: string) => Promise<void>): void {
  for (const { command } of compiled()) test(name, () => work(command));
}

/** Builds a server called acme and takes away what it was built from. */
async function withAcme(
  program: string,
  work: (place: { acme: string; dir: string; far: string }) => Promise<void>,
): Promise<void> {
  await withPlace(async ({ dir }) => {
    const tools = join(dir, "tools");
    await mkdir(tools, { mode: 0o700 });
    await putTools(tools, {
      ...PACKAGE,
      "greet.ts": GREET,
      "lib/mark.ts": 'export const mark: string = " #";',
      "exits.ts": toolSource("exits", "process.exit(7);"),
      "loops.ts": toolSource("loops", "for (;;);", "timeoutMs: 700,"),
      "says.tool.json": JSON.stringify({
        description: "Says a word",
        effect: "read",
        arguments: { word: { type: "string", description: "Word", values: ["yes", "no"] } },
        command: ["echo", "{word}"],
      }),
      "package.json": '{"version":"4.5.6"}',
    });
    const built = await offline(program, ["build", "tools", "-o", "acme", "--modules", "files,time"], dir);
    assert.equal(built.code, 0, built.err);
    assert.match(built.out, /acme 4\.5\.6 with exits, greet, loops, says, module files, module time/);
    // Nothing else is left behind, and nothing of the folder is needed any more.
    assert.deepEqual((await readdir(dir)).sort(), ["acme", "tools"]);
    await rename(tools, join(dir, "gone"));
    const far = join(dir, "far");
    await mkdir(far);
    const acme = join(far, "acme");
    await rename(join(dir, "acme"), acme);
    await work({ acme, dir, far });
  });
}

testExecutable(
  "an executable of one's own is built offline, from the executable alone, and works alone",
  async (program) => {
    await withAcme(program, async ({ acme, far }) => {
      assert.match(
        (await run(acme, ["--version"], far)).out,
        /^acme 4\.5\.6 \(Clawhammer \d+\.\d+\.\d+, Bun /,
      );
      const help = await run(acme, ["--help"], far);
      assert.match(help.out, /^acme 4\.5\.6: built with Clawhammer/);
      assert.match(help.out, /acme\.json/);
      assert.doesNotMatch(help.out, /^ {2}(new|build|dev|test|trust) /m);
      assert.match((await run(acme, ["build", "x", "-o", "y"], far)).err, /^acme: Unknown command "build"/);
      const called = await run(acme, ["call", "hail", "name=Ada"], far);
      assert.match(called.out, /^HELLO ADA! # in \d+\nNote: "hail" is called "greet" now/, called.err);
      assert.equal((await run(acme, ["call", "says", "word=yes"], far)).out, "yes\n");
      assert.deepEqual(await readdir(far), ["acme"]);
    });
  },
);

testExecutable("an executable of one's own serves its tools and modules to every client", async (program) => {
  await withAcme(program, async ({ acme, dir, far }) => {
    const target = { name: "acme", command: acme, args: [] };
    await withServer(target, ["--allow", dir], { env: {}, cwd: far }, async (server) => {
      const { result } = await server.initialize();
      assert.deepEqual(result.serverInfo, { name: "acme", title: "acme", version: "4.5.6" });
      const list = await server.ask("list", "tools/list");
      const names: string[] = list.result.tools.map((tool: { name: string }) => tool.name);
      for (const name of ["greet", "exits", "loops", "read_file", "get_time"]) {
        assert.ok(names.includes(name), name);
      }
      for (const name of ["search_text", "think", "find_user_tools"]) assert.ok(!names.includes(name), name);
      const call = (id: string, name: string, args: object) => {
        return server.ask(id, "tools/call", { name, arguments: args });
      };
      const [greeted, exited, looped, read] = await Promise.all([
        call("1", "greet", { name: "Bo" }),
        call("2", "exits", {}),
        call("3", "loops", {}),
        call("4", "list_directory", { path: dir }),
      ]);
      const [, pid] = /HELLO BO! # in (\d+)/.exec(greeted.result.content[0].text) ?? [];
      assert.ok(Number(pid) > 0 && Number(pid) !== server.child.pid, "it ran in the server");
      assert.match(exited.result.content[0].text, /exited with code 7/);
      assert.ok(looped.result.isError && !read.result.isError);
    });
    for (const kind of ["1.x", "2.x legacy", "2.x modern"] as const) {
      await withClient(kind, target, [], { env: {}, cwd: far }, async (client) => {
        const { content } = await client.callTool({ name: "greet", arguments: { name: "Cy" } });
        assert.match(JSON.stringify(content), /HELLO CY!/);
      });
    }
  });
});

testExecutable("an executable of one's own installs and packs under its own name", async (program) => {
  await withAcme(program, async ({ acme, dir, far }) => {
    // It installs and packs under its own name, too.
    const home = join(dir, "home");
    await mkdir(join(home, ".config", "Claude"), { recursive: true });
    const own = { HOME: home, PATH: process.env.PATH ?? "" };
    const at = (...args: string[]) => spawnSync(acme, args, { cwd: far, env: own, encoding: "utf8" });
    if (process.platform === "linux") {
      const installed = at("install", "claude-desktop", "--allow", dir, "--yes");
      assert.equal(installed.status, 0, installed.stderr);
      const written = await readFile(join(home, ".config", "Claude", "claude_desktop_config.json"), "utf8");
      const entry = JSON.parse(written).mcpServers.acme;
      assert.deepEqual(entry, { command: acme, args: ["serve", "--allow", dir] });
    }
    const packed = at("pack", "-o", join(dir, "acme.mcpb"));
    assert.equal(packed.status, 0, packed.stderr);
    assert.match(packed.stderr, /packed 17 tools/);
  });
});

testExecutable(
  "build says what is wrong with tools, name and place, and leaves nothing behind",
  async (program) => {
    await withPlace(async ({ dir }) => {
      const tools = join(dir, "tools");
      await mkdir(tools, { mode: 0o700 });
      await putTools(tools, {
        "fine.ts": toolSource("fine", "return 1;"),
        "same.ts": toolSource("fine", "return 2;"),
        "taken.ts": toolSource("get_time", "return 3;"),
        "broken.ts": "const = 1;",
        "throws.ts": 'throw new Error("at once");',
        "lacks.ts": 'import "not-there";',
      });
      const build = (...args: string[]) => run(program, ["build", ...args], dir);
      const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
        [[], 2, /Build what, and where to/],
        [["tools/fine.ts"], 2, /where to/],
        [["tools/gone.ts", "-o", "x"], 1, /There is no ".*gone\.ts"/],
        [["tools/fine.ts", "-o", "no/such/x"], 1, /There is no folder/],
        [["tools/fine.ts", "-o", "tools"], 1, /is no file/],
        [["tools/fine.ts", "-o", "Big Name"], 2, /cannot be the name of a server/],
        [["tools/fine.ts", "-o", "x", "--name", "../y"], 2, /cannot be the name/],
        [["tools/fine.ts", "-o", "x", "--version", "one"], 2, /"one" is no version/],
        [["tools/fine.ts", "-o", "x", "--modules", "fils"], 2, /Did you mean "files"/],
        [["tools/fine.ts", "tools/same.ts", "-o", "x"], 1, /same\.ts and fine\.ts both have "fine"/],
        [["tools/taken.ts", "-o", "x", "--modules", "time"], 1, /both have "get_time"/],
        [["tools/broken.ts", "-o", "x"], 1, /Cannot bundle broken\.ts/],
        [["tools/throws.ts", "-o", "x"], 1, /throws\.ts: .*at once/],
        [["tools/lacks.ts", "-o", "x"], 1, /not-there/],
      ];
      for (const [args, code, says] of cases) {
        const outcome = await build(...args);
        assert.match(outcome.err, says);
        assert.equal(outcome.code, code, args.join(" "));
      }
      assert.deepEqual(await readdir(dir), ["tools"]);
      // The program itself is not overwritten, also not by way of a copy's own name.
      const copy = join(dir, "copy");
      await copyFile(program, copy);
      const itself = await run(copy, ["build", "tools/fine.ts", "-o", "copy", "--name", "x"], dir);
      assert.match(itself.err, /is this program itself/);
    });
  },
);

testExecutable(
  "what stands in the folder where it is built changes nothing of what is built",
  async (program) => {
    await withPlace(async ({ dir }) => {
      await putTools(dir, {
        "a.ts": toolSource("a", 'return String(process.env.SECRET ?? "none");'),
        ".env": "SECRET=of-the-folder\n",
        "bunfig.toml": 'preload = ["./evil.js"]\n',
        "evil.js": 'require("node:fs").writeFileSync(__dirname + "/evil.txt", "ran");',
      });
      const built = await run(program, ["build", "a.ts", "-o", "srv"], dir);
      assert.equal(built.code, 0, built.err);
      assert.equal((await run(join(dir, "srv"), ["call", "a"], dir)).out, "none\n");
      await assert.rejects(readFile(join(dir, "evil.txt")), /ENOENT/);
      if (process.platform !== "win32") assert.ok(((await stat(join(dir, "srv"))).mode & 0o100) !== 0);
      // An old version is replaced.
      await writeFile(join(dir, "a.ts"), toolSource("a", 'return "newer";'));
      assert.equal((await run(program, ["build", "a.ts", "-o", "srv"], dir)).code, 0);
      assert.equal((await run(join(dir, "srv"), ["call", "a"], dir)).out, "newer\n");
    });
  },
);

testExecutable(
  "a folder of many tools with much to say is built, and listed without loading any",
  async (program) => {
    await withPlace(async ({ dir }) => {
      const tools = join(dir, "tools");
      await mkdir(tools, { mode: 0o700 });
      // Together they are longer than the longest argument a program can be given.
      const long = `description: ${JSON.stringify("x".repeat(5_000))},`;
      const files = Array.from({ length: 40 }, (_, i) => {
        const text = toolSource(`tool_${i}`, `return "${i}";`).replace(
          'description: "A tool of a test",',
          long,
        );
        return [`t${i}.ts`, text] as const;
      });
      await putTools(tools, Object.fromEntries(files));
      const built = await run(program, ["build", "tools", "-o", "many"], dir);
      assert.equal(built.code, 0, built.err);
      const many = join(dir, "many");
      const listed = JSON.parse((await run(many, ["tools", "--json"], dir)).out);
      assert.equal(listed.length, 40);
      assert.equal((await run(many, ["call", "tool_39"], dir)).out, "39\n");
    });
  },
);

test("from source, build says that it needs the executable", async () => {
  await withPlace(({ dir, env }) => {
    const { command, args } = sourceTarget("main.ts");
    const child = spawnSync(command, [...args, "build", "a.ts", "-o", "x"], {
      cwd: dir,
      env,
      encoding: "utf8",
    });
    assert.equal(child.status, 1);
    assert.match(child.stderr, /Only the executable can build others.*\nFrom source, make it first/);
    return Promise.resolve();
  });
});
