import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { text } from "../../lib/reply.ts";
import { defineModule, defineTool } from "../../lib/tool.ts";
import { wireTool } from "../../lib/wire.ts";
import { withBench } from "../rig/usertools.ts";
import { withSandbox } from "../support.ts";

const paint = defineTool({
  name: "paint",
  title: "Paint",
  description: "Paints",
  effect: "read",
  world: "closed",
  aliases: ["color", "stroke"],
  argumentAliases: { colour: "ink", file: "path" },
  input: { ink: z.string().describe("Ink"), path: z.string().optional().describe("Path") },
  paths: ["path"],
  run: ({ ink, path }) => text(`${ink} ${path ?? "nowhere"}`),
});

const stroke = defineTool({
  name: "stroke",
  title: "Stroke",
  description: "Strokes",
  deprecated: "Use paint instead.",
  effect: "read",
  world: "closed",
  input: {},
  paths: [],
  run: () => text("stroked"),
});

const modules = [
  defineModule({ name: "art", title: "Art", instructions: "", tools: [paint, stroke], prompts: [] }),
];

test("a tool answers to the names it had, and says which it has now", async () => {
  await withSandbox(modules, async ({ call, dir, caller, outside }) => {
    assert.deepEqual((await call("paint", { ink: "red" })).text, "red nowhere");
    const old = await call("color", { colour: "red", file: "a.txt" });
    assert.equal(
      old.text,
      [
        `red ${dir}/a.txt`,
        'Note: "color" is called "paint" now; use that name.',
        'Note: the argument "colour" of paint is called "ink" now; use that name.',
        'Note: the argument "file" of paint is called "path" now; use that name.',
      ].join("\n"),
    );
    // Under an older name, too, it is a path and checked as one.
    assert.ok((await call("color", { ink: "red", file: `${outside}/a.txt` })).isError);
    const both = await call("paint", { ink: "red", colour: "blue" });
    assert.match(both.text, /"colour" and "ink" are two names of one argument\nGive "ink" alone/);
    assert.match((await call("paint", { colour: "red", __proto__: null, toString: 1 })).text, /unknown/);
    await assert.rejects(caller.call("colors", {}), /Unknown tool/);
    assert.deepEqual(caller.tools.map(({ name }) => name), ["paint", "stroke"]);
  });
});

test("a name belongs to the tool that has it, not to the one that had it", async () => {
  await withSandbox(modules, async ({ call }) => {
    assert.equal(
      (await call("stroke", {})).text,
      "stroked\nNote: stroke is deprecated: Use paint instead.",
    );
  });
  assert.equal(wireTool(stroke).description, "Deprecated: Use paint instead. Strokes");
});

test("a renamed user tool is called by its older names, also through call_user_tool", async () => {
  const source = (aliases: string) =>
    `import { defineTool, z } from "clawhammer";
    export default defineTool({
      name: "forecast", description: "Forecasts", effect: "read", version: "2.0.0",
      deprecated: "Look outside.",
      ${aliases}
      input: { city: z.string() },
      run: ({ city }) => "rain in " + city,
    });`;
  await withBench(async ({ put, call, user }) => {
    await put({ "forecast.ts": source('aliases: ["weather"], argumentAliases: { town: "city" },') });
    const notes = [
      "rain in Oslo",
      'Note: "weather" is called "forecast" now; use that name.',
      "Note: forecast is deprecated: Look outside.",
      'Note: the argument "town" of forecast is called "city" now; use that name.',
    ];
    assert.equal((await call("weather", { town: "Oslo" })).text, notes.join("\n"));
    const args = { name: "weather", arguments: { town: "Oslo" } };
    assert.equal((await call("call_user_tool", args)).text, notes.join("\n"));
    assert.equal(user.modules[0]?.tools[0]?.version, "2.0.0");
    for (const wrong of ['aliases: ["Bad name"],', 'argumentAliases: { town: "gone" },']) {
      await put({ "forecast.ts": source(wrong) });
      await user.refresh();
      assert.match(user.problems[0]?.what ?? "", /has the (alias|argumentAliases)/);
    }
  });
});
