import { test } from "node:test";
import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { binary } from "../../lib/doctor/binary.ts";
import { clients } from "../../lib/doctor/clients.ts";
import { cost } from "../../lib/doctor/cost.ts";
import { examine, isHealthy } from "../../lib/doctor/doctor.ts";
import { cloudOnly, folders } from "../../lib/doctor/folders.ts";
import { logs } from "../../lib/doctor/logs.ts";
import { programs } from "../../lib/doctor/programs.ts";
import { renderBundle, renderReport, reportOf } from "../../lib/doctor/report.ts";
import { runProgram, within } from "../../lib/doctor/run.ts";
import { storage } from "../../lib/doctor/storage.ts";
import type { Check, RunResult } from "../../lib/doctor/types.ts";
import { memory } from "../../lib/doctor/memory.ts";
import { createJournal } from "../../lib/journal/journal.ts";
import { createMemory } from "../../lib/memory/memory.ts";
import { logPath } from "../../lib/log.ts";
import { shellWord } from "../../lib/shell.ts";
import { entry, only, severities, withHome } from "../rig/patient.ts";
import { sourceTarget } from "../client.ts";

test("the doctor proves what a client starts, and tells how many tools it offers", async () => {
  await withHome(async ({ claude, dir, put, setting }) => {
    const { command, args } = sourceTarget("main.ts");
    await put(claude, entry(command, [...args, "serve", "--allow", dir, "--modules", "time"]));
    const finding = await only(clients, await setting());
    assert.equal(finding.severity, "ok", finding.what);
    assert.match(
      finding.what,
      /^Claude Desktop: "clawhammer" starts in \d+ ms and offers 1 tool, about \d+ tok/,
    );
    const found = await folders.examine(await setting());
    assert.deepEqual(found.map(({ severity, what }) => [severity, what]), [
      ["ok", `"${dir}" is there, for reading and changing`],
    ]);
  });
});

test("the doctor says what is wrong with a client's configuration, and what mends it", async () => {
  await withHome(async ({ claude, home, put, setting }) => {
    await put(join(home, "clawhammer-linux-x64"), "#!/bin/sh\n");
    const cases: [string, string, RegExp, RegExp][] = [
      [
        '{\n  "mcpServers": {,}\n}',
        "error",
        /claude_desktop_config.json" is broken at line 2, column 18/,
        /install/,
      ],
      [entry("clawhammer", ["serve"]), "error", /no absolute path/, /^clawhammer install claude-desktop$/],
      [entry("/gone/clawhammer", ["serve"]), "error", /there is no program "\/gone\/clawhammer"/, /install/],
      [
        entry("/gone/clawhammer", ["--alow", "/x"]),
        "error",
        /Unknown flag "--alow". Did you mean --allow/,
        /./,
      ],
      [entry("/gone/clawhammer", [], { disabled: true }), "note", /is switched off/, /Switch it on/],
      [entry(join(home, "clawhammer-linux-x64"), []), "error", /may not be executed/, /^chmod \+x \/.*x64$/],
    ];
    for (const [text, severity, what, mend] of cases) {
      await put(claude, text);
      const [finding] = await clients.examine(await setting());
      assert.equal(finding?.severity, severity, text);
      assert.match(finding?.what ?? "", what);
      assert.match(finding?.mend ?? "", mend);
    }
    await put(claude, '{ "mcpServers": { "other": { "command": "/bin/other" } } }');
    assert.deepEqual(severities(await clients.examine(await setting())), ["warning"]);
  });
});

