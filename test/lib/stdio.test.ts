import { test } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import process from "node:process";
import { PassThrough, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import {
  JSON_DEPTH_MAX,
  LINE_BYTES_MAX,
  OUTPUT_BYTES_WAITING_MAX,
  REQUESTS_IN_FLIGHT_MAX,
  REQUESTS_WAITING_MAX,
} from "../../lib/limits.ts";
import { StdioTransport } from "../../lib/transports/stdio/transport.ts";
import { type Line, LineSplitter } from "../../lib/transports/stdio/lines.ts";
import { readMessage } from "../../lib/transports/stdio/messages.ts";
import { LineWriter } from "../../lib/transports/stdio/writer.ts";
import { envelope, INITIALIZE } from "../client.ts";
import { call, serve, serveRig } from "../rig/lines.ts";
import { SILENT } from "../support.ts";

const LIST = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';

function split(chunks: readonly (string | Uint8Array)[], maxBytes = 100): string[] {
  const lines = new LineSplitter(maxBytes);
  const all: Line[] = [];
  for (const chunk of chunks) all.push(...lines.push(Buffer.from(chunk)));
  const last = lines.end();
  if (last !== undefined) all.push(last);
  return all.map((line) =>
    line.kind === "line" ? Buffer.from(line.bytes).toString() : `too long: ${line.size}`
  );
}

function read(line: string | Uint8Array) {
  return readMessage({ kind: "line", bytes: Buffer.from(line) });
}

function refusal(line: string | Uint8Array): { id: string | number | null; code: number; message: string } {
  const incoming = read(line);
  assert.equal(incoming.kind, "invalid", `not refused: ${line}`);
  if (incoming.kind !== "invalid") throw new Error("unreachable");
  return { id: incoming.error.id, ...incoming.error.error };
}

test("LineSplitter splits whatever the chunks are, and keeps a last line without a line feed", () => {
  assert.deepEqual(split(["a\nb\n"]), ["a", "b"]);
  assert.deepEqual(split(["a", "b", "\nc", "", "d\n\ne"]), ["ab", "cd", "", "e"]);
  assert.deepEqual(split([..."héllo\nwörld\n"].map((one) => Buffer.from(one))), ["héllo", "wörld"]);
  const bytes = Buffer.from("größe\n");
  assert.deepEqual(split([...bytes].map((byte) => Buffer.from([byte]))), ["größe"]);
  assert.deepEqual(split([]), []);
});

test("LineSplitter skips a line that is too long, says its size, and goes on with the next", () => {
  const long = "x".repeat(101);
  assert.deepEqual(split([`${"y".repeat(100)}\n`]), ["y".repeat(100)], "the limit itself fits");
  assert.deepEqual(split([`${long}\nnext\n`]), ["too long: 101", "next"], "in one chunk");
  assert.deepEqual(split([...long, "\nnext"]), ["too long: 101", "next"], "in many chunks");
  assert.deepEqual(split([long, long, "\n", "next\n"]), ["too long: 202", "next"]);
  assert.deepEqual(split([long]), ["too long: 101"], "at the end of input");
  assert.deepEqual(split([`a\n${long}`, `\n${long}\nb\n`]), ["a", "too long: 101", "too long: 101", "b"]);
});

test("LineSplitter keeps no more than both ends of a line that is too long", () => {
  const lines = new LineSplitter(5_000);
  const chunk = Buffer.alloc(1_000, "m");
  const found = [...lines.push(Buffer.from("HEAD"))];
  for (let n = 0; n < 1_000; n++) found.push(...lines.push(chunk));
  found.push(...lines.push(Buffer.from("TAIL\n")));
  assert.equal(found.length, 1);
  const [line] = found;
  assert.ok(line?.kind === "too long");
  assert.equal(line.size, 1_000_008);
  assert.equal(line.head.length, 1024);
  assert.equal(line.tail.length, 1024);
  assert.ok(Buffer.from(line.head).toString().startsWith("HEADm"));
  assert.ok(Buffer.from(line.tail).toString().endsWith("mTAIL"));
});

test("readMessage reads requests, notifications and responses", () => {
  assert.equal(read(LIST).kind, "request");
  assert.equal(read(`\uFEFF${LIST}\r`).kind, "request", "a byte order mark and CRLF are tolerated");
  assert.equal(read('{"jsonrpc":"2.0","id":1,"method":"ping","extra":1}').kind, "request");
  assert.equal(read('{"jsonrpc":"2.0","id":"","method":"ping"}').kind, "request");
  assert.equal(read('{"jsonrpc":"2.0","id":9007199254740991,"method":"ping"}').kind, "request");
  assert.equal(read('{"jsonrpc":"2.0","method":"notifications/initialized"}').kind, "notification");
  assert.equal(read('{"jsonrpc":"2.0","id":1,"result":{}}').kind, "response");
  assert.equal(read('{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}').kind, "response");
  for (const blank of ["", "\r", "   \t"]) assert.equal(read(blank).kind, "ignored");
});

test("readMessage answers what is not JSON with -32700 and no id", () => {
  for (
    const line of ["nonsense", '{"jsonrpc":"2.0","id":1,"method":"to', "{'a':1}", "{}}", "\u0000", "NaN"]
  ) {
    const { code, id } = refusal(line);
    assert.deepEqual([code, id], [-32700, null], line);
  }
  const { code, message } = refusal(Buffer.from([0x22, 0xff, 0xfe, 0x22]));
  assert.equal(code, -32700);
  assert.match(message, /not valid UTF-8/);
});

test("readMessage answers JSON that is no message with -32600 and the id, if it is usable", () => {
  const cases: [string, string | number | null][] = [
    ["[]", null],
    [`[${LIST}]`, null],
    ["null", null],
    ["5", null],
    ['"text"', null],
    ["{}", null],
    ['{"jsonrpc":"1.0","id":7,"method":"ping"}', 7],
    ['{"id":"seven","method":"ping"}', "seven"],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', null],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', null],
    ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}', null],
    ['{"jsonrpc":"2.0","id":true,"method":"ping"}', null],
    ['{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}', null],
    ['{"jsonrpc":"2.0","id":1e400,"method":"ping"}', null],
    ['{"jsonrpc":"2.0","id":3}', 3],
    ['{"jsonrpc":"2.0","id":3,"method":5}', 3],
    ['{"jsonrpc":"2.0","id":3,"method":"ping","params":[1]}', 3],
    ['{"jsonrpc":"2.0","id":3,"method":"ping","params":null}', 3],
    ['{"jsonrpc":"2.0","id":3,"Method":"ping"}', 3],
  ];
  for (const [line, expected] of cases) {
    const { code, id } = refusal(line);
    assert.deepEqual([code, id], [-32600, expected], line);
  }
});

