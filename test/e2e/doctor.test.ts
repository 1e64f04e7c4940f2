import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { run } from "../rig/run.ts";
import { targets, withPlace, withServer } from "../client.ts";

for (const { name, command, args } of targets()) {
  test(`${name}: doctor exits with 0 when all is well, else with 1 and the remedy`, async () => {
    await withPlace(async ({ dir, env }) => {
      const home = env.HOME ?? assert.fail();
      const claude = join(home, ".config", "Claude", "claude_desktop_config.json");
      const entry = { command, args: [...args, "serve", "--allow", dir] };
      await mkdir(dirname(claude), { recursive: true });
      await writeFile(claude, JSON.stringify({ mcpServers: { clawhammer: entry } }));
      const well = await run(command, [...args, "doctor", "--json"], { env });
      const report = JSON.parse(well.out);
      assert.deepEqual([well.code, report.healthy], [0, true], well.out);
      const offered = report.findings.find((one: { check: string }) => one.check === "clients");
      assert.match(offered.what, /starts in \d+ ms and offers \d+ tools/);

      await writeFile(
        claude,
        JSON.stringify({ mcpServers: { clawhammer: { ...entry, command: "/gone/clawhammer" } } }),
      );
      const file = join(home, "report.txt");
      const ill = await run(command, [...args, "doctor", "--bundle", file], { env });
      assert.equal(ill.code, 1, ill.err);
      assert.match(
        ill.out,
        /ERROR +Claude Desktop: "clawhammer" does not start: .*\n +→ .* install claude-desktop\n/,
      );
      const text = await readFile(file, "utf8");
      assert.match(text, /== Findings/);
      assert.ok(!text.includes(home));
      const again = await run(command, [...args, "doctor", "--bundle", file], { env });
      assert.match(again.err, /Cannot write .*report\.txt/);

      const config = join(home, "wrong.json");
      await writeFile(config, '{ "webHeader": ["https://example.com X-Key: hushhush"], }}');
      const other = join(home, "other.txt");
      const wrong = { ...env, CLAWHAMMER_CONFIG: config };
      const faulty = await run(command, [...args, "doctor", "--bundle", other], { env: wrong });
      assert.equal(faulty.code, 1, faulty.err);
      const shared = await readFile(other, "utf8");
      assert.match(shared, /== Configuration .*wrong\.json\n\n\(left out: the configuration has faults/);
      assert.ok(!shared.includes("hushhush"));
    });
  });

  test(`${name}: logs shows calls with tool, duration, size and outcome, not arguments`, async () => {
    await withPlace(async ({ dir, env }) => {
      const zone = "Europe/Zurich";
      await withServer({ name, command, args }, ["--allow", dir], { env }, async (server) => {
        await server.initialize();
        await server.ask(1, "tools/call", { name: "get_time", arguments: { zone } });
        await server.ask(2, "tools/call", { name: "read_file", arguments: { path: join(dir, "gone.txt") } });
        server.end();
        await server.exited;
      });
      const shown = await run(command, [...args, "logs"], { env });
      assert.equal(shown.code, 0, shown.err);
      assert.match(shown.out, / info \d+ call get_time [\d.]+ ms \d+ characters ok\n/);
      assert.match(shown.out, / info \d+ call read_file [\d.]+ ms \d+ characters refused\n/);
      assert.ok(!shown.out.includes(zone));
      const last = await run(command, [...args, "logs", "--limit", "1", "--level", "info"], { env });
      assert.equal(last.out.trimEnd().split("\n").length, 1);
      assert.match(last.err, /older lines are not shown/);
      const wrong = await run(command, [...args, "logs", "--level", "loud"], { env });
      assert.deepEqual([wrong.code, wrong.err.split("\n")[0]], [2, 'clawhammer: --level is "loud"']);
      const none = await run(command, [...args, "logs", "--level", "error"], { env });
      assert.match(none.err, /nothing is logged at level error or above/);
    });
  });

  test(`${name}: logs --follow shows new lines as they are written`, async () => {
    await withPlace(async ({ env }) => {
      const folder = join(env.HOME ?? assert.fail(), ".local", "state", "clawhammer");
      const line = (message: string) => `2026-11-22T12:00:00.000Z info 7 ${message}\n`;
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "clawhammer.log"), line("old"));
      const child = spawn(command, [...args, "logs", "--follow"], {
        cwd: "/",
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      try {
        let shown = "";
        for await (const chunk of child.stdout) {
          const before = shown;
          shown += chunk;
          if (before === "" && shown !== "") await appendFile(join(folder, "clawhammer.log"), line("new"));
          if (shown === line("old") + line("new")) break;
        }
        assert.equal(shown, line("old") + line("new"));
      } finally {
        child.kill("SIGKILL");
      }
    });
  });
}
