import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { CancelledError, ToolError, UnknownNameError } from "../../lib/errors.ts";
import { REPLY_CHARS_MAX } from "../../lib/limits.ts";
import { text } from "../../lib/reply.ts";
import { type AnyTool, defineModule, defineTool } from "../../lib/tool.ts";
import { withSandbox } from "../support.ts";

const COMMON = {
  title: "T",
  description: "A tool that exists for the tests of the call path.",
  world: "closed",
} as const;

const echo = defineTool({
  ...COMMON,
  name: "echo",
  effect: "read",
  input: {
    words: z.array(z.string()).describe("Words."),
    times: z.int().min(1).optional().describe("How often."),
    loud: z.boolean().optional().describe("In capitals."),
    path: z.string().optional().describe("A path."),
  },
  paths: ["path"],
  run: (args) => text(JSON.stringify(args)),
});

function moduleOf(...tools: AnyTool[]) {
  return [defineModule({ name: "m", title: "M", instructions: "", tools, prompts: [] })];
}

function toolOf(run: AnyTool["run"], more: Partial<AnyTool> = {}): AnyTool {
  return { ...defineTool({ ...COMMON, name: "probe", effect: "read", input: {}, paths: [], run }), ...more };
}

test("call refuses an unknown argument by name and proposes the nearest", async () => {
  await withSandbox(moduleOf(echo), async ({ call }) => {
    const reply = await call("echo", { words: ["a"], tmies: 2 });
    assert.equal(reply.isError, true);
    assert.match(reply.text, /unknown argument "tmies"/);
    assert.match(reply.text, /Did you mean "times"\? echo takes: words, times\?, loud\?, path\?\./);
  });
});

test("call refuses prototype names as arguments", async () => {
  await withSandbox(moduleOf(echo), async ({ call }) => {
    const reply = await call("echo", JSON.parse('{"words":[],"__proto__":{"loud":true},"constructor":1}'));
    assert.equal(reply.isError, true);
    assert.match(reply.text, /"__proto__", "constructor"/);
  });
});

test("call accepts JSON strings, numeric strings and null where the meaning is beyond doubt", async () => {
  await withSandbox(moduleOf(echo), async ({ call }) => {
    const reply = await call("echo", { words: '["a","b"]', times: "2", loud: "true", path: null });
    assert.deepEqual(JSON.parse(reply.text), { words: ["a", "b"], times: 2, loud: true });
    assert.deepEqual(JSON.parse((await call("echo", { words: "a" })).text), { words: ["a"] });
  });
});

test("call names what is wrong with an argument and what the tool takes", async () => {
  await withSandbox(moduleOf(echo), async ({ call }) => {
    const reply = await call("echo", { words: ["a"], times: 0 });
    assert.equal(reply.isError, true);
    assert.match(reply.text, /times: .*1/);
    assert.match((await call("echo", {})).text, /words: expected array/);
    assert.match((await call("echo", "nonsense")).text, /not an object/);
    assert.match((await call("echo", [1])).text, /not an object/);
  });
});

test("call hands paths over absolute and refuses those outside", async () => {
  await withSandbox(moduleOf(echo), async ({ call, dir, outside }) => {
    assert.equal(
      JSON.parse((await call("echo", { words: [], path: "a/../b.txt" })).text).path,
      `${dir}/b.txt`,
    );
    for (
      const path of [outside, `${dir}/../allowed-not/x`, "../x", "/etc/passwd", `${dir}-not`, "C:\\x", ""]
    ) {
      const reply = await call("echo", { words: [], path });
      assert.equal(reply.isError, true, path);
      assert.match(reply.text, /outside the allowed folders|Windows path|empty path/, path);
    }
  });
});

test("call rejects an unknown tool with the nearest name", async () => {
  await withSandbox(moduleOf(echo), async ({ caller }) => {
    await assert.rejects(
      caller.call("ehco", {}),
      (error) => error instanceof UnknownNameError && /echo/.test(error.message),
    );
    await assert.rejects(caller.call("constructor", {}), UnknownNameError);
  });
});

test("call turns a ToolError into both of its sentences and anything else into a defect", async () => {
  const wrong = toolOf(() => {
    throw new ToolError("Cannot do it", "Do that instead.");
  });
  await withSandbox(moduleOf(wrong), async ({ call }) => {
    const reply = await call("probe", {});
    assert.deepEqual([reply.isError, reply.text], [true, "Cannot do it\nDo that instead."]);
  });
  const broken = toolOf(() => {
    throw new TypeError("x is not a function");
  });
  await withSandbox(moduleOf(broken), async ({ call }) => {
    assert.match(
      (await call("probe", {})).text,
      /probe failed inside Clawhammer: x is not a function\nThis is a defect/,
    );
  });
});

