import { test } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  envelope,
  INITIALIZE,
  type Message,
  type Running,
  sourceTarget,
  targets,
  withPlace,
  withServer,
} from "../client.ts";
import { call } from "../rig/lines.ts";
import {
  closeOutput,
  expectEndWithParent,
  gone,
  notedPid,
  notedText,
  sendSignal,
  withTarget,
} from "../rig/processes.ts";

const RIG = sourceTarget("test/rig/server.ts", "rig");

/** Ends the input and expects the orderly end of a server. */
async function expectOrderlyEnd(server: Running): Promise<void> {
  server.end();
  assert.deepEqual(await server.exited, { code: 0, signal: null }, server.stderr);
}

function outcome({ id, error }: Message): [id: string | number | null | undefined, code: number | undefined] {
  return [id, error?.code];
}

for (const target of targets()) {
  test(`${target.name}: a malformed line is -32700, a batch -32600, the next line is served`, async () => {
    await withTarget(target, async (server) => {
      await server.initialize();
      server.send('{"jsonrpc":"2.0","id":1,"method":"tools/li');
      server.send('[{"jsonrpc":"2.0","id":2,"method":"tools/list"}]');
      server.child.stdin?.write(Buffer.from([0x22, 0xc3, 0x28, 0x22, 0x0a]));
      server.send('{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/list"}');
      server.send(
        `{"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"a":${"[".repeat(99)}${"]".repeat(99)}}}`,
      );
      assert.ok((await server.ask("good", "tools/list")).result.tools.length > 0);
      const errors = server.messages.filter((message) => message.error !== undefined);
      assert.deepEqual(errors.map(outcome), [
        [null, -32700],
        [null, -32600],
        [null, -32700],
        [null, -32600],
        [3, -32600],
      ]);
      await expectOrderlyEnd(server);
    });
  });

  test(`${target.name}: CRLF, blank lines and a byte order mark are tolerated`, async () => {
    await withTarget(target, async (server) => {
      server.send(`\uFEFF${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" })}\r`);
      for (const blank of ["", "\r", "  "]) server.send(blank);
      server.request(2, "ping");
      await server.reply(2);
      await server.reply(1);
      assert.equal(server.lines.length, 2);
      await expectOrderlyEnd(server);
    });
  });

  test(`${target.name}: a line of 12 MB is answered with its id, and the next line is served`, async () => {
    await withTarget(target, async (server) => {
      await server.initialize();
      const params = { name: "write_file", arguments: { path: "x", content: "x".repeat(12_000_000) } };
      server.send({ method: "tools/call", params, jsonrpc: "2.0", id: "long" });
      const reply = await server.reply("long");
      assert.equal(reply.error?.code, -32600);
      assert.match(reply.error?.message ?? "", /too long: 12,000,\d+ bytes, the limit is 10,485,760/);
      assert.ok((await server.ask(2, "tools/list")).result.tools.length > 0);
      await expectOrderlyEnd(server);
    });
  });

  test(`${target.name}: a line of 300 MB does not grow the process by more than 150 MB`, async () => {
    await withTarget(target, async (server) => {
      await server.initialize();
      const peak = async () => {
        const status = await readFile(`/proc/${server.child.pid}/status`, "utf8").catch(() => "VmHWM: 0 kB");
        return Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1]) / 1024;
      };
      const before = await peak();
      const chunk = Buffer.alloc(1_000_000, "x");
      for (let n = 0; n < 300; n++) {
        await new Promise((resolve) => server.child.stdin?.write(chunk, resolve));
      }
      server.send("");
      assert.equal((await server.reply(null)).error?.code, -32600);
      const grown = await peak() - before;
      assert.ok(grown < 150, `grew by ${grown} MB`);
      assert.ok((await server.ask(2, "tools/list")).result.tools.length > 0);
    });
  });

  test(`${target.name}: half a line before the end of input is -32700, the end in order`, async () => {
    await withTarget(target, async (server) => {
      server.child.stdin?.write('{"jsonrpc":"2.0","id":1,"meth');
      await expectOrderlyEnd(server);
      assert.deepEqual(server.messages.map(outcome), [[null, -32700]]);
    });
  });

  test(`${target.name}: a last request without a line feed is answered`, async () => {
    await withTarget(target, async (server) => {
      server.child.stdin?.write('{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
      await expectOrderlyEnd(server);
      assert.deepEqual(server.messages.map(outcome), [[1, undefined]]);
    });
  });

  test(`${target.name}: unknown method -32601, unknown tool -32602, unknown version -32022`, async () => {
    await withTarget(target, async (server) => {
      server.request(1, "tools/list", { _meta: envelope("2099-01-01") });
      const claim = await server.reply(1);
      assert.deepEqual(claim.error?.data, { supported: ["2026-07-28"], requested: "2099-01-01" });
      assert.equal(claim.error?.code, -32022);
      await server.initialize();
      assert.equal((await server.ask(2, "no/such/method")).error?.code, -32601);
      const tool = await server.ask(3, "tools/call", { name: "get_tme", arguments: {} });
      assert.equal(tool.error?.code, -32602);
      assert.match(tool.error?.message ?? "", /nearest: .*get_time/);
      const counter = await server.ask(4, "initialize", { ...INITIALIZE, protocolVersion: "1999-01-01" });
      assert.equal(counter.result.protocolVersion, "2025-11-25");
      await expectOrderlyEnd(server);
    });
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${target.name}: ${signal} ends the process with 0`, async () => {
      await withTarget(target, async (server) => {
        await server.initialize();
        sendSignal(server, signal);
        assert.deepEqual(await server.exited, { code: 0, signal: null });
      });
    });
  }

  test(`${target.name}: a closed standard output ends the process`, async () => {
    await withTarget(target, async (server) => {
      await server.initialize();
      assert.deepEqual(await closeOutput(server), { code: 0, signal: null });
    });
  });

  test(`${target.name}: a closed standard error does not stop anything`, async () => {
    await withPlace(({ dir, env }) =>
      withServer(target, ["--allow", dir, "--log-level", "debug"], { env }, async (server) => {
        await server.initialize();
        server.child.stderr?.destroy();
        for (let id = 0; id < 50; id++) {
          assert.ok((await server.ask(id, "tools/call", { name: "get_time", arguments: {} })).result);
          server.send("nonsense");
        }
        await expectOrderlyEnd(server);
      })
    );
  });

  test(`${target.name}: the death of the parent ends the process, though its input stays open`, async () => {
    await expectEndWithParent(target, { method: "ping" }, () => Promise.resolve());
  });
}

test("cancellation: the call stops, nothing is answered, and the server goes on", async () => {
  await withTarget(RIG, async (server, dir) => {
    await server.initialize();
    const note = join(dir, "pid");
    server.request(1, "tools/call", { name: "spawn_child", arguments: { note } });
    const pid = await notedPid(note);
    server.send({
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId: 1, reason: "enough" },
    });
    await gone(pid);
    assert.ok((await server.ask(2, "tools/call", { name: "wait", arguments: { ms: 1 } })).result);
    await expectOrderlyEnd(server);
    assert.ok(!server.messages.some((message) => message.id === 1));
  });
});

test("cancellation: a tool that ignores it is not answered either, nor waited for", async () => {
  await withTarget(RIG, async (server, dir) => {
    await server.initialize();
    const [note, other] = [join(dir, "note"), join(dir, "other")];
    server.request(1, "tools/call", { name: "stubborn", arguments: { ms: 300, note } });
    server.request(2, "tools/call", { name: "stubborn", arguments: { ms: 60_000, note: other } });
    await notedText(note, "start\n");
    await notedText(other, "start\n");
    server.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } });
    server.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 2 } });
    await notedText(note, "start\ndone\n");
    assert.ok((await server.ask(3, "ping")).result);
    await expectOrderlyEnd(server);
    assert.ok(!server.messages.some((message) => message.id === 1 || message.id === 2));
  });
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} ends calls in flight and their child processes`, async () => {
    await withTarget(RIG, async (server, dir) => {
      await server.initialize();
      const note = join(dir, "pid");
      server.request(1, "tools/call", { name: "spawn_child", arguments: { note } });
      const pid = await notedPid(note);
      sendSignal(server, signal);
      assert.deepEqual(await server.exited, { code: 0, signal: null });
      await gone(pid);
    });
  });
}

test("a closed standard output ends calls in flight and their child processes", async () => {
  await withTarget(RIG, async (server, dir) => {
    await server.initialize();
    const note = join(dir, "pid");
    server.request(1, "tools/call", { name: "spawn_child", arguments: { note } });
    const pid = await notedPid(note);
    assert.deepEqual(await closeOutput(server), { code: 0, signal: null });
    await gone(pid);
  });
});

test("the death of the parent ends calls in flight and their child processes", async () => {
  await withPlace(async ({ dir }) => {
    const note = join(dir, "pid");
    const request = { method: "tools/call", params: { name: "spawn_child", arguments: { note } } };
    await expectEndWithParent(RIG, request, () => notedPid(note));
    await gone(await notedPid(note));
  });
});

test("an id in flight cannot be used again; the first request with it is answered", async () => {
  await withTarget(RIG, async (server) => {
    await server.initialize();
    server.request(1, "tools/call", { name: "wait", arguments: { ms: 200 } });
    server.request(1, "tools/call", { name: "wait", arguments: { ms: 1 } });
    server.request(2, "ping");
    await expectOrderlyEnd(server);
    const replies = server.messages.filter((message) => message.id === 1);
    assert.deepEqual(replies.map(outcome), [[1, -32600], [1, undefined]]);
  });
});

test("an error that a call throws after its reply is logged, and the server stays up", async () => {
  await withPlace(({ dir, env }) =>
    withServer(RIG, ["--allow", dir, "--log-level", "debug"], { env }, async (server) => {
      await server.initialize();
      assert.ok((await server.ask(1, "tools/call", { name: "throw_late", arguments: {} })).result);
      assert.ok((await server.ask(2, "tools/call", { name: "wait", arguments: { ms: 100 } })).result);
      assert.match(server.stderr, /late exception/);
      assert.match(server.stderr, /late rejection/);
      await expectOrderlyEnd(server);
    })
  );
});

test("what a library prints does not reach standard output", async () => {
  await withPlace(({ dir, env }) =>
    withServer(RIG, ["--allow", dir, "--log-level", "debug"], { env }, async (server) => {
      await server.initialize();
      assert.ok((await server.ask(1, "tools/call", { name: "print", arguments: {} })).result);
      await expectOrderlyEnd(server);
      assert.equal(server.messages.length, 2);
      assert.match(server.stderr, /stray console\.log/);
      assert.match(server.stderr, /stray write/);
    })
  );
});

test("large replies reach a client that begins to read after the end of input", async () => {
  await withTarget(RIG, async (server) => {
    server.child.stdout?.pause();
    const count = 12;
    for (let id = 0; id < count; id++) {
      server.request(id, "tools/call", { name: "flood", arguments: { bytes: 650_000 } });
    }
    server.end();
    await sleep(500);
    server.child.stdout?.resume();
    assert.deepEqual(await server.exited, { code: 0, signal: null }, server.stderr);
    assert.equal(server.messages.length, count);
    assert.ok(server.messages.every((message) => message.result.content[0].data.length > 866_000));
  });
});

test("input that has ended from the start ends the process in order", async () => {
  const script = 'exec "$0" "$@" < /dev/null';
  const empty = { name: "empty", command: "/bin/sh", args: ["-c", script, RIG.command, ...RIG.args] };
  await withTarget(empty, async (server) => assert.deepEqual(await server.exited, { code: 0, signal: null }));
});

test("input and output may be files", async () => {
  await withPlace(async ({ dir, env }) => {
    await writeFile(join(dir, "in"), `${call(1, "flood", { bytes: 650_000 })}\n`);
    const args = ["-c", 'exec "$0" "$@" < in > out', RIG.command, ...RIG.args];
    await withServer({ name: "files", command: "/bin/sh", args }, [], { env, cwd: dir }, async (server) => {
      assert.deepEqual(await server.exited, { code: 0, signal: null }, server.stderr);
    });
    assert.equal(JSON.parse(await readFile(join(dir, "out"), "utf8")).id, 1);
  });
});
