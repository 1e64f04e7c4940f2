import { test } from "node:test";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { createServerFactory } from "../../lib/server.ts";
import { serveStdio } from "../../lib/transports/stdio.ts";
import { USER_HELD_OF_TOOL_MAX } from "../../lib/limits.ts";
import { envelope, type Message } from "../client.ts";
import { SILENT } from "../support.ts";
import { type Bench, toolSource, withBench } from "../rig/usertools.ts";

/** A connection of revision 2026-07-28 to a server with user tools. */
interface Session extends Bench {
  /** Sends a request and waits for its reply. */
  ask(method: string, params: object, capabilities?: object): Promise<Message>;
  /** Sends a notification. */
  tell(method: string, params: object): void;
}

async function withSession(
  files: Readonly<Record<string, string>>,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  await withBench(async (bench) => {
    await bench.put(files);
    const [input, output] = [new PassThrough(), new PassThrough()];
    const waiting = new Map<number, (message: Message) => void>();
    let rest = "";
    output.on("data", (chunk) => {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const message of lines.map((line): Message => JSON.parse(line))) {
        if (typeof message.id === "number") waiting.get(message.id)?.(message);
      }
    });
    const { caller } = bench;
    const parts = { caller, name: "rig", version: "0.0.0", instructions: "", log: SILENT };
    const served = serveStdio(createServerFactory(parts), { log: SILENT, input, output });
    let id = 0;
    try {
      await work({
        ...bench,
        tell: (method, params) => void input.write(`${JSON.stringify({ jsonrpc: "2.0", method, params })}\n`),
        async ask(method, params, capabilities = { elicitation: {}, sampling: {} }) {
          const _meta = { ...envelope(), "io.modelcontextprotocol/clientCapabilities": capabilities };
          const { promise, resolve } = Promise.withResolvers<Message>();
          waiting.set(++id, resolve);
          const message = { jsonrpc: "2.0", id, method, params: { ...params, _meta } };
          input.write(`${JSON.stringify(message)}\n`);
          return await promise;
        },
      });
    } finally {
      input.end();
      await served;
    }
  });
}

const ASKS = toolSource(
  "asks",
  `if (!ctx.elicit || !ctx.sample) return "cannot ask";
  await ctx.files.write(args.note, "begun ");
  const answer = await ctx.elicit("Which city?", { city: z.string().describe("City") });
  if (answer.action !== "accept") return answer.action;
  return answer.content.city + ": " + await ctx.sample("Write", { maxTokens: 5 });`,
  'effect: "add", input: { note: z.string().describe("File") },',
).replace('effect: "read",', "");

test("a tool asks the person and the model between two requests, and goes on where it stands", async () => {
  await withSession({ "asks.ts": ASKS }, async ({ ask, allowed }) => {
    const call = { name: "asks", arguments: { note: join(allowed, "note") } };
    const first = await ask("tools/call", call);
    assert.equal(first.result.resultType, "input_required");
    const [[key = "", question]] = Object.entries<{ method: string; params: object }>(
      first.result.inputRequests,
    ) as [[string, { method: string; params: { message: string; requestedSchema: object } }]];
    assert.equal(question.method, "elicitation/create");
    assert.equal(question.params.message, "Which city?");
    assert.deepEqual(Object.keys((question.params.requestedSchema as { properties: object }).properties), [
      "city",
    ]);
    const { requestState } = first.result;
    // What holds no answer is asked again, under a new name.
    const again = await ask("tools/call", { ...call, requestState, inputResponses: {} });
    assert.deepEqual(again.result.inputRequests, first.result.inputRequests);
    assert.notEqual(again.result.requestState, requestState);
    const second = await ask("tools/call", {
      ...call,
      requestState: again.result.requestState,
      inputResponses: { [key]: { action: "accept", content: { city: "Oslo" } } },
    });
    const [[next = "", sampling]] = Object.entries(second.result.inputRequests) as [
      [string, { method: string; params: { messages: unknown; maxTokens: number } }],
    ];
    assert.equal(sampling.method, "sampling/createMessage");
    assert.equal(sampling.params.maxTokens, 5);
    const answer = { role: "assistant", model: "m", content: { type: "text", text: "rain" } };
    const responses = { ...call, inputResponses: { [next]: answer } };
    const last = await ask("tools/call", { ...responses, requestState: second.result.requestState });
    assert.deepEqual(last.result.content, [{ type: "text", text: "Oslo: rain" }]);
    // It ran once, and a state is good for one answer.
    assert.equal(await readFile(join(allowed, "note"), "utf8"), "begun ");
    const replay = await ask("tools/call", { ...responses, requestState: second.result.requestState });
    assert.equal(replay.error?.code, -32602);
    assert.match(replay.error?.message ?? "", /^No call of "asks" waits .*Call the tool again without it$/);
  });
});

