import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import assert from "node:assert/strict";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  INITIALIZE,
  mainTarget,
  type Message,
  type Running,
  type Target,
  withClient,
  withPlace,
  withServer,
} from "../client.ts";
import { HOSTILE, putTools, toolSource } from "../rig/usertools.ts";

/** A server with a folder of tools in its usual place, initialized. */
async function withTools(
  target: Target,
  work: (
    place: { server: Running; tools: string; dir: string; env: Record<string, string> },
  ) => Promise<void>,
  files: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<void> {
  await withPlace(async ({ dir, env }) => {
    const tools = join(env.HOME ?? "", ".config", "clawhammer", "tools");
    await mkdir(tools, { recursive: true, mode: 0o700 });
    await putTools(tools, files);
    await withServer(target, ["--allow", dir, ...args], { env }, async (server) => {
      await server.initialize();
      await work({ server, tools, dir, env });
    });
  });
}

async function call(server: Running, id: string, name: string, args: object = {}): Promise<Message> {
  return await server.ask(id, "tools/call", { name, arguments: args });
}

function textOf({ result, error }: Message): string {
  return error === undefined ? (result.content[0]?.text ?? "") : error.message;
}

/** Waits until a process is gone; one that only waits to be collected counts as gone. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    const state = /\) (\w)/.exec(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""))?.[1];
    if (state === undefined || state === "Z") return;
    await sleep(20);
  }
}

test("every hostile tool costs only its own call", async () => {
  const target = mainTarget();
  await withPlace(async ({ dir }) => {
    const note = join(dir, "pids");
    await writeFile(note, "");
    const files = Object.entries(HOSTILE).map(([name, text]) => [`${name}.ts`, text.replace("NOTE", note)]);
    await withTools(target, async ({ server }) => {
      const list = await server.ask("list", "tools/list");
      const listed = list.result.tools.map((tool: { name: string }) => tool.name);
      for (const name of [...Object.keys(HOSTILE), "fine"]) assert.ok(listed.includes(name), name);
      for (const name of Object.keys(HOSTILE)) {
        const [hostile, fine, own] = await Promise.all([
          call(server, `bad ${name}`, name),
          call(server, `fine ${name}`, "fine"),
          call(server, `own ${name}`, "get_time"),
        ]);
        assert.equal(textOf(fine), "fine", `${target.name}: ${name} disturbs another tool`);
        assert.match(textOf(own), /20\d\d/, `${target.name}: ${name} disturbs the server`);
        assert.notEqual(hostile.result, undefined, name);
        if (/^(exits|aborts|loops|deaf|forks|huge|cyclic|throws_nothing)$/.test(name)) {
          assert.ok(hostile.result.isError, `${name} succeeded: ${textOf(hostile)}`);
        }
        assert.doesNotMatch(textOf(hostile), /failed inside Clawhammer/, name);
      }
      // Whoever spoiled its process gets a new one.
      for (const name of ["prints", "late", "loops_late", "patches"]) {
        assert.ok(textOf(await call(server, `again ${name}`, name)).length > 3, name);
      }
      // Each request got one reply, and standard output carried nothing else.
      const ids = server.messages.filter((one) => one.id !== undefined).map((one) => one.id);
      assert.equal(new Set(ids).size, ids.length);
      const pids = (await readFile(note, "utf8")).trim().split("\n").map(Number);
      assert.equal(pids.length, 2);
      for (const pid of pids) await gone(pid);
    }, { ...Object.fromEntries(files), "fine.ts": toolSource("fine", "return 'fine';") });
  });
});

test("a tool that leaks or loops is ended, and nothing of it survives a server that is killed", async () => {
  const spin = `
    const { appendFileSync } = await import("node:fs");
    appendFileSync(args.note, process.pid + "\\n");
    for (;;);`;
  const leak = "const kept = []; for (;;) kept.push(new Uint8Array(8_000_000).fill(1));";
  const target = mainTarget();
  await withTools(target, async ({ server, dir }) => {
    if (process.platform === "linux") {
      assert.match(textOf(await call(server, "leak", "leaks")), /of memory, more than it may/);
    }
    const note = join(dir, "pid");
    server.request("spin", "tools/call", { name: "spins", arguments: { note } });
    let pid = 0;
    while (pid === 0) {
      await sleep(20);
      pid = Number(await readFile(note, "utf8").catch(() => "0"));
    }
    server.child.kill("SIGKILL");
    await gone(pid);
  }, {
    "leaks.ts": toolSource("leaks", leak),
    "spins.ts": toolSource("spins", spin, "input: { note: z.string() },"),
  });
});

test("a file is announced, found and called while the conversation goes on", async () => {
  const target = mainTarget();
  await withTools(target, async ({ server, tools }) => {
    const before = await server.ask("before", "tools/list");
    assert.ok(!JSON.stringify(before).includes("fresh"));
    await putTools(tools, { "fresh.ts": toolSource("fresh", "return 'one';") });
    await server.message((one) => one.method === "notifications/tools/list_changed", "a change");
    assert.ok(JSON.stringify(await server.ask("after", "tools/list")).includes('"fresh"'));
    assert.match(
      textOf(await call(server, "find", "find_user_tools")),
      /- fresh \(read\): A tool of a test/,
    );
    assert.equal(textOf(await call(server, "1", "call_user_tool", { name: "fresh" })), "one");
    await putTools(tools, { "fresh.ts": toolSource("fresh", "return 'two';") });
    assert.equal(textOf(await call(server, "2", "call_user_tool", { name: "fresh" })), "two");
    await putTools(tools, { "fresh.ts": "broken (" });
    assert.equal(textOf(await call(server, "3", "fresh")), "two");
    assert.match(
      textOf(await call(server, "errors", "find_user_tools")),
      /Error: fresh\.ts:1: .*still served/,
    );
    await rm(join(tools, "fresh.ts"));
    assert.match(
      textOf(await call(server, "4", "call_user_tool", { name: "fresh" })),
      /no user tool "fresh"/,
    );
    assert.match(textOf(await call(server, "5", "fresh")), /Unknown tool "fresh"/);
  });
});

test("a tool that is replaced while it is called answers every call with one of its versions", async () => {
  const version = (n: number) =>
    toolSource("busy", `await new Promise((r) => setTimeout(r, 5)); return "v${n}";`);
  const target = mainTarget();
  await withTools(target, async ({ server, tools }) => {
    let written = 0;
    const answers: Promise<Message>[] = [];
    for (let n = 1; n <= 8; n++) {
      // As editors save: a new file takes the place of the old one.
      await putTools(tools, { "_next.txt": version(n) });
      await rename(join(tools, "_next.txt"), join(tools, "busy.ts"));
      written = n;
      for (let i = 0; i < 10; i++) answers.push(call(server, `${n}.${i}`, "busy"));
      await sleep(30);
    }
    for (const answer of await Promise.all(answers)) assert.match(textOf(answer), /^v\d$/);
    assert.equal(textOf(await call(server, "last", "busy")), `v${written}`);
  }, { "busy.ts": version(0) });
});

test("a folder of 500 files is listed and called, and loaded only once", async () => {
  const target = mainTarget();
  await withPlace(async ({ dir }) => {
    const note = join(dir, "loads");
    const head = `import { appendFileSync } from "node:fs";\nappendFileSync(${JSON.stringify(note)}, ".");\n`;
    const files = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`t${i}.ts`, head + toolSource(`tool_${i}`, `return "${i}";`)]),
    );
    await withTools(target, async ({ server, env, dir: allowed }) => {
      const all = await call(server, "find", "find_user_tools", { query: "tool_499" });
      assert.match(textOf(all), /- tool_499 \(read\)/);
      const { result } = await server.ask("list", "tools/list");
      const own = result.tools.filter((tool: { name: string }) => tool.name.startsWith("tool_"));
      assert.equal(own.length, 100);
      assert.equal(textOf(await call(server, "call", "tool_321")), "321");
      await withServer(target, ["--allow", allowed], { env }, async (second) => {
        const loads = (await readFile(note, "utf8")).length;
        await second.initialize();
        const again = await second.ask("list", "tools/list");
        assert.equal(again.result.tools.length, result.tools.length);
        assert.equal((await readFile(note, "utf8")).length, loads);
        assert.equal(textOf(await call(second, "call", "tool_77")), "77");
      });
    }, files);
  });
});

test("without a folder of tools nothing of them is offered, and no tool writes into one", async () => {
  const target = mainTarget();
  await withPlace(async ({ dir, env }) => {
    await withServer(target, ["--allow", dir], { env }, async (server) => {
      await server.initialize();
      assert.ok(!JSON.stringify(await server.ask("list", "tools/list")).includes("user_tool"));
    });
    const tools = join(dir, "tools");
    await mkdir(tools, { mode: 0o700 });
    await withServer(target, ["--allow", dir, "--tools-dir", tools], { env }, async (server) => {
      const { result } = await server.initialize();
      assert.deepEqual(result.capabilities.tools, { listChanged: true });
      const path = join(tools, "evil.ts");
      const written = await call(server, "write", "write_file", { path, content: toolSource("evil", "") });
      assert.ok(written.result.isError);
      await assert.rejects(readFile(path), /ENOENT/);
    });
  });
});

test("official clients list and call a user tool, with a structured result", async () => {
  const shaped = toolSource("shaped", "return { n: 5 };", "output: { n: z.number() },");
  const target = mainTarget();
  for (const kind of ["1.x", "2.x legacy", "2.x modern"] as const) {
    await withPlace(async ({ dir, env }) => {
      const tools = join(dir, "tools");
      await mkdir(tools, { mode: 0o700 });
      await putTools(tools, { "shaped.ts": shaped });
      await withClient(kind, target, ["--tools-dir", tools], { env }, async (client) => {
        const listed = await client.listTools();
        assert.ok(listed.tools.some((tool) => tool.name === "shaped" && tool.outputSchema !== undefined));
        const result = await client.callTool({ name: "shaped", arguments: {} });
        assert.deepEqual(result.structuredContent, { n: 5 });
      });
    });
  }
});

test("a folder of tools that is made while the server runs is noticed, and its client told", async () => {
  const target = mainTarget();
  await withPlace(async ({ dir, env }) => {
    await withServer(target, ["--allow", dir], { env }, async (server) => {
      const { result } = await server.ask("init", "initialize", INITIALIZE);
      assert.deepEqual(result.capabilities.tools, { listChanged: true });
      server.send({ jsonrpc: "2.0", method: "notifications/initialized" });
      const names = async (id: string) => {
        const list = await server.ask(id, "tools/list");
        return list.result.tools.map((tool: { name: string }) => tool.name);
      };
      const before = await names("before");
      assert.ok(!before.includes("find_user_tools"));
      assert.match(textOf(await call(server, "unknown", "find_user_tools")), /^Unknown tool/);
      const config = join(env.HOME ?? "", ".config", "clawhammer");
      // It appears as a whole, as when somebody moves it there.
      await mkdir(join(config, "new"), { recursive: true, mode: 0o700 });
      await putTools(join(config, "new"), { "fine.ts": toolSource("fine", "return 'fine';") });
      await rename(join(config, "new"), join(config, "tools"));
      await server.message((one) => one.method === "notifications/tools/list_changed", "news of the tools");
      const after = await names("after");
      assert.deepEqual(after, [...before, "call_user_tool", "find_user_tools", "fine"].sort());
      assert.equal(textOf(await call(server, "own", "fine")), "fine");
      assert.match(textOf(await call(server, "find", "find_user_tools")), /- fine \(read\)/);
    });
    // Who asks first need not wait for the news.
    await rm(join(env.HOME ?? "", ".config"), { recursive: true });
    await withServer(target, ["--allow", dir], { env }, async (server) => {
      await server.initialize();
      const tools = join(env.HOME ?? "", ".config", "clawhammer", "tools");
      await mkdir(tools, { recursive: true, mode: 0o700 });
      await putTools(tools, { "fine.ts": toolSource("fine", "return 'fine';") });
      assert.equal(textOf(await call(server, "1", "call_user_tool", { name: "fine" })), "fine");
    });
  });
});

test("a tool asks the person and the model through the client, where it can", async () => {
  const asks = toolSource(
    "asks",
    `if (ctx.elicit === undefined || ctx.sample === undefined) return "cannot ask";
    const { action, content } = await ctx.elicit("Which city?", { city: z.string().describe("City") });
    return action + " " + content?.city + " " + await ctx.sample("Write a line");`,
  );
  const target = mainTarget();
  await withTools(target, async ({ server }) => {
    assert.equal(textOf(await call(server, "1", "asks")), "cannot ask");
  }, { "asks.ts": asks });
  await withPlace(async ({ dir, env }) => {
    await mkdir(join(dir, "own"), { mode: 0o700 });
    await putTools(join(dir, "own"), { "asks.ts": asks });
    await withServer(target, ["--tools-dir", join(dir, "own")], { env }, async (server) => {
      const capabilities = { elicitation: {}, sampling: {} };
      await server.ask("init", "initialize", { ...INITIALIZE, capabilities });
      server.send({ jsonrpc: "2.0", method: "notifications/initialized" });
      server.request("call", "tools/call", { name: "asks", arguments: {} });
      const form = await server.message((one) => one.method === "elicitation/create", "a form");
      assert.equal(form.params?.message, "Which city?");
      assert.match(JSON.stringify(form.params?.requestedSchema), /"city":.*"City"/);
      const filled = { action: "accept", content: { city: "Oslo" } };
      server.send({ jsonrpc: "2.0", id: form.id, result: filled });
      const wish = await server.message((one) => one.method === "sampling/createMessage", "a wish");
      const result = { role: "assistant", model: "m", content: { type: "text", text: "A line" } };
      server.send({ jsonrpc: "2.0", id: wish.id, result });
      assert.equal(textOf(await server.reply("call")), "accept Oslo A line");
    });
    // The same through the official client of 2026-07-28, which is asked by results.
    const client = new Client({ name: "test", version: "1.0.0" }, {
      versionNegotiation: { mode: { pin: "2026-07-28" } },
      capabilities: { elicitation: {}, sampling: {} },
    });
    client.setRequestHandler("elicitation/create", ({ params }) => {
      assert.equal(params.message, "Which city?");
      return { action: "accept" as const, content: { city: "Oslo" } };
    });
    client.setRequestHandler("sampling/createMessage", () => {
      return { role: "assistant" as const, model: "m", content: { type: "text" as const, text: "A line" } };
    });
    const args = [...target.args, "--tools-dir", join(dir, "own")];
    await client.connect(
      new StdioClientTransport({ command: target.command, args, cwd: "/", env, stderr: "ignore" }),
    );
    try {
      const { content } = await client.callTool({ name: "asks", arguments: {} });
      assert.deepEqual(content, [{ type: "text", text: "accept Oslo A line" }]);
    } finally {
      await client.close();
    }
  });
});