test("readMessage answers a wrong _meta with -32602 instead of silence", () => {
  for (const meta of ['"text"', '{"progressToken":{}}', '{"progressToken":null}']) {
    const { code, id } = refusal(`{"jsonrpc":"2.0","id":4,"method":"ping","params":{"_meta":${meta}}}`);
    assert.deepEqual([code, id], [-32602, 4], meta);
  }
});

test("readMessage refuses nesting deeper than JSON_DEPTH_MAX, without being fooled by text", () => {
  const nested = (depth: number) => {
    const inner = `${"[".repeat(depth - 2)}${"]".repeat(depth - 2)}`;
    return `{"jsonrpc":"2.0","id":5,"method":"ping","params":{"a":${inner}}}`;
  };
  assert.equal(read(nested(JSON_DEPTH_MAX)).kind, "request");
  const { code, id } = refusal(nested(JSON_DEPTH_MAX + 1));
  assert.deepEqual([code, id], [-32600, 5]);
  assert.equal(refusal("[".repeat(1_000_000)).code, -32600);
  const brackets = '\\"[{'.repeat(1_000);
  assert.equal(read(`{"jsonrpc":"2.0","id":5,"method":"ping","params":{"a":"${brackets}"}}`).kind, "request");
});

test("readMessage finds the id of a line that is too long at either end, and never a nested one", () => {
  const idOf = (head: string, tail: string) => {
    const line = {
      kind: "too long",
      size: 20_000_000,
      head: Buffer.from(head),
      tail: Buffer.from(tail),
    } as const;
    const incoming = readMessage(line);
    assert.ok(incoming.kind === "invalid");
    assert.equal(incoming.error.error.code, -32600);
    assert.match(incoming.error.error.message, /20,000,000 bytes, the limit is 10,485,760/);
    return incoming.error.id;
  };
  const end = 'xxx"}}}';
  assert.equal(idOf('{"jsonrpc":"2.0","id":12,"method":"tools/call","params":{"a":"xx', end), 12);
  assert.equal(idOf('{"jsonrpc":"2.0", "id" : "a\\"b" ,"method":"x","params":{"a":"xx', end), 'a"b');
  assert.equal(idOf('{"method":"tools/call","params":{"a":"xx', 'xx"}},"jsonrpc":"2.0","id":31}'), 31);
  assert.equal(
    idOf('{"method":"tools/call","params":{"id":99,"a":"xx', end),
    null,
    "a nested id at the start",
  );
  assert.equal(
    idOf('{"method":"tools/call","params":{"a":"xx', 'xx","id":99}}}'),
    null,
    "a nested id at the end",
  );
  assert.equal(idOf('{"method":"x","params":{"a":"}, ,\\"id\\":5,}', end), null, "an id inside a text");
  assert.equal(
    idOf('{"method":"x","params":{"a":"}},"id":5,xx', end),
    null,
    "an id after a text that may go on",
  );
  assert.equal(idOf('{"id":123', "456}"), null, "an id that is cut");
  assert.equal(idOf('{"id":"5, 5, 5, ', '","method":"x"}'), null, "an id that is a long text");
  assert.equal(idOf("x".repeat(1024), "x".repeat(1024)), null);
});