test("a tool is told that the person declined, that nobody can be asked, and what is no answer", async () => {
  await withSession(
    { "asks.ts": ASKS, "other.ts": toolSource("other", "return 'other';") },
    async (session) => {
      const { ask, allowed } = session;
      const call = { name: "asks", arguments: { note: join(allowed, "note") } };
      const answered = async (answer: unknown) => {
        const { result } = await ask("tools/call", call);
        const inputResponses = { [Object.keys(result.inputRequests)[0] ?? ""]: answer };
        return await ask("tools/call", { ...call, requestState: result.requestState, inputResponses });
      };
      assert.equal((await answered({ action: "decline" })).result.content[0].text, "decline");
      assert.match(
        (await answered({ roots: [] })).result.content[0].text,
        /answered "elicitation\/create" with/,
      );
      assert.match(
        (await answered({ action: "accept", content: { city: 5 } })).result.content[0].text,
        /filled in the form wrongly/,
      );
      for (const capabilities of [{}, { elicitation: { url: {} }, sampling: {} }]) {
        assert.equal((await ask("tools/call", call, capabilities)).result.content[0].text, "cannot ask");
      }
      // A state belongs to its tool.
      const { result } = await ask("tools/call", call);
      const stolen = await ask("tools/call", { name: "other", requestState: result.requestState });
      assert.equal(stolen.error?.code, -32602);
    },
  );
});

test("questions that nobody answers hold nothing up: the oldest call is given up for a new one", async () => {
  await withSession({ "asks.ts": ASKS }, async ({ ask, allowed }) => {
    const call = { name: "asks", arguments: { note: join(allowed, "note") } };
    const states: string[] = [];
    for (let n = 0; n <= USER_HELD_OF_TOOL_MAX + 2; n++) {
      states.push((await ask("tools/call", call)).result.requestState);
    }
    const lost = await ask("tools/call", { ...call, requestState: states[0], inputResponses: {} });
    assert.equal(lost.error?.code, -32602);
    const kept = await ask("tools/call", { ...call, requestState: states.at(-1), inputResponses: {} });
    assert.equal(kept.result.resultType, "input_required");
  });
});

test("questions that are asked at once are asked together, through call_user_tool too", async () => {
  const both = toolSource(
    "both",
    `const ask = (text) => ctx.elicit(text, { ok: z.boolean().describe("Fine?") });
    const answers = await Promise.all([ask("One?"), ask("Two?")]);
    return answers.map((answer) => String(answer.content.ok)).join();`,
  );
  await withSession({ "both.ts": both }, async ({ ask }) => {
    const call = { name: "call_user_tool", arguments: { name: "both", arguments: {} } };
    let message = await ask("tools/call", call);
    const asked: string[] = [];
    for (let round = 0; message.result.resultType === "input_required"; round++) {
      assert.ok(round < 3);
      const requests = Object.entries(message.result.inputRequests) as [
        string,
        { params: { message: string } },
      ][];
      asked.push(...requests.map(([, { params }]) => params.message));
      const inputResponses = Object.fromEntries(requests.map(([key, { params }]) => [
        key,
        { action: "accept", content: { ok: params.message === "One?" } },
      ]));
      message = await ask("tools/call", {
        ...call,
        requestState: message.result.requestState,
        inputResponses,
      });
    }
    assert.deepEqual(asked.sort(), ["One?", "Two?"]);
    assert.equal(message.result.content[0].text, "true,false");
  });
});