test("call stops a handler that ignores its signal when the time is over", async () => {
  const endless = toolOf(() => new Promise(() => {}), { timeoutMs: 20 });
  await withSandbox(moduleOf(endless), async ({ call }) => {
    const reply = await call("probe", {});
    assert.equal(reply.isError, true);
    assert.match(reply.text, /longer than 0.02 seconds/);
  });
});

test("call rejects with CancelledError when the client cancels, and the handler sees it", async () => {
  let seen = false;
  const slow = toolOf((_args, ctx) =>
    new Promise((resolve) =>
      ctx.signal.addEventListener("abort", () => {
        seen = true;
        resolve(text("late"));
      })
    )
  );
  await withSandbox(moduleOf(slow), async ({ caller }) => {
    const abort = new AbortController();
    const call = caller.call("probe", {}, { signal: abort.signal });
    setTimeout(() => abort.abort(), 5);
    await assert.rejects(call, CancelledError);
    assert.equal(seen, true);
    await assert.rejects(caller.call("probe", {}, { signal: AbortSignal.abort() }), CancelledError);
  });
});

test("call in read-only mode hides and refuses every tool that is no reader", async () => {
  const writer = toolOf(() => text("written"), { effect: "add" });
  await withSandbox(moduleOf(echo, writer), async ({ caller, call }) => {
    assert.deepEqual(caller.tools.map((tool) => tool.name), ["echo"]);
    const reply = await call("probe", {});
    assert.deepEqual([reply.isError, /read-only/.test(reply.text)], [true, true]);
  }, { readOnly: true });
});

test("call caps a reply and says how much is missing", async () => {
  const huge = toolOf(() => text("x".repeat(2 * REPLY_CHARS_MAX), "Next: ask for page 2."));
  await withSandbox(moduleOf(huge), async ({ call }) => {
    const reply = await call("probe", {});
    assert.ok(reply.text.length <= REPLY_CHARS_MAX + 100, `${reply.text.length}`);
    assert.match(reply.text, /cut here: [\d,]+ more characters/);
    assert.match(reply.text, /Next: ask for page 2\.$/);
  });
});

test("call replaces lone surrogates, which JSON cannot carry as UTF-8", async () => {
  const broken = toolOf(() => text("a\ud800b"));
  await withSandbox(moduleOf(broken), async ({ call }) => {
    assert.equal((await call("probe", {})).text, "a\ufffdb");
  });
});

test("the log tells tool, duration, size and outcome; arguments and refusals only at debug", async () => {
  const said: Record<"info" | "debug", string[]> = { info: [], debug: [] };
  const log = {
    debug: (message: string | (() => string)) =>
      void said.debug.push(typeof message === "string" ? message : message()),
    info: (message: string) => void said.info.push(message),
    warn() {},
    error() {},
  };
  await withSandbox(moduleOf(echo), async ({ call }) => {
    assert.equal((await call("echo", { words: ["private"] })).isError, false);
    for (const args of [{ words: [], path: "/home/ada/diary.txt" }, { words: [], diary: 1 }]) {
      assert.equal((await call("echo", args)).isError, true);
    }
  }, { log });
  assert.equal(said.info.length, 3);
  assert.match(said.info[0] ?? "", /^call echo \d+\.\d ms \d+ characters ok$/);
  for (const line of said.info.slice(1)) assert.match(line, /^call echo \d+\.\d ms \d+ characters refused$/);
  assert.match(said.debug.join("\n"), /echo was refused: .*diary\.txt/);
});

test("the time limit of a call stands still while the client asks, where nobody waits", async () => {
  const asks = toolOf(async (_args, ctx) => text((await ctx.elicit?.("?", {}))?.action ?? "none"), {
    timeoutMs: 400,
  });
  await withSandbox(moduleOf(asks), async ({ caller }) => {
    const elicit = async () => {
      await sleep(600);
      return { action: "accept" as const };
    };
    const waited = await caller.call("probe", {}, { elicit });
    assert.match(JSON.stringify(waited.content), /was stopped: it took longer than 0\.4 seconds/);
    const unhurried = await caller.call("probe", {}, { elicit, unhurried: true });
    assert.deepEqual(unhurried.content, [{ type: "text", text: "accept" }]);
  });
});