test("LineWriter.ready waits while too much is unread, and goes on when it is read", async () => {
  const output = new PassThrough();
  const writer = new LineWriter(output);
  const line = writer.line("x".repeat(9 * 1024 * 1024));
  let ready = false;
  const waiting = writer.ready().then(() => ready = true);
  await new Promise((resolve) => setImmediate(resolve));
  output.resume();
  await Promise.all([line, waiting, writer.flushed()]);
  assert.equal(ready, true);
});

test("LineWriter.failed says when the reader is gone, and nothing waits for it any more", async () => {
  const output = new PassThrough();
  const writer = new LineWriter(output);
  output.destroy(Object.assign(new Error("gone"), { code: "EPIPE" }));
  assert.equal((await writer.failed).message, "gone");
  await writer.line("more");
  await writer.flushed();
  await writer.ready();
});

/** A transport with its ends, and the methods it has handed on. */
function openTransport() {
  const input = new PassThrough();
  const output = new PassThrough();
  const writer = new LineWriter(output);
  const transport = new StdioTransport(input, writer, SILENT);
  const methods: string[] = [];
  transport.onmessage = (message) => "method" in message && methods.push(message.method);
  return { input, output, writer, transport, methods };
}

test("StdioTransport reads no further while the client does not read", async () => {
  const { input, output, writer, transport, methods } = openTransport();
  await transport.start();
  const unread = writer.line("x".repeat(OUTPUT_BYTES_WAITING_MAX + 100_000));
  input.write('{"jsonrpc":"2.0","id":1,"method":"one"}\n');
  await sleep(20);
  input.write('{"jsonrpc":"2.0","id":2,"method":"two"}\n');
  await sleep(20);
  assert.deepEqual(methods, ["one"]);
  output.resume();
  await unread;
  input.end();
  await transport.ended;
  assert.deepEqual(methods, ["one", "two"]);
});

test("StdioTransport lets no second reply out, and none that nobody asked for", async () => {
  const { input, output, transport } = openTransport();
  let text = "";
  output.on("data", (chunk) => text += String(chunk));
  await transport.start();
  input.end('{"jsonrpc":"2.0","id":1,"method":"one"}\n');
  await transport.ended;
  for (const id of [1, 1, 2]) await transport.send({ jsonrpc: "2.0", id, result: {} });
  await transport.send({ jsonrpc: "2.0", method: "notifications/progress", params: {} });
  const lines = text.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map((line) => line.id ?? line.method), [1, "notifications/progress"]);
});

test("StdioTransport answers with an error when a result cannot be written as JSON", async () => {
  const { input, output, transport } = openTransport();
  await transport.start();
  input.end('{"jsonrpc":"2.0","id":1,"method":"one"}\n');
  await transport.ended;
  await transport.send({ jsonrpc: "2.0", id: 1, result: { number: 1n } });
  assert.equal(JSON.parse(String(output.read())).error.code, -32603);
});

test("serveStdio does not wait for subscriptions at the end of input, and closes them", async () => {
  const params = { notifications: { toolsListChanged: true }, _meta: envelope() };
  const listen = { jsonrpc: "2.0", id: "l", method: "subscriptions/listen", params };
  const { code, messages } = await serve([JSON.stringify(listen)], { drainMs: 60_000 });
  assert.equal(code, 0);
  assert.deepEqual(messages.map((message) => message.id ?? message.method), [
    "notifications/subscriptions/acknowledged",
    "l",
  ]);
});

test("serveStdio answers every request once, also a last line without a line feed", async () => {
  const { code, messages } = await serve([call(1, "wait", { ms: 50 }), LIST.replace('"id":1', '"id":2')]);
  assert.equal(code, 0);
  assert.deepEqual(messages.map((message) => message.id).sort(), [1, 2]);
  const input = new PassThrough();
  const output = new PassThrough();
  const served = serveRig(input, output);
  input.end(LIST);
  assert.equal(await served, 0);
  assert.equal(JSON.parse(String(output.read())).id, 1);
});

test("serveStdio queues requests beyond REQUESTS_IN_FLIGHT_MAX and answers all of them", async () => {
  const count = REQUESTS_IN_FLIGHT_MAX * 2 + 5;
  const { messages } = await serve(Array.from({ length: count }, (_, id) => call(id, "wait", { ms: 5 })));
  assert.equal(new Set(messages.map((message) => message.id)).size, count);
  assert.ok(messages.every((message) => message.result !== undefined));
});

