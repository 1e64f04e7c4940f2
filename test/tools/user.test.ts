import assert from "node:assert/strict";
import { test } from "node:test";
import { withSandbox } from "../support.ts";
import { user } from "../../tools/user.ts";
import { toolSource, withBench } from "../rig/usertools.ts";

test("find_user_tools lists the tools with their arguments, by words, and the errors of files", async () => {
  await withBench(async ({ put, call, folder }) => {
    assert.equal((await call("find_user_tools")).text, `No tool is in "${folder}" yet.`);
    await put({
      "rain.ts": toolSource("rain_today", "", 'input: { city: z.string().describe("The city") },'),
      "sum.ts": toolSource("sum", ""),
      "broken.ts": "const a = ;",
    });
    const all = (await call("find_user_tools")).text;
    assert.match(all, /- rain_today \(read\): A tool of a test\n {2}arguments: .*"city".*"The city"/);
    assert.match(all, /- sum \(read\)/);
    assert.match(all, /\nError: broken\.ts:1: .*Mend that line and save the file\.$/);
    const some = (await call("find_user_tools", { query: "Today RAIN" })).text;
    assert.match(some, /rain_today/);
    assert.doesNotMatch(some, /sum/);
    assert.match(
      (await call("find_user_tools", { query: "snow" })).text,
      /^No tool matches "snow"\. There are: rain_today, sum\./,
    );
  });
});

test("find_user_tools says so when there is no folder", async () => {
  await withSandbox([user], async ({ call }) => {
    assert.equal((await call("find_user_tools", {})).text, "There is no folder for the person's own tools.");
    assert.match((await call("call_user_tool", { name: "x" })).text, /^There is no user tool "x"/);
  });
});

test("call_user_tool calls the newest version, names the nearest, reaches no built-in one", async () => {
  await withBench(async ({ put, call }) => {
    const source = toolSource("add", "return args.a + args.b;", "input: { a: z.number(), b: z.number() },");
    await put({ "add.ts": source });
    assert.equal((await call("call_user_tool", { name: "add", arguments: { a: 1, b: 2 } })).text, "3");
    await put({ "add.ts": source.replace("args.a +", "100 + args.a +") });
    assert.equal((await call("call_user_tool", { name: "add", arguments: { a: 1, b: 2 } })).text, "103");
    assert.match(
      (await call("call_user_tool", { name: "add", arguments: { a: 1 } })).text,
      /add takes: a, b\./,
    );
    assert.match((await call("call_user_tool", { name: "ad" })).text, /no user tool "ad"\nNearest: add\./);
    assert.match((await call("call_user_tool", { name: "get_time" })).text, /no user tool "get_time"/);
    assert.match((await call("call_user_tool", { name: "call_user_tool" })).text, /no user tool/);
  });
});

test("the prompt write_user_tool tells where the file goes and shows a tool that works", async () => {
  await withBench(async ({ put, call, caller, folder }) => {
    const [prompt] = user.prompts;
    const text = await prompt?.render({ task: "greet" }, await caller.context()) ?? "";
    assert.ok(text.includes(folder));
    const source = text.slice(text.indexOf("import {"), text.indexOf("});") + 3);
    await put({ "city.ts": source });
    assert.equal((await call("city_weather", { city: "Oslo" })).text, "text, or an object");
  });
});
