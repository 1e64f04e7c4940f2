import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { withSandbox } from "../support.ts";

test("a secret stays unread while another program replaces it over and over", async () => {
  await withSandbox([], async ({ files, dir }) => {
    const path = join(dir, ".env");
    await writeFile(path, "KEY=1");
    const script = fileURLToPath(new URL("../rig/replacer.ts", import.meta.url));
    const run = "Deno" in globalThis ? ["run", "-A", "--no-check", script] : [script];
    const child = spawn(process.execPath, [...run, path, "30000"], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    try {
      await once(child.stdout, "data");
      let shown = 0;
      for (const until = performance.now() + 700; performance.now() < until;) {
        await files.withFile(path, () => Promise.resolve(shown++)).catch(() => {});
      }
      assert.equal(shown, 0);
    } finally {
      child.kill("SIGKILL");
      await ended;
    }
  });
});
