import { test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readArguments } from "../../lib/cli/arguments.ts";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { renderCommandHelp, renderHelp } from "../../lib/cli/help.ts";
import { renderMarkdown } from "../../lib/cli/tools.ts";
import { renderWelcome } from "../../lib/cli/welcome.ts";
import type { Host } from "../../lib/config/host.ts";
import { runtimeName } from "../../lib/runtime.ts";
import { version } from "../../lib/version.ts";
import { wireTool } from "../../lib/wire.ts";
import { modules } from "../../main.ts";
import { targets, withPlace } from "../client.ts";
import { run, withProgram } from "../rig/run.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const HOST: Host = { platform: "linux", env: {}, home: "/home/ada", cwd: "/home/ada" };

/** The modules that are offered where nothing is configured. */
const OFFERED = modules.filter((module) => module.needs === undefined);

test("--version prints the version of package.json", async () => {
  await withProgram(async ({ run }) => {
    const { code, out } = await run(["--version"]);
    assert.equal(code, 0);
    assert.ok(out.startsWith(`clawhammer ${version} (`), out);
  });
});

test("--help, help and -h print help for the program and for each command, and exit with 0", async () => {
  await withProgram(async ({ run }) => {
    const { code, out } = await run(["--help"]);
    assert.equal(code, 0);
    assert.match(out, /--allow DIR\[:ro\].*\n[^]*CLAWHAMMER_ALLOW[^]*Examples:/);
    assert.equal((await run(["serve", "--allow", "/x", "-h"])).out, (await run(["help", "serve"])).out);
    assert.match((await run(["call", "--help"])).out, /^Usage: clawhammer call TOOL/);
  });
});

test("help fits 100 columns and names every command, module and flag", () => {
  const whole = renderHelp(COMMANDS, modules, HOST);
  const each = COMMANDS.map((command) => renderCommandHelp(command, modules, HOST));
  for (const line of [whole, ...each].join("\n").split("\n")) assert.ok(line.length <= 100, line);
  for (const { name } of [...COMMANDS, ...modules]) assert.match(whole, new RegExp(`\\b${name}\\b`));
  for (const [i, { flags }] of COMMANDS.entries()) {
    for (const { flag } of flags) assert.ok(each[i]?.includes(flag), flag);
  }
});

test("the welcome has at most ten lines and the absolute path to this program", () => {
  const lines = renderWelcome(HOST).trimEnd().split("\n");
  assert.ok(lines.length <= 10, String(lines.length));
  assert.ok(lines.some((line) => line.includes(process.execPath) && line.endsWith(" install")));
});

test("wrong usage exits with 2, names the nearest in two lines, prints nothing to stdout", async () => {
  await withProgram(async ({ run }) => {
    const cases: [string[], RegExp][] = [
      [["srve"], /^clawhammer: Unknown command "srve"\nDid you mean "serve"\?\n$/],
      [["/some/folder"], /Unknown command.*\n.*--allow \/some\/folder/],
      [["help", "tols"], /Did you mean "tools"/],
      [["--alow", "."], /Unknown flag "--alow"\nDid you mean --allow\?/],
      [["serve", "extra"], /Unexpected "extra"\n/],
      [["serve", "--modules", "tme"], /Unknown module "tme".*\nDid you mean "time"/],
      [["tools", "--json", "--tokens"], /--json and --tokens exclude each other/],
      [["tools", "time"], /Unexpected "time"/],
      [["call"], /Which tool\?/],
      [["call", "get_tme"], /Unknown tool "get_tme"; nearest: get_time/],
      [["call", "think", "hello"], /"hello" is no argument/],
      [["call", "think", "{"], /The arguments are no JSON/],
    ];
    const outcomes = await Promise.all(
      cases.map(async ([args, pattern]) => ({ args, pattern, ...await run(args) })),
    );
    for (const { args, pattern, code, out, err } of outcomes) {
      assert.equal(code, 2, `${args.join(" ")}: ${err}`);
      assert.equal(out, "");
      assert.match(err, pattern);
      assert.doesNotMatch(err, /\n +at /);
    }
  });
});

