import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { INITIALIZE, targets, withPlace, withServer } from "../client.ts";

for (const target of targets()) {
  test(`${target.name}: ripgrep searches, and obeys nothing outside`, async () => {
    await withPlace(async ({ dir, env }) => {
      const allowed = join(dir, "allowed");
      await mkdir(join(dir, "outside"), { recursive: true });
      await mkdir(allowed);
      await writeFile(join(dir, "outside/rules"), "hidden.txt\n");
      await writeFile(join(allowed, "hidden.txt"), "needle\n");
      await symlink(join(dir, "outside/rules"), join(allowed, ".gitignore"));
      await withServer(target, ["--allow", allowed], { env }, async (server) => {
        await server.ask("init", "initialize", INITIALIZE);
        server.send({ jsonrpc: "2.0", method: "notifications/initialized" });
        for (
          const [name, args] of [
            ["search_text", { pattern: "needle" }],
            ["search_text", { pattern: "needle", path: "hidden.txt" }],
            ["find_files", { pattern: "hidden*" }],
          ] as const
        ) {
          // The second time a thread of its own is there already.
          for (const time of [1, 2]) {
            const params = { name, arguments: args };
            const { result } = await server.ask(`${JSON.stringify(params)} ${time}`, "tools/call", params);
            const text = String(result?.content?.[0]?.text);
            assert.match(text, /^1 (matching line in 1 file|result) /, text);
            assert.doesNotMatch(JSON.stringify(result), /slower built-in/, "ripgrep could not be confined");
          }
        }
        assert.doesNotMatch(server.stderr, /ripgrep/i);
      });
    });
  });
}
