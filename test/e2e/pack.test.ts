import assert from "node:assert/strict";
import { getMcpConfigForManifest, MANIFEST_SCHEMAS, unpackExtension } from "@anthropic-ai/mcpb";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { CLIENTS, compiled, withClient } from "../client.ts";

interface Answer {
  readonly isError?: boolean;
  readonly content: { readonly text: string }[];
}

for (const target of compiled()) {
  test("an unpacked bundle of the executable itself starts as its manifest says, and works", async () => {
    const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-bundle-")));
    try {
      const [mine, theirs] = [join(base, "mine"), join(base, "with space")];
      for (const folder of [mine, theirs]) {
        await mkdir(folder);
        await writeFile(join(folder, "a.txt"), "found\n");
      }
      const out = join(base, "out.mcpb");
      await promisify(execFile)(target.command, ["pack", "-o", out, "--modules", "files"], {
        env: { HOME: base },
      });
      const folder = join(base, "unpacked");
      assert.equal(await unpackExtension({ mcpbPath: out, outputDir: folder, silent: true }), true);
      const text = await readFile(join(folder, "manifest.json"), "utf8");
      const config = await getMcpConfigForManifest({
        manifest: MANIFEST_SCHEMAS["0.3"].parse(JSON.parse(text)),
        extensionPath: folder,
        systemDirs: {},
        userConfig: { folders: [mine], read_folders: [theirs] },
        pathSeparator: "/",
      });
      const launched = { name: "bundle", command: config?.command ?? "", args: config?.args ?? [] };
      for (const kind of CLIENTS) {
        await withClient(kind, launched, [], { env: { HOME: base } }, async (client) => {
          const { tools } = await client.listTools();
          const listed: { name: string }[] = JSON.parse(text).tools;
          assert.deepEqual(tools.map(({ name }) => name), listed.map(({ name }) => name));
          const call = async (name: string, path: string, more = {}) =>
            await client.callTool({ name, arguments: { path, ...more } }) as Answer;
          assert.match((await call("read_file", join(theirs, "a.txt"))).content[0]?.text ?? "", /found/);
          assert.equal(
            (await call("write_file", join(mine, kind), { content: "x" })).isError ?? false,
            false,
          );
          const refused = await call("write_file", join(theirs, "b.txt"), { content: "x" });
          assert.equal(refused.isError, true);
          assert.match(refused.content[0]?.text ?? "", /read-only|reading only|only be read/);
        });
      }
    } finally {
      await rm(base, { recursive: true, force: true });
    }
  });
}
