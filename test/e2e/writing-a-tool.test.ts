import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { compiled, withPlace, withServer } from "../client.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A piece of code in the page: its language, and what stands behind that. */
interface Block {
  readonly language: string;
  readonly name: string;
  readonly text: string;
}

function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)(?: (\S+))?\n([^]*?)^```$/gm)].map((
    [, language = "", name = "", text = ""],
  ) => ({
    language,
    name,
    text,
  }));
}

/** What a shell prints, both ways. */
function shell(script: string, env: Readonly<Record<string, string>>, cwd: string) {
  const child = spawn("/bin/sh", ["-e", "-c", script], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk) => output += chunk);
  child.stderr.on("data", (chunk) => output += chunk);
  return new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** A line of what the page promises; "…" stands for anything. */
function promised(line: string): RegExp {
  const parts = line.trim().split("…").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(parts.join(".*"));
}

// The page speaks of the executable.
for (const target of compiled()) {
  test("docs/writing-a-tool.md: every step does what the page says", async () => {
    // The page speaks of the folders of Linux.
    if (process.platform !== "linux") return;
    const blocks = blocksOf(await readFile(join(ROOT, "docs", "writing-a-tool.md"), "utf8"));
    await withPlace(async ({ dir, env }) => {
      const home = env.HOME ?? "";
      const tools = join(home, ".config", "clawhammer", "tools");
      const bin = join(home, "bin");
      await mkdir(bin);
      await writeFile(join(bin, "clawhammer"), `#!/bin/sh\nexec "${target.command}" "$@"\n`);
      await chmod(join(bin, "clawhammer"), 0o755);
      const thin = { HOME: home, PATH: `${bin}:/usr/bin:/bin` };
      let last = "";
      const ran = { files: 0, sh: 0, text: 0, json: 0 };
      for (const { language, name, text } of blocks) {
        if (name !== "") {
          await writeFile(join(tools, name), text, { mode: 0o600 });
          ran.files++;
          continue;
        }
        if (language === "sh") {
          const { code, output } = await shell(text, thin, dir);
          assert.equal(code, 0, `${text}\n${output}`);
          last = output;
        } else if (language === "text") {
          for (const line of text.trim().split("\n")) assert.match(last, promised(line));
        } else if (language === "json") {
          const { args } = JSON.parse(text).mcpServers.clawhammer;
          await withServer(target, args, { env: thin }, async (server) => {
            await server.initialize();
            const params = { name: "working_days", arguments: { from: "2026-03-01", to: "2026-03-31" } };
            const { result } = await server.ask(1, "tools/call", params);
            assert.equal(result.content[0].text, "22 working days from 2026-03-01 to 2026-03-31");
          });
        } else assert.fail(`The page has a block of ${language}`);
        ran[language]++;
      }
      assert.deepEqual(ran, { files: 4, sh: 8, text: 8, json: 1 });
    });
  });
}