test("an unknown variable and a broken configuration file exit with 2", async () => {
  await withProgram(async ({ run, dir }) => {
    const variable = await run(["tools"], { env: { CLAWHAMMER_ALOW: "/x" } });
    assert.equal(variable.code, 2);
    assert.match(variable.err, /Did you mean CLAWHAMMER_ALLOW\?/);
    await writeFile(join(dir, "c.json"), '{\n  "allow": [,]\n}');
    const file = await run(["tools", "--config", "c.json"]);
    assert.equal(file.code, 2);
    assert.match(file.err, /c\.json:2:13: /);
  });
});

test("doctor runs with a broken configuration, and says what is wrong with it", async () => {
  await withProgram(async ({ run, dir }) => {
    await writeFile(join(dir, "c.json"), '{\n  "alow": []\n}');
    const args = ["doctor", "--json", "--config", "c.json"];
    const { code, out } = await run(args, { env: { CLAWHAMMER_LOG_LEVEL: "loud" } });
    assert.equal(code, 1);
    const findings = JSON.parse(out).findings.filter((one: { check: string }) =>
      one.check === "configuration"
    );
    assert.deepEqual(findings.map((one: { severity: string }) => one.severity), ["error", "error"]);
    assert.match(findings[0].what, /CLAWHAMMER_LOG_LEVEL is "loud"/);
    assert.match(findings[1].what, /c\.json:2:3: unknown key "alow"/);
    assert.match(findings[1].mend, /Did you mean "allow"/);
    assert.equal((await run(["doctor", "--jsn"])).code, 2);
  });
});

test("wrong usage of serve also stands in the log file, which hosts cannot lose", async () => {
  await withProgram(async ({ run, home }) => {
    await run(["serve", "--alow", "x"], { env: { XDG_STATE_HOME: home } });
    const path = process.platform === "linux" ? join(home, "clawhammer") : undefined;
    if (path !== undefined) {
      assert.match(await readFile(join(path, "clawhammer.log"), "utf8"), / error \d+ Unknown flag/);
    }
  });
});

