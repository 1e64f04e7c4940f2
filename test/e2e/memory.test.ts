import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { placesOf } from "../../lib/clients/places.ts";
import { findClient } from "../../lib/clients/table.ts";
import {
  type AnyClient,
  mainTarget,
  type Running,
  type Target,
  withClient,
  withPlace,
  withServer,
} from "../client.ts";
import { type Outcome, run as runProgram } from "../rig/run.ts";

/** The text of a tool's answer. */
function answer(
  message: { readonly result?: { readonly content?: readonly { readonly text?: string }[] } },
): string {
  return message.result?.content?.map((part) => part.text ?? "").join("\n") ?? "";
}

/** Asks a server to remember, one request a fact, all at once. */
function tell(server: Running, name: string, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const observations = [{ entity: "shared", texts: [`${name} ${i}`] }];
    server.request(`${name} ${i}`, "tools/call", { name: "remember", arguments: { observations } });
  }
}

/** Everything that is remembered, as the resource of a fresh server. */
async function graphOf(target: Target, env: Record<string, string>): Promise<Map<string, readonly string[]>> {
  return await withServer(target, ["serve"], { env }, async (server) => {
    await server.initialize();
    const { result } = await server.ask("graph", "resources/read", { uri: "memory://graph" });
    const { entities } = JSON.parse(result.contents[0].text);
    return new Map(
      entities.map((one: { name: string; observations: string[] }) => [one.name, one.observations]),
    );
  });
}

function run(target: Target, env: Record<string, string>, ...args: string[]): Promise<Outcome> {
  return runProgram(target.command, [...target.args, ...args], { env });
}

test("two servers remember at once and one is killed: nothing that was acknowledged is lost", async () => {
  const target = mainTarget();
  await withPlace(async ({ env }) => {
    const acknowledged = await withServer(target, ["serve"], { env }, async (one) => {
      return await withServer(target, ["serve"], { env }, async (two) => {
        await Promise.all([one.initialize(), two.initialize()]);
        tell(one, "one", 0, 60);
        tell(two, "two", 0, 60);
        await two.reply("two 20");
        two.child.kill("SIGKILL");
        await two.exited;
        await Promise.all(Array.from({ length: 60 }, (_, i) => one.reply(`one ${i}`)));
        return [...one.messages, ...two.messages].filter((message) =>
          /^(one|two) \d+$/.test(String(message.id))
        );
      });
    });
    assert.ok(acknowledged.length > 80, target.name);
    for (const message of acknowledged) assert.match(answer(message), /^Remembered: /, target.name);
    const shared = new Set((await graphOf(target, env)).get("shared"));
    const lost = acknowledged.filter(({ id }) => !shared.has(String(id)));
    assert.deepEqual(lost, [], target.name);
  });
});

test("what one conversation remembers, the next recalls, through an official client", async () => {
  const target = mainTarget();
  await withPlace(async ({ env }) => {
    const call = async (client: AnyClient, name: string, args: Record<string, unknown>) => {
      const result = await client.callTool({ name, arguments: args });
      return answer({ result: { content: result.content as { text?: string }[] } });
    };
    await withClient("1.x", target, ["serve"], { env }, async (client) => {
      const entities = [{ name: "Ada", type: "person", observations: ["prefers short answers"] }];
      assert.match(await call(client, "remember", { entities }), /^Remembered: 1 entity, 1 observation/);
    });
    await withClient("2.x modern", target, ["serve"], { env }, async (client) => {
      assert.match(
        await call(client, "recall", { query: "answer" }),
        /Ada \(person\)[^]*prefers short answers/,
      );
      const ref = { type: "ref/prompt" as const, name: "what_do_you_remember" };
      const { completion } = await client.complete({ ref, argument: { name: "topic", value: "a" } });
      assert.deepEqual(completion.values, ["Ada"]);
      assert.match(await call(client, "forget", { entities: ["ada"] }), /^Forgotten for good: 1 entity/);
    });
    await withClient("1.x", target, ["serve", "--read-only"], { env }, async (client) => {
      const { tools } = await client.listTools();
      const names = tools.map(({ name }) => name).filter((name) => /^(remember|recall|forget)$/.test(name));
      assert.deepEqual(names, ["recall"]);
      assert.match(await call(client, "recall", { query: "answer" }), /Nothing is remembered yet/);
    });
  });
});

test("install replaces the official memory server, and its memories are there for Claude", async () => {
  const target = mainTarget();
  await withPlace(async ({ dir, env: { HOME = "", DENO_DIR = "" } }) => {
    const env = { HOME, USERPROFILE: HOME, DENO_DIR, PATH: "/usr/bin:/bin" };
    const host = { platform: process.platform, env, home: HOME, cwd: HOME };
    const config = placesOf(findClient("claude"), host)[0]?.path ?? assert.fail("no place");
    const file = join(dir, "memory.jsonl");
    const lines =
      '{"type":"entity","name":"Ada","entityType":"person","observations":["likes tea"]}\n{"type":';
    await writeFile(file, lines);
    const args = ["-y", "@modelcontextprotocol/server-memory"];
    const mem = { command: "npx", args, env: { MEMORY_FILE_PATH: file } };
    const before = JSON.stringify({ mcpServers: { mem } });
    await mkdir(dirname(config), { recursive: true });
    await writeFile(config, before);
    const dry = await run(target, env, "install", "--migrate", "--dry-run");
    assert.match(dry.out, /Imports 1 entity, 1 observation, 0 relations from ".*memory\.jsonl"/, dry.err);
    assert.match(dry.out, /1 fault in it.*line 2 \(it is no JSON\)/);
    assert.equal(await readFile(config, "utf8"), before);
    const done = await run(target, env, "install", "--migrate");
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, /imported 1 entity, 1 observation, 0 relations into ".*memory"/);
    assert.deepEqual(Object.keys(JSON.parse(await readFile(config, "utf8")).mcpServers), ["clawhammer"]);
    assert.deepEqual((await graphOf(target, env)).get("Ada"), ["likes tea"]);
    assert.equal((await run(target, env, "uninstall")).code, 0);
    assert.equal(await readFile(config, "utf8"), before);
    assert.equal(await readFile(file, "utf8"), lines);
    assert.match((await run(target, env, "call", "recall")).out, /likes tea/);
    assert.match(
      (await run(target, env, "doctor")).out,
      /The memory holds 1 entity \(.*\) and is in order/,
    );
  });
});
