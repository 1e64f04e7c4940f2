import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { INITIALIZE, mainTarget, type Running, targets, withPlace, withServer } from "../client.ts";

/** Waits until the server has asked for the roots this many times, and answers. */
async function tell(server: Running, roots: readonly string[], times: number): Promise<void> {
  const questions = () => server.messages.filter((message) => message.method === "roots/list");
  await server.message(() => questions().length === times, `question ${times} for the roots`);
  const result = { roots: roots.map((path) => ({ uri: pathToFileURL(path).href })) };
  server.send({ jsonrpc: "2.0", id: questions().at(-1)?.id, result });
}

async function reads(server: Running, id: string, path: string): Promise<boolean> {
  const { result } = await server.ask(id, "tools/call", { name: "read_file", arguments: { path } });
  return (result as { isError?: boolean }).isError !== true;
}

for (const target of targets()) {
  test(`${target.name}: roots of the client narrow the allowed folders and never widen them`, async () => {
    await withPlace(async ({ dir, env }) => {
      for (const name of ["allowed/in", "allowed/beside", "foreign"]) {
        await mkdir(join(dir, name), { recursive: true });
      }
      const file = (name: string) => join(dir, name, "f.txt");
      for (const name of ["allowed/in", "allowed/beside", "foreign"]) await writeFile(file(name), name);
      await withServer(target, ["--allow", join(dir, "allowed")], { env }, async (server) => {
        await server.ask("init", "initialize", {
          ...INITIALIZE,
          capabilities: { roots: { listChanged: true } },
        });
        server.send({ jsonrpc: "2.0", method: "notifications/initialized" });
        await tell(server, [join(dir, "allowed/in"), join(dir, "foreign")], 1);
        assert.equal(await reads(server, "a", file("allowed/in")), true);
        assert.equal(await reads(server, "b", file("allowed/beside")), false);
        assert.equal(await reads(server, "c", file("foreign")), false);
        server.send({ jsonrpc: "2.0", method: "notifications/roots/list_changed" });
        await tell(server, [], 2);
        assert.equal(await reads(server, "d", file("allowed/beside")), true);
        assert.equal(await reads(server, "e", file("foreign")), false);
      });
    });
  });

  test(`${target.name}: --ignore-roots keeps the allowed folders and does not ask`, async () => {
    await withPlace(async ({ dir, env }) => {
      await writeFile(join(dir, "f.txt"), "f");
      await withServer(target, ["--allow", dir, "--ignore-roots"], { env }, async (server) => {
        await server.ask("init", "initialize", { ...INITIALIZE, capabilities: { roots: {} } });
        server.send({ jsonrpc: "2.0", method: "notifications/initialized" });
        assert.equal(await reads(server, "a", join(dir, "f.txt")), true);
        assert.equal(server.messages.some((message) => message.method === "roots/list"), false);
      });
    });
  });
}

test("a client that never tells its roots holds calls up only for a moment", async () => {
  await withPlace(async ({ dir, env }) => {
    await writeFile(join(dir, "f.txt"), "f");
    await withServer(mainTarget(), ["--allow", dir], { env }, async (server) => {
      await server.ask("init", "initialize", { ...INITIALIZE, capabilities: { roots: {} } });
      server.send({ jsonrpc: "2.0", method: "notifications/initialized" });
      assert.equal(await reads(server, "a", join(dir, "f.txt")), true);
    });
  });
});