test("tools --json prints exactly the tools of tools/list", async () => {
  await withProgram(async ({ run }) => {
    const { code, out } = await run(["tools", "--json", "--git-write", "full"]);
    assert.equal(code, 0);
    const all = OFFERED.flatMap((module) => module.tools).sort((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepEqual(JSON.parse(out), JSON.parse(JSON.stringify(all.map(wireTool))));
  });
});

test("tools prints a table, sizes and the reference; --read-only leaves the readers", async () => {
  await withProgram(async ({ run }) => {
    const table = await run(["tools", "--read-only", "--modules", "time,thinking"]);
    assert.match(table.out, /^time: [^]*\n {2}get_time +[^]*\nthinking: /);
    const readers = OFFERED.flatMap((module) => module.tools).filter((tool) => tool.effect === "read");
    assert.equal(JSON.parse((await run(["tools", "--read-only", "--json"])).out).length, readers.length);
    const sizes = (await run(["tools", "--tokens", "--modules", "time"])).out.trimEnd().split("\n");
    const [tool] = modules.find((module) => module.name === "time")?.tools ?? [];
    const length = JSON.stringify(wireTool(tool ?? assert.fail("no tool"))).length;
    assert.equal(sizes[1]?.trim().split(/\s+/)[0], length.toLocaleString("en-US"));
    assert.match((await run(["tools", "--markdown"])).out, /^# Tools\n/);
  });
});

test("renderMarkdown shows every tool, argument, prompt and hint, and nothing of other modules", () => {
  const all = modules.flatMap((module) => module.tools);
  const markdown = renderMarkdown(modules, all);
  for (const tool of all) {
    const section = markdown.split(`\n### ${tool.name}\n`)[1]?.split("\n### ")[0] ?? assert.fail(tool.name);
    for (const name of Object.keys(tool.input)) {
      assert.ok(section.includes(`\n| \`${name}\` | `), `${tool.name} ${name}`);
    }
    assert.match(section, /readOnlyHint: (true|false).*openWorldHint: (true|false)/);
  }
  for (const prompt of modules.flatMap((module) => module.prompts)) {
    assert.ok(markdown.includes(`\`${prompt.name}\``));
  }
  const time = modules.filter((module) => module.name === "time");
  assert.ok(!renderMarkdown(time, all).includes("### think\n"));
});

test("readArguments reads pairs: text stays text, lists, dotted and repeated keys", () => {
  const text = { type: "string" };
  const edit = { type: "object", properties: { oldText: text, replaceAll: { type: "boolean" } } };
  const schema = {
    type: "object",
    properties: {
      path: text,
      limit: { type: "integer" },
      paths: { type: "array", items: text },
      edits: { type: "array", items: edit },
    },
  };
  const read = (...pairs: string[]) => readArguments(pairs, schema);
  assert.deepEqual(read(), {});
  assert.deepEqual(read("path=a=b", "limit=5"), { path: "a=b", limit: "5" });
  assert.deepEqual(read("path="), { path: "" });
  assert.deepEqual(read('path={"a":1}', 'paths=["x","y"]'), { path: '{"a":1}', paths: ["x", "y"] });
  assert.deepEqual(read("paths=x", "paths=y"), { paths: ["x", "y"] });
  assert.deepEqual(read("edits.1.oldText=[b]", "edits.0.oldText=a", "edits.0.replaceAll=true"), {
    edits: [{ oldText: "a", replaceAll: "true" }, { oldText: "[b]" }],
  });
  assert.deepEqual(read('{"path":"x"}'), { path: "x" });
  assert.throws(() => read("a=1", "a.b=2"), /"a" is given both whole and in parts/);
  assert.throws(() => read("=x"), /"=x" is no argument/);
  assert.throws(() => read('{"path":"x"}', "limit=1"), /Unexpected "limit=1"/);
  const polluted = read("__proto__.x=1");
  assert.ok(typeof polluted === "object" && polluted !== null && Object.hasOwn(polluted, "__proto__"));
  assert.equal("x" in {}, false);
});

test("call prints the reply and exits with 0; a refusal goes to stderr and exits with 1", async () => {
  await withProgram(async ({ run }) => {
    const good = await run(["call", "think", "thought=Is it so?", "step=1", "total=2", "nextNeeded=true"]);
    assert.deepEqual([good.code, good.err], [0, ""]);
    assert.match(good.out, /1/);
    const json = await run(["call", "get_time", '{"zone":"UTC","at":"2026-01-02T03:04:05Z"}']);
    assert.match(json.out, /2026-01-02 03:04:05/);
    const bad = await run(["call", "get_time", "zone=Nowhere/Land"]);
    assert.equal(bad.code, 1);
    assert.equal(bad.out, "");
    assert.match(bad.err, /^clawhammer: .*Nowhere/);
    const polluted = await run(["call", "get_time", "__proto__.zone=UTC"]);
    assert.equal(polluted.code, 1);
  });
});

test("call reads an allowed folder; images become a note, or a file with --out", async () => {
  await withProgram(async ({ run, dir }) => {
    const image = Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
      "base64",
    );
    await writeFile(join(dir, "a.png"), image);
    await writeFile(join(dir, "a.txt"), "one\ntwo\nthree\n");
    const read = await run(["call", "read_file", "path=a.txt", "offset=-1", "--allow", "."]);
    assert.equal(read.code, 0, read.err);
    assert.match(read.out, /three/);
    assert.doesNotMatch(read.out, /one/);
    const note = await run(["call", "read_file", "path=a.png", "--allow", "."]);
    assert.match(note.out, /\[image\/png of 70 bytes; --out FILE saves it\]/);
    const saved = await run(["call", "read_file", "path=a.png", "--allow", ".", "--out", "b.png"]);
    assert.equal(saved.code, 0, saved.err);
    assert.equal(saved.out, "");
    assert.deepEqual(await readFile(join(dir, "b.png")), image);
    const refused = await run(["call", "read_file", "path=a.txt"]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /no folder is allowed.*\n.*--allow/);
    const impossible = await run(["call", "read_file", "path=a.txt", "--allow", ".", "--out", "no/such/x"]);
    assert.equal(impossible.code, 1);
    assert.match(impossible.err, /^clawhammer: Cannot write "no\/such\/x": /);
  });
});

test("flags without a command serve: a pipe of requests is answered, and the program ends", async () => {
  const params = {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "test", version: "1" },
  };
  const lines = [
    { jsonrpc: "2.0", id: 1, method: "initialize", params },
    { jsonrpc: "2.0", method: "notifications/initialized" },
    { jsonrpc: "2.0", id: 2, method: "tools/list" },
  ];
  const input = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  await withProgram(async ({ run, dir }) => {
    for (
      const args of [["--allow", dir, "--modules", "time"], [
        "serve",
        "--allow",
        `${dir}/gone`,
        "--modules",
        "time",
      ]]
    ) {
      const { code, out, err } = await run(args, { input });
      assert.equal(code, 0, err);
      const replies = out.trimEnd().split("\n").map((line) => JSON.parse(line));
      assert.deepEqual(replies.map((reply) => reply.id).sort(), [1, 2]);
      const [info, list] = [1, 2].map((id) => replies.find((reply) => reply.id === id).result);
      assert.equal(info.serverInfo.version, version);
      assert.deepEqual(list.tools.map((tool: { name: string }) => tool.name), ["get_time"]);
      if (args[0] === "serve") {
        assert.match(err, / warn \d+ Left out the allowed folder ".*gone": no such folder\n/);
      } else assert.equal(err, "");
    }
  });
});

test("the program runs with an empty environment, and writes nothing into the current folder", async () => {
  await withProgram(async ({ dir, run }) => {
    const { code, out, err } = await run(["call", "get_time", "zone=UTC"], {
      env: { HOME: undefined, USERPROFILE: undefined },
    });
    assert.equal(code, 0, err);
    assert.match(out, /UTC/);
    assert.deepEqual(await readdir(dir), []);
  });
});

test("call works in Deno's sandbox with nothing but reading the program and the allowed folder", async () => {
  if (!runtimeName().startsWith("Deno")) return;
  await withPlace(async ({ dir, env }) => {
    await writeFile(join(dir, "a.txt"), "inside\n");
    const permissions = ["--no-prompt", "--allow-env", "--allow-sys", `--allow-read=${ROOT},${dir}`];
    const args = ["run", "--no-check", ...permissions, join(ROOT, "main.ts")];
    const call = ["call", "read_file", "path=a.txt", "--allow", dir];
    const { code, out, err } = await run(process.execPath, [...args, ...call], { env });
    assert.deepEqual([code, out, err], [0, "inside\n", ""]);
  });
});

test("Ctrl-C cancels a call: the tool is told, and the program exits with 1", async () => {
  if (process.platform === "win32") return;
  const main = new URL("../../lib/cli/main.ts", import.meta.url).href;
  const code = `
    const { main } = await import(${JSON.stringify(main)});
    const run = (_args, ctx) => new Promise(() => {
      ctx.signal.addEventListener("abort", () => console.error("told"));
      console.error("started");
      setTimeout(() => {}, 60_000);
    });
    const about = { title: "", description: "", effect: "read", world: "closed" };
    const tools = [{ ...about, name: "wait", input: {}, paths: [], run }];
    await main([{ name: "slow", title: "", instructions: "", tools, prompts: [] }], ["call", "wait"]);`;
  const args = runtimeName().startsWith("Deno") ? ["eval", "--no-check", "--ext=ts", code] : ["-e", code];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"], cwd: ROOT });
  let err = "";
  child.stderr.on("data", (chunk) => {
    err += chunk;
    // Not child.kill: Deno then reports the signal instead of the exit code.
    if (err === "started\n") process.kill(child.pid ?? assert.fail("not started"), "SIGINT");
  });
  const [exitCode] = await once(child, "close");
  assert.equal(err, "started\ntold\nclawhammer: wait was cancelled\n");
  assert.equal(exitCode, 1);
});

test("--licenses prints the licences of what is inside; the executable holds what source names", async () => {
  const listed = new Map<string, string[]>();
  await withPlace(async ({ env }) => {
    for (const target of targets()) {
      const { code, out } = await run(target.command, [...target.args, "--licenses"], { env });
      assert.equal(code, 0);
      assert.match(out, /^clawhammer .* is under the MIT licence\.[^]*- zod \d[^]*- Bun \d/);
      listed.set(target.name, out.split("\n").filter((line) => /^- /.test(line)));
    }
  });
  // The compiler leaves out what nothing uses, and takes nothing that is not installed.
  const [source = [], ...others] = listed.values();
  for (const lines of others) assert.deepEqual(lines.filter((line) => !source.includes(line)), []);
});