test("the doctor's mends are for the entry they stand under, and help", async () => {
  await withHome(async ({ claude, dir, put, setting }) => {
    const same = { command: "/gone/clawhammer", args: ["serve"] };
    const place = async (servers: object) => await put(claude, JSON.stringify({ mcpServers: servers }));
    const mends = async () => (await clients.examine(await setting())).map(({ mend }) => mend ?? "");
    await place({ work: same });
    assert.deepEqual(await mends(), ["clawhammer install claude-desktop --name work"]);
    assert.deepEqual((await folders.examine(await setting())).map(({ mend }) => mend), [
      `clawhammer install claude-desktop --name work --allow ${dir}`,
    ]);
    await place({ "my files": same });
    assert.match((await mends()).join(), /^Correct "my files" in ".*json" with an editor$/);
    await place({ clawhammer: { ...same, args: ["serve", "--read-only"] }, one: same, two: same });
    assert.equal((await mends())[3], "clawhammer uninstall claude-desktop --name two");
    // What stands in the variables, another installation would leave there.
    await place({ clawhammer: { ...same, env: { CLAWHAMMER_NO_SUCH: "1" } } });
    assert.match((await mends()).join(), /^Correct what is named here; the variables .*config\.json"$/);
    // It is where it should be and takes its flags: installing it anew would change nothing.
    await place({ clawhammer: same });
    const executable = { path: "/gone/clawhammer", compiled: true };
    assert.match(
      (await clients.examine(await setting([], { executable })))[0]?.mend ?? "",
      /doctor --bundle/,
    );
  });
});

test("the doctor examines the allowed folders of its own command line and of every entry", async () => {
  await withHome(async ({ claude, dir, home, put, setting }) => {
    assert.match((await only(folders, await setting())).mend ?? "", /install --allow/);
    await put(join(dir, "a.txt"), "x");
    await put(
      claude,
      entry("/gone/clawhammer", ["serve", "--allow", join(home, "gone"), "--allow", `${dir}:ro`]),
    );
    const findings = await folders.examine(await setting(["--allow", join(dir, "a.txt")]));
    assert.deepEqual(severities(findings), ["error", "error", "ok"]);
    assert.match(findings[0]?.what ?? "", /a\.txt" is no folder$/);
    assert.match(findings[1]?.what ?? "", /gone" does not exist$/);
    assert.equal(findings[1]?.mend, `mkdir -p ${join(home, "gone")}`);
    assert.match(findings[2]?.what ?? "", /for reading only$/);
    const whole = await folders.examine(await setting(["--allow", home]));
    assert.match(JSON.stringify(whole), /your whole home folder/);
  });
});

test("the doctor sees folders that the system keeps closed", async () => {
  if (process.getuid?.() === 0 || process.platform === "win32") return;
  await withHome(async ({ dir, setting }) => {
    await chmod(dir, 0o500);
    const writing = await folders.examine(await setting(["--allow", dir]));
    assert.match(JSON.stringify(writing), /allowed for changes, but you may only read it.*chmod u\+wx/);
    await chmod(dir, 0o000);
    const reading = await only(folders, await setting(["--allow", dir]));
    await chmod(dir, 0o700);
    assert.match(`${reading.what} ${reading.mend}`, /does not let you read.*chmod u\+rx/);
  });
});

test("cloudOnly counts files without contents on this disk, and stand-ins for them", async () => {
  await withHome(async ({ dir, put, setting }) => {
    await put(join(dir, "real.txt"), "x".repeat(20_000));
    await put(join(dir, "empty.txt"), "");
    await put(join(dir, "deep", "dataless.pdf"), "");
    await truncate(join(dir, "deep", "dataless.pdf"), 1_000_000);
    await put(join(dir, ".old.pages.icloud"), "bplist");
    assert.deepEqual(await cloudOnly(dir), { files: 2, seen: 4 });
    const finding = await only(folders, await setting(["--allow", dir]));
    assert.deepEqual([finding.severity, finding.what.includes("2 of 4 files")], ["warning", true]);
  });
});

test("the doctor asks macOS about the signature and the quarantine of the executable", async () => {
  await withHome(async ({ dir, put, setting }) => {
    const path = join(dir, "claw hammer");
    await put(path, "x");
    await chmod(path, 0o755);
    const fine = await setting();
    const on = (run: (program: string) => RunResult) => ({
      ...fine,
      host: { ...fine.host, platform: "darwin" },
      executable: { path, compiled: true },
      run: (program: string) => Promise.resolve(run(program)),
    });
    const bad = await binary.examine(
      on((program) =>
        program.endsWith("codesign")
          ? { status: 1, stdout: "", stderr: "x: code object is not signed at all\n" }
          : { status: 0, stdout: "0081;0;Safari;", stderr: "" }
      ),
    );
    assert.deepEqual(severities(bad), ["ok", "error", "warning", "ok"]);
    assert.equal(bad[1]?.mend, `codesign --force --sign - '${path}'`);
    assert.equal(bad[2]?.mend, `xattr -d com.apple.quarantine '${path}'`);
    const good = await binary.examine(on((program) => ({
      status: program.endsWith("codesign") ? 0 : 1,
      stdout: "",
      stderr: "",
    })));
    assert.deepEqual(severities(good), ["ok", "ok"]);
    await chmod(path, 0o644);
    const closed = await binary.examine(on(() => ({ status: 0, stdout: "", stderr: "" })));
    assert.match(JSON.stringify(closed[1]), /may not be executed.*chmod \+x/);
  });
});

test("the doctor asks Windows for the zone of the executable", async () => {
  await withHome(async ({ dir, put, setting }) => {
    const fine = await setting();
    const on = {
      ...fine,
      host: { ...fine.host, platform: "win32" },
      executable: { path: join(dir, "it's.exe"), compiled: true },
    };
    await put(join(dir, "it's.exe:Zone.Identifier"), "[ZoneTransfer]\r\nZoneId=3\r\n");
    const [, finding] = await binary.examine(on);
    assert.equal(finding?.severity, "warning");
    assert.match(finding?.mend ?? "", /Unblock-File -LiteralPath '.*it''s\.exe'/);
    await put(join(dir, "it's.exe:Zone.Identifier"), "[ZoneTransfer]\r\nZoneId=1\r\n");
    assert.deepEqual(severities(await binary.examine(on)), ["ok", "ok"]);
  });
});

test("the doctor warns of a missing git where its tools are on, and of one that does not run", async () => {
  await withHome(async ({ dir, put, setting }) => {
    const fine = await setting();
    const without = { find: () => Promise.resolve(undefined), searchPath: () => Promise.resolve("") };
    const some = fine.modules.slice(0, 1);
    const all = { programs: without, everyProgram: without };
    const git = { ...fine, ...all, modules: some.map((module) => ({ ...module, name: "git" })) };
    assert.equal((await only(programs, git)).severity, "warning");
    assert.equal((await only(programs, { ...git, modules: [] })).severity, "note");
    const kept = await only(programs, { ...git, everyProgram: fine.everyProgram });
    if (await fine.everyProgram.find("git") !== undefined) assert.match(kept.what, /which Claude may change/);
    const here = (name: string) => ({
      ...without,
      find: (wanted: string) => Promise.resolve(wanted === name ? `/bin/${name}` : undefined),
    });
    for (const [name, words] of [["dnf", "sudo dnf install git"], ["apk", "sudo apk add git"]] as const) {
      assert.equal((await only(programs, { ...git, programs: here(name) })).mend, words);
    }
    const path = join(dir, "git");
    await put(path, "#!/bin/sh\necho broken >&2\nexit 1\n");
    await chmod(path, 0o755);
    const broken = { ...fine, programs: { ...without, find: () => Promise.resolve(path) } };
    assert.match((await only(programs, broken)).what, /does not run: broken/);
  });
});

test("the doctor finds a damaged journal and leaves it as it is", async () => {
  await withHome(async ({ setting }) => {
    const it = await setting();
    const folder = join(it.config.folders.data ?? assert.fail(), "journal");
    assert.match(JSON.stringify(await storage.examine(it)), /No change was recorded yet/);
    await mkdir(dirname(folder), { recursive: true });
    await writeFile(folder, "in the way");
    const blocked = (await storage.examine(it)).find(({ severity }) => severity === "error");
    assert.equal(blocked?.mend, `mv ${folder} ${folder}-aside`);
    await rm(folder);
    const journal = createJournal({ folder });
    const plan = { action: "write" as const, path: "/x", roots: ["/"], folders: [] };
    const recording = journal.record(plan);
    await recording.announce({});
    await recording.done();
    journal.release();
    assert.match(JSON.stringify(await storage.examine(it)), /journal holds 1 change .*in order/);
    await mkdir(`${folder}-damaged-2026`);
    const database = join(folder, "changes.db");
    for (const name of await readdir(folder)) await rm(join(folder, name));
    await writeFile(database, "no database".repeat(1_000));
    const findings = await storage.examine(it);
    assert.deepEqual(severities(findings), ["ok", "error", "note"]);
    assert.match(findings[1]?.what ?? "", /damaged or cannot be read/);
    assert.equal((await readFile(database, "utf8")).startsWith("no database"), true);
  });
});

test("the doctor says how much is remembered and where, and finds a damaged memory", async () => {
  await withHome(async ({ setting }) => {
    const it = await setting();
    const folder = join(it.config.folders.data ?? assert.fail(), "memory");
    assert.equal((await only(memory, it)).what, "Nothing is remembered yet");
    const store = createMemory({ folder });
    await store.remember({ entities: [{ name: "Ada" }, { name: "Bob" }] });
    store.release();
    const [fine, where] = await memory.examine(it);
    assert.match(fine?.what ?? "", /^The memory holds 2 entities \(\d.* kB\) and is in order$/);
    assert.equal(where?.what, `It is kept in "${folder}"`);
    for (const name of await readdir(folder)) await rm(join(folder, name));
    await writeFile(join(folder, "memory.db"), "no database".repeat(1_000));
    const damaged = await only(memory, it);
    assert.equal(damaged.severity, "error");
    assert.match(damaged.what, /^The memory in ".*" is damaged or cannot be read/);
    assert.equal(damaged.mend, "clawhammer call recall");
    const homeless = { ...it, config: { ...it.config, folders: {} } };
    assert.match((await only(memory, homeless)).what, /nothing can be remembered/);
  });
});

test("the doctor shows errors of the last day, of our log and of Claude's, without secrets", async () => {
  await withHome(async ({ claude, home, put, setting }) => {
    await put(claude, entry("/gone/clawhammer", ["serve"]));
    const time = new Date().toISOString();
    const state = join(home, ".local", "state", "clawhammer");
    assert.equal((await only(logs, await setting())).severity, "ok");
    await put(
      logPath(state),
      `2020-01-01T00:00:00.000Z error 1 long ago\n${time} error 1 token=abc failed\n${time} info 1 fine\n`,
    );
    await put(
      join(dirname(claude), "logs", "mcp-server-clawhammer.log"),
      `${time} [clawhammer] [error] Server disconnected.\n${time} [clawhammer] [info] fine\n`,
    );
    await put(join(dirname(claude), "logs", "mcp-server-other.log"), `${time} [other] [error] not ours\n`);
    const findings = await logs.examine(await setting());
    assert.deepEqual(severities(findings), ["note", "note"]);
    assert.match(findings[0]?.what ?? "", /1 error .*\n.*token=\[redacted\] failed$/);
    assert.match(
      findings[1]?.what ?? "",
      /mcp-server-clawhammer.log" has 1 error.*\n.*Server disconnected\.$/,
    );
  });
});

test("examine goes on behind a check that fails; notes are no fault, warnings are", async () => {
  await withHome(async ({ setting }) => {
    const it = await setting();
    const bad: Check = { name: "bad", title: "Bad", examine: () => Promise.reject(new Error("no luck")) };
    const sections = await examine(it, [bad, cost]);
    assert.deepEqual(sections.map(({ findings }) => findings[0]?.severity), ["warning", "ok"]);
    assert.match(renderReport(sections), /could not be checked: no luck\n +→ clawhammer doctor --bundle/);
    const note: Check = {
      name: "n",
      title: "N",
      examine: () => Promise.resolve([{ severity: "note", what: "x" }]),
    };
    assert.deepEqual([isHealthy(sections), isHealthy(await examine(it, [note]))], [false, true]);
    const { healthy, findings } = reportOf(sections);
    assert.equal(healthy, false);
    assert.deepEqual(Object.keys(findings[0] ?? {}), ["check", "severity", "what", "mend"]);
    assert.deepEqual(Object.keys(findings[1] ?? {}), ["check", "severity", "what"]);
  });
});

test("renderBundle holds what a bug report needs, and neither names nor secrets", async () => {
  await withHome(async ({ claude, home, put, setting }) => {
    await put(
      claude,
      entry("/gone/clawhammer", ["serve", "--web-header=a.example X-Door: sesame-1"], {
        env: { API_KEY: "hunter2", MAIL: "ada@example.org", PIN: "4711-0815", CLAWHAMMER_LOG_LEVEL: "warn" },
      }),
    );
    const config = join(home, ".config", "clawhammer", "clawhammer.json");
    await put(
      config,
      `{\n  "allow": ["${home}/Documents"], // password=hunter3\n` +
        `"webHeader": ["b.example X-Door: sesame-2"]}`,
    );
    await put(
      logPath(join(home, ".local", "state", "clawhammer")),
      `2026-01-01T00:00:00.000Z info 1 on ${hostname()}\n`,
    );
    const body = { jsonrpc: "2.0", id: 7, method: "tools/call", params: { content: "dear diary" } };
    await put(
      join(dirname(claude), "logs", "mcp-server-clawhammer.log"),
      `2026-01-01T00:00:00.000Z [clawhammer] [info] Message from client: ${JSON.stringify(body)}\n`,
    );
    const it = await setting();
    const text = await renderBundle(await examine(it, [folders]), it);
    for (
      const part of [
        "== Findings",
        "== Entries of clients",
        '"~/Documents" is there',
        "== Log",
        '"warn"',
        "[tools/call, id 7,",
      ]
    ) {
      assert.ok(text.includes(part), part);
    }
    for (
      const secret of [home, "hunter2", "hunter3", "ada@example.org", "4711-0815", "dear diary", "sesame"]
    ) {
      assert.ok(!text.includes(secret), secret);
    }
    if (hostname().length > 2) assert.ok(!text.includes(` on ${hostname()}`));
  });
});

test("within gives up on what never answers; runProgram knows missing from failing", async () => {
  assert.equal(await within(10, new Promise(() => {})), undefined);
  assert.equal(await within(10_000, Promise.resolve(1)), 1);
  assert.equal(await runProgram("/no/such/program", []), undefined);
  if (process.platform === "win32") return;
  const ran = await runProgram("/bin/sh", ["-c", "echo out; echo err >&2; exit 3"]);
  assert.deepEqual(ran, { status: 3, stdout: "out\n", stderr: "err\n" });
});

test("shellWord quotes what a shell would take apart", () => {
  const linux = { platform: "linux" };
  assert.equal(shellWord("/home/ada/x.y", linux), "/home/ada/x.y");
  assert.equal(shellWord("/a b/it's", linux), `'/a b/it'\\''s'`);
  assert.equal(shellWord("a\\b", linux), "'a\\b'");
  assert.equal(shellWord("C:\\a\\b", { platform: "win32" }), "C:\\a\\b");
  assert.equal(shellWord("C:\\a b", { platform: "win32" }), '"C:\\a b"');
});
