import { test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { setTimeout } from "node:timers/promises";
import type { JSONRPCMessage, JSONRPCRequest, Transport } from "@modelcontextprotocol/server";
import { createServerFactory } from "../../lib/server.ts";
import { envelope, INITIALIZE, type Message } from "../client.ts";
import { call, serve, serveRig } from "../rig/lines.ts";
import { rig } from "../rig/module.ts";
import { SILENT, withSandbox } from "../support.ts";

type Question = readonly [method: string, params?: Record<string, unknown>];

/** Asks in the era of 2025, one question after the other; the replies in the order of the questions. */
async function ask(...questions: Question[]): Promise<Message[]> {
  const lines = questions.map(([method, params], id) =>
    JSON.stringify({ jsonrpc: "2.0", id, method, params })
  );
  const { messages } = await serve([
    JSON.stringify({ jsonrpc: "2.0", id: "i", method: "initialize", params: INITIALIZE }),
    ...lines,
  ]);
  return questions.map((_question, id) =>
    messages.find((message) => message.id === id) ?? assert.fail(`no reply to ${id}`)
  );
}

/** The same in the era of 2026. */
async function askModern(...questions: Question[]): Promise<Message[]> {
  const lines = questions.map(([method, params], id) => {
    return JSON.stringify({ jsonrpc: "2.0", id, method, params: { _meta: envelope(), ...params } });
  });
  const { messages } = await serve(lines);
  return questions.map((_question, id) =>
    messages.find((message) => message.id === id) ?? assert.fail(`no reply to ${id}`)
  );
}

function errorOf(message: Message | undefined): [code: number | undefined, text: string] {
  return [message?.error?.code, message?.error?.message ?? ""];
}

test("createServerFactory introduces itself in both eras, with capabilities for what exists", async () => {
  const capabilities = { tools: {}, prompts: {}, resources: {}, completions: {} };
  const serverInfo = { name: "rig", title: "Clawhammer", version: "0.0.0" };
  const [old] = await ask(["initialize", INITIALIZE]);
  assert.deepEqual(old?.result, {
    protocolVersion: "2025-11-25",
    capabilities,
    serverInfo,
    instructions: "Be careful.",
  });
  const [modern] = await askModern(["server/discover"]);
  assert.deepEqual(modern?.result.supportedVersions, ["2026-07-28"]);
  assert.deepEqual(modern?.result.capabilities, capabilities);
  assert.equal(modern?.result.instructions, "Be careful.");
  assert.deepEqual(modern?.result._meta["io.modelcontextprotocol/serverInfo"], serverInfo);
});

test("initialize offers the newest of its era for a version it does not know", async () => {
  for (
    const [asked, answered] of [["2024-11-05", "2024-11-05"], ["2025-06-18", "2025-06-18"], [
      "1999-01-01",
      "2025-11-25",
    ]]
  ) {
    const [reply] = await ask(["initialize", { ...INITIALIZE, protocolVersion: asked }]);
    assert.equal(reply?.result.protocolVersion, answered);
  }
});

test("tools/list is sorted by name, the same each time, with all four hints and no $schema", async () => {
  const [first, second] = await ask(["tools/list"], ["tools/list", {}]);
  const tools: Record<string, unknown>[] = first?.result.tools;
  const names = tools.map((tool) => tool.name);
  assert.deepEqual(names, [...names].sort());
  assert.equal(JSON.stringify(first?.result), JSON.stringify(second?.result));
  for (const tool of tools) {
    assert.deepEqual(Object.keys(tool), ["name", "title", "description", "inputSchema", "annotations"]);
    const hints = ["destructiveHint", "idempotentHint", "openWorldHint", "readOnlyHint"];
    assert.deepEqual(Object.keys(tool.annotations ?? {}).sort(), hints);
  }
  assert.ok(!JSON.stringify(tools).includes("$schema"));
});

test("lists of one page refuse a cursor with -32602", async () => {
  const lists = ["tools/list", "prompts/list", "resources/templates/list"];
  for (const reply of await ask(...lists.map((method): Question => [method, { cursor: "1" }]))) {
    const [code, text] = errorOf(reply);
    assert.equal(code, -32602);
    assert.match(text, /Invalid cursor "1"/);
  }
});

test("tools/call answers what the tool says, and a tool's error as a result", async () => {
  const [fine, failed, wrong, bare] = await ask(
    ["tools/call", { name: "wait", arguments: { ms: 1 } }],
    ["tools/call", { name: "fail" }],
    ["tools/call", { name: "wait", arguments: { ms: 1, color: "red" } }],
    ["tools/call", { name: "wait" }],
  );
  assert.deepEqual(fine?.result, { content: [{ type: "text", text: "waited 1" }] });
  assert.deepEqual(failed?.result, {
    content: [{ type: "text", text: "Cannot do that\nDo something else." }],
    isError: true,
  });
  assert.equal(wrong?.result.isError, true);
  assert.match(wrong?.result.content[0].text, /unknown argument "color"/);
  assert.equal(bare?.result.isError, true);
});

test("an unknown tool is -32602 with the nearest name, an unknown method -32601, in both eras", async () => {
  for (const how of [ask, askModern]) {
    const [tool, method, capability] = await how(
      ["tools/call", { name: "wiat", arguments: {} }],
      ["tools/describe"],
      ["logging/setLevel", { level: "info" }],
    );
    assert.deepEqual(errorOf(tool), [-32602, 'Unknown tool "wiat"; nearest: wait']);
    assert.equal(errorOf(method)[0], -32601);
    assert.equal(errorOf(capability)[0], -32601);
  }
});

test("parameters of a wrong shape are -32602 and say which, in both eras", async () => {
  const cases: [Question, RegExp][] = [
    [["tools/call", {}], /params\.name/],
    [["tools/call", { name: "wait", arguments: "ms=1" }], /params\.arguments/],
    [["tools/list", { cursor: 5 }], /params\.cursor/],
    [["prompts/get", { name: 5 }], /params\.name/],
    [["prompts/get", { name: "greet", arguments: { who: 5 } }], /params\.arguments\.who/],
    [["resources/read", {}], /params\.uri/],
    [["completion/complete", { ref: { type: "ref/none" } }], /params\./],
  ];
  for (const how of [ask, askModern]) {
    const replies = await how(...cases.map(([question]) => question));
    for (const [index, [question, expected]] of cases.entries()) {
      const [code, text] = errorOf(replies[index]);
      assert.equal(code, -32602, JSON.stringify(question));
      assert.match(text, expected);
      assert.match(text, new RegExp(`^Invalid params for ${question[0]}: `));
    }
  }
  const [again] = await ask(["initialize", {}]);
  assert.match(errorOf(again)[1], /^Invalid params for initialize: .*protocolVersion/);
  assert.equal(errorOf(again)[0], -32602);
});

test("a claim of an unsupported version is -32022, before and after the era is chosen", async () => {
  const claim = (id: number, version: string) =>
    JSON.stringify({ jsonrpc: "2.0", id, method: "tools/list", params: { _meta: envelope(version) } });
  const modern = await serve([
    claim(1, "2099-01-01"),
    claim(2, "2026-07-28"),
    claim(3, "2099-01-01"),
    claim(4, "2025-11-25"),
  ]);
  const outcome = (messages: readonly Message[]) => {
    return Object.fromEntries(messages.map((message) => [message.id, message.error ?? "served"]));
  };
  const refused = (requested: string) => {
    const data = { supported: ["2026-07-28"], requested };
    return { code: -32022, message: `Unsupported protocol version: ${requested}`, data };
  };
  assert.deepEqual(outcome(modern.messages), {
    1: refused("2099-01-01"),
    2: "served",
    3: refused("2099-01-01"),
    4: refused("2025-11-25"),
  });
  const old = await serve([
    '{"jsonrpc":"2.0","id":0,"method":"tools/list"}',
    claim(1, "2099-01-01"),
    claim(2, "2025-11-25"),
  ]);
  assert.deepEqual(outcome(old.messages), { 0: "served", 1: refused("2099-01-01"), 2: "served" });
});

test("prompts/list and prompts/get: the wire form, and the message as the user's", async () => {
  const [list, said, polite] = await ask(
    ["prompts/list"],
    ["prompts/get", { name: "greet", arguments: { who: "Ada", how: "" } }],
    ["prompts/get", { name: "greet", arguments: { who: "Ada", how: "Good day" } }],
  );
  assert.deepEqual(list?.result.prompts, [{
    name: "greet",
    title: "Greet",
    description: "Greets somebody",
    arguments: [
      { name: "who", description: "Whom", required: true },
      { name: "how", description: "How", required: false },
    ],
  }]);
  assert.deepEqual(said?.result, {
    description: "Greets somebody",
    messages: [{ role: "user", content: { type: "text", text: "Hello Ada" } }],
  }, "an empty optional argument counts as not given");
  assert.equal(polite?.result.messages[0].content.text, "Good day Ada");
});

test("prompts/get refuses unknown prompts and arguments, and missing ones, with -32602", async () => {
  const replies = await ask(
    ["prompts/get", { name: "great" }],
    ["prompts/get", { name: "greet" }],
    ["prompts/get", { name: "greet", arguments: { who: "" } }],
    ["prompts/get", { name: "greet", arguments: { who: "Ada", whom: "Bob" } }],
  );
  assert.deepEqual(replies.map(errorOf), [
    [-32602, 'Unknown prompt "great"; nearest: greet'],
    [-32602, 'Cannot use prompt greet: missing argument "who"\ngreet takes: who, how?.'],
    [-32602, 'Cannot use prompt greet: missing argument "who"\ngreet takes: who, how?.'],
    [-32602, 'Cannot use prompt greet: unknown argument "whom"\ngreet takes: who, how?.'],
  ]);
});

test("resources/list pages through a provider, and refuses a cursor that is none of ours", async () => {
  const [first, wrong, other] = await ask(
    ["resources/list"],
    ["resources/list", { cursor: "nonsense" }],
    ["resources/list", { cursor: "7:" }],
  );
  assert.deepEqual(first?.result.resources, [{ uri: "rig:///one", name: "one" }]);
  const [second] = await ask(["resources/list", { cursor: first?.result.nextCursor }]);
  assert.deepEqual(second?.result, { resources: [{ uri: "rig:///two", name: "two" }] });
  for (const reply of [wrong, other]) {
    assert.equal(errorOf(reply)[0], -32602);
    assert.match(errorOf(reply)[1], /nextCursor of the page before/);
  }
});

test("resources/read gives text and bytes, and says what cannot be read", async () => {
  const [words, bytes, huge, broken, bug] = await ask(
    ["resources/read", { uri: "rig:///one" }],
    ["resources/read", { uri: "rig:///bytes" }],
    ["resources/read", { uri: "rig:///huge" }],
    ["resources/read", { uri: "rig:///broken" }],
    ["resources/read", { uri: "rig:///bug" }],
  );
  assert.deepEqual(words?.result, { contents: [{ uri: "rig:///one", mimeType: "text/plain", text: "one" }] });
  assert.deepEqual(bytes?.result, {
    contents: [{ uri: "rig:///bytes", mimeType: "image/png", blob: "AP8=" }],
  });
  assert.match(errorOf(huge)[1], /too large \(2,000,000 bytes, the limit is 1,000,000\)/);
  assert.deepEqual(errorOf(broken), [-32602, "Cannot read it\nRead something else."]);
  assert.deepEqual(errorOf(bug), [-32603, "resources/read failed inside Clawhammer: a bug"]);
});

test("resources/read of a missing resource has the code of each revision", async () => {
  for (const [how, code] of [[ask, -32002], [askModern, -32602]] as const) {
    const [reply] = await how(["resources/read", { uri: "rig:///three" }]);
    const expected = { code, message: 'Resource not found: "rig:///three"', data: { uri: "rig:///three" } };
    assert.deepEqual(reply?.error, expected);
  }
});

test("completion/complete completes prompt arguments and variables, at most 100 values", async () => {
  const prompt = { type: "ref/prompt", name: "greet" };
  const template = { type: "ref/resource", uri: "rig:///{+name}" };
  const [many, none, variable] = await ask(
    ["completion/complete", { ref: prompt, argument: { name: "who", value: "A" } }],
    ["completion/complete", { ref: prompt, argument: { name: "how", value: "" } }],
    ["completion/complete", { ref: template, argument: { name: "name", value: "t" } }],
  );
  assert.equal(many?.result.completion.values.length, 100);
  assert.equal(many?.result.completion.values[99], "A99");
  assert.deepEqual([many?.result.completion.total, many?.result.completion.hasMore], [250, true]);
  assert.deepEqual(none?.result.completion, { values: [], total: 0, hasMore: false });
  assert.deepEqual(variable?.result.completion, { values: ["two"], total: 1, hasMore: false });
});

test("completion/complete refuses unknown names with -32602 and names", async () => {
  const argument = { name: "nobody", value: "" };
  const replies = await ask(
    ["completion/complete", { ref: { type: "ref/prompt", name: "greet" }, argument }],
    ["completion/complete", { ref: { type: "ref/prompt", name: "gret" }, argument }],
    ["completion/complete", { ref: { type: "ref/resource", uri: "rig:///{+name}" }, argument }],
    ["completion/complete", { ref: { type: "ref/resource", uri: "file:///{path}" }, argument }],
  );
  for (const reply of replies) assert.equal(errorOf(reply)[0], -32602);
  assert.match(errorOf(replies[0])[1], /Unknown argument "nobody" of prompt greet; greet takes: who, how\?/);
  assert.match(errorOf(replies[1])[1], /nearest: greet/);
  assert.match(errorOf(replies[2])[1], /Unknown variable "nobody" of rig:\/\/\/\{\+name\}; it has: name/);
  assert.match(errorOf(replies[3])[1], /there are: rig:\/\/\/\{\+name\}/);
});

test("progress is sent only when asked for, forwards, not too often, and never after the reply", async () => {
  const count = (id: number, steps: number, pauseMs: number, meta: Record<string, unknown>) =>
    JSON.stringify({
      jsonrpc: "2.0",
      id,
      method: "tools/call",
      params: { name: "count", arguments: { steps, pauseMs }, _meta: meta },
    });
  const { messages } = await serve([
    count(1, 1_000, 0, { progressToken: "fast" }),
    count(2, 8, 60, { progressToken: 0 }),
    count(3, 10, 0, {}),
  ]);
  const progress = messages.filter((message) => message.method === "notifications/progress");
  const stepsOf = (token: string | number) => {
    return progress.filter((one) => one.params?.progressToken === token).map((one) =>
      Number(one.params?.progress)
    );
  };
  assert.deepEqual(stepsOf("fast"), [1], "a thousand steps at once are one notification");
  const slow = stepsOf(0);
  assert.ok(slow.length >= 2 && slow.length <= 8, String(slow));
  assert.deepEqual(slow, [...new Set(slow)].sort((a, b) => a - b));
  assert.equal(progress.length, slow.length + 1, "nothing for the call that did not ask");
  for (const [token, id] of [["fast", 1], [0, 2]] as const) {
    const last = messages.findLastIndex((message) => message.params?.progressToken === token);
    assert.ok(last < messages.findIndex((message) => message.id === id));
  }
});

test("a server takes plain calls the short way, between the handshake and the end", async () => {
  await withSandbox([rig], async ({ caller }) => {
    const parts = { caller, name: "rig", version: "0.0.0", instructions: "", log: SILENT };
    const server = createServerFactory(parts)({ era: "legacy" });
    const transport: Transport = {
      start: () => Promise.resolve(),
      send: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    await server.connect(transport);
    const replies: JSONRPCMessage[] = [];
    const reply = (message: JSONRPCMessage) => void replies.push(message);
    const take = (id: number, params: JSONRPCRequest["params"], method = "tools/call") =>
      server.take({ jsonrpc: "2.0", id, method, params }, reply);
    const cancel = (requestId: number) =>
      server.take({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } }, reply);
    const plain = { name: "wait", arguments: { ms: 1 } };
    assert.equal(take(1, plain), false);
    transport.onmessage?.({ jsonrpc: "2.0", method: "notifications/initialized" });
    assert.equal(take(2, { ...plain, _meta: { progressToken: 1 } }), false);
    assert.equal(take(3, {}, "tools/list"), false);
    assert.equal(take(4, { name: "wait", arguments: [] }), false);
    assert.equal(take(5, plain), true);
    assert.equal(take(6, { name: "wiat", arguments: {} }), true);
    assert.equal(take(7, { name: "wait", arguments: { ms: 4_000 } }), true);
    assert.equal(take(8, { name: "wait", arguments: { ms: 4_000 } }), true);
    assert.equal(cancel(7), true);
    assert.equal(cancel(7), false);
    // The same id at once: the first call ends later than the second begins.
    assert.equal(take(7, plain), true);
    await setTimeout(50);
    transport.onclose?.();
    assert.equal(take(9, plain), false);
    await setTimeout(0);
    const answers = replies.map((reply) => [
      "id" in reply ? reply.id : undefined,
      "error" in reply ? reply.error.code : "result" in reply,
    ]);
    assert.deepEqual(answers, [[6, -32602], [5, true], [7, true]]);
  });
});

test("serveStdio answers the call that has the id of a cancelled one, however soon it comes", async () => {
  const cancel = '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}';
  const ping = '{"jsonrpc":"2.0","id":2,"method":"ping"}';
  for (const between of [[], [ping]]) {
    const input = new PassThrough();
    const output = new PassThrough();
    const served = serveRig(input, output);
    input.write(`${JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params: INITIALIZE })}\n`);
    let text = String((await once(output, "data"))[0]);
    output.on("data", (chunk) => text += String(chunk));
    input.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    await setTimeout(0);
    const lines = [call(1, "wait", { ms: 4_000 }), ...between, cancel, call(1, "wait", { ms: 2 })];
    input.end(lines.map((line) => `${line}\n`).join(""));
    assert.equal(await served, 0);
    const answers = text.trim().split("\n").map((line) => JSON.parse(line)).filter(({ id }) => id === 1);
    assert.deepEqual(answers.map(({ result }) => result?.content[0].text), ["waited 2"]);
  }
});