test("serveStdio refuses requests beyond REQUESTS_WAITING_MAX with advice", async () => {
  const count = REQUESTS_IN_FLIGHT_MAX + REQUESTS_WAITING_MAX + 1;
  const { messages } = await serve(Array.from({ length: count }, (_, id) => call(id, "wait", { ms: 5 })));
  assert.equal(messages.length, count);
  const refused = messages.filter((message) => message.error !== undefined);
  assert.deepEqual(refused.map((message) => [message.id, message.error?.code]), [[count - 1, -32000]]);
  assert.match(refused[0]?.error?.message ?? "", /Wait for replies first/);
});

test("serveStdio refuses an id that is still in flight, and answers the first request with it", async () => {
  const { messages } = await serve([
    call(1, "wait", { ms: 50 }),
    call(1, "wait", { ms: 1 }),
    call(2, "wait", { ms: 1 }),
  ]);
  const first = messages.filter((message) => message.id === 1);
  assert.deepEqual(first.map((message) => message.error?.code), [-32600, undefined]);
  assert.equal(first[1]?.result.content[0].text, "waited 50");
  assert.equal(messages.length, 3);
});

test("serveStdio does not answer a cancelled request, and its id is free again", async () => {
  const cancel = (id: number) =>
    JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } });
  const many = Array.from({ length: REQUESTS_IN_FLIGHT_MAX }, (_, n) => call(100 + n, "wait", { ms: 20 }));
  const { messages } = await serve([
    call(1, "wait", { ms: 4_000 }),
    ...many,
    call(2, "wait", { ms: 4_000 }),
    cancel(1),
    cancel(2),
    cancel(77),
    call(1, "wait", { ms: 2 }),
  ]);
  assert.equal(messages.length, many.length + 1);
  const again = messages.filter((message) => message.id === 1);
  assert.deepEqual(again.map((message) => message.result?.content[0].text), ["waited 2"]);
  assert.ok(!messages.some((message) => message.id === 2));
});

test("serveStdio answers initialize even when a client cancels it", async () => {
  const { messages } = await serve([
    JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params: INITIALIZE }),
    '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}',
  ]);
  assert.equal(messages[0]?.result.protocolVersion, "2025-11-25");
});

test("serveStdio ignores responses nobody asked for and notifications nobody knows", async () => {
  const { code, messages } = await serve([
    '{"jsonrpc":"2.0","id":1,"result":{}}',
    '{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"x"}}',
    '{"jsonrpc":"2.0","method":"notifications/nonsense"}',
    '{"jsonrpc":"2.0","method":"notifications/cancelled"}',
    '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}',
    LIST,
  ]);
  assert.equal(code, 0);
  assert.deepEqual(messages.map((message) => message.id), [1]);
});

test("serveStdio answers a line over LINE_BYTES_MAX, and serves the line after it", async () => {
  const { messages } = await serve([
    JSON.stringify({
      method: "tools/call",
      params: { name: "wait", arguments: { ms: 1, text: "x".repeat(LINE_BYTES_MAX) } },
      jsonrpc: "2.0",
      id: 41,
    }),
    LIST,
  ]);
  assert.deepEqual(messages.map((message) => [message.id, message.error?.code]), [[41, -32600], [
    1,
    undefined,
  ]]);
});

test("serveStdio answers with an error what is not done in time after the end of input", async () => {
  const lines = [call(1, "wait", { ms: 30_000 }), call(2, "wait", { ms: 1 })];
  const { code, messages } = await serve(lines, { drainMs: 200 });
  assert.equal(code, 1);
  assert.deepEqual(messages.map((message) => [message.id, message.error?.code]), [[2, undefined], [
    1,
    -32000,
  ]]);
  assert.match(messages[1]?.error?.message ?? "", /tools\/call was stopped.*Keep standard input open/);
});

test("serveStdio ends when its output is closed: with 0 for a closed pipe, else with 1", async () => {
  for (const [code, expected] of [["EPIPE", 0], ["ENOSPC", 1]] as const) {
    const input = new PassThrough();
    const output = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error("no more"), { code })),
    });
    input.write(`${call(1, "wait", { ms: 30_000 })}\n${LIST}\n`.replace('"id":1', '"id":2'));
    assert.equal(await serveRig(input, output), expected, code);
  }
});

test("serveStdio leaves the console and the process as it found them", async () => {
  const state = () => [
    globalThis.console,
    ...["SIGTERM", "uncaughtException"].map((name) => process.listenerCount(name)),
  ];
  const before = state();
  await serve([LIST]);
  assert.deepEqual(state(), before);
});
