import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { test } from "node:test";
import { z } from "zod";
import { type AnyTool, defineTool } from "../../lib/tool.ts";
import { text } from "../../lib/reply.ts";
import { version } from "../../lib/version.ts";
import { modules } from "../../main.ts";
import { readTree, ROOT } from "./source.ts";
import { breaks, lineOf, type Promised, promised } from "./versions.ts";

const FOLDER = "test/snaps/releases/";

async function releases(): Promise<Map<string, Promised[]>> {
  const names = (await readdir(ROOT + FOLDER)).filter((name) => name.endsWith(".json"));
  const entries = names.map(async (name) => {
    const tools: Promised[] = JSON.parse(await readFile(ROOT + FOLDER + name, "utf8"));
    return [name.slice(0, -".json".length), tools] as const;
  });
  return new Map(await Promise.all(entries));
}

/** A record is written once: what was released stays as it was. */
async function record(): Promise<void> {
  const tools = modules.flatMap((module) => module.tools).map(promised).sort((a, b) =>
    a.name < b.name ? -1 : 1
  );
  await writeFile(`${ROOT}${FOLDER}${version}.json`, `${JSON.stringify(tools, null, 2)}\n`, { flag: "wx" });
}

/** What breaks the promises of the releases that a version may not break. */
function broken(
  kept: ReadonlyMap<string, readonly Promised[]>,
  now: readonly Promised[],
  of: string,
): string[] {
  return [...kept].filter(([release]) => lineOf(release) === lineOf(of)).flatMap(([release, tools]) =>
    breaks(tools, now).map((what) => `Since ${release}, ${what}`)
  );
}

/** Versions that the list of changes calls released, and that were not recorded. */
function unrecorded(changelog: string, kept: ReadonlySet<string>): string[] {
  const versions = [...changelog.matchAll(/^## (\d+\.\d+\.\d+)(.*)$/gm)].filter(([, , rest]) =>
    !rest?.includes("unreleased")
  );
  return versions.flatMap(([, one = ""]) => {
    if (kept.has(one)) return [];
    return [`${FOLDER}${one}.json is missing: run npm run docs -- --release before ${one} is released`];
  });
}

/** Names of tools that mean two. */
function ambiguous(tools: readonly AnyTool[]): string[] {
  const names = tools.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  return names.filter((name, i) => names.indexOf(name) !== i).map((name) => `"${name}" names two tools`);
}

test("law: what a release offered works until the next version that may break", async () => {
  const tools = modules.flatMap((module) => module.tools).map(promised);
  assert.deepEqual(broken(await releases(), tools, version), []);
});

test("law: every released version is recorded", async () => {
  if (process.env.RECORD_RELEASE === "1") await record();
  const changelog = (await readTree()).find(({ path }) => path === "CHANGELOG.md")?.text ?? "";
  assert.match(changelog, /^## 0\.1\.0$/m);
  assert.deepEqual(unrecorded(changelog, new Set((await releases()).keys())), []);
});

test("law: no name or alias means two tools", () => {
  assert.deepEqual(ambiguous(modules.flatMap((module) => module.tools)), []);
  const [one] = modules.flatMap((module) => module.tools);
  assert.ok(one);
  assert.equal(ambiguous([one, { ...one, name: "other", aliases: [one.name] }]).length, 1);
});

const GOOD: AnyTool = defineTool({
  name: "paint",
  title: "Paint",
  description: "Paints",
  effect: "read",
  world: "closed",
  input: {
    color: z.enum(["red", "blue"]).describe("Color"),
    width: z.number().max(10).optional().describe("Width"),
    note: z.string().max(100).optional().describe("Note"),
    spots: z.array(z.strictObject({ x: z.number(), y: z.number().optional() })).optional().describe("Spots"),
    where: z.union([z.string(), z.number()]).optional().describe("Where"),
  },
  paths: [],
  run: () => text("done"),
});

/** The tool with some arguments changed; undefined takes one away. */
function changed(
  input: Readonly<Record<string, z.ZodType | undefined>>,
  more: Partial<AnyTool> = {},
): AnyTool {
  const entries = Object.entries({ ...GOOD.input, ...input }).filter(([, schema]) => schema !== undefined);
  return { ...GOOD, input: Object.fromEntries(entries) as AnyTool["input"], ...more };
}

const BAD: Readonly<Record<string, AnyTool[]>> = {
  "a tool is removed": [],
  "a tool is renamed": [changed({}, { name: "draw" })],
  "an argument is removed": [changed({ note: undefined })],
  "an argument is renamed": [changed({ note: undefined, remark: z.string().optional() })],
  "an argument becomes required": [changed({ note: z.string().max(100) })],
  "a required argument is added": [changed({ more: z.string() })],
  "a type is narrowed": [changed({ width: z.int().max(10).optional() })],
  "a type is changed": [changed({ note: z.boolean().optional() })],
  "a value of an enum is removed": [changed({ color: z.enum(["red"]) })],
  "an enum is made of a text": [changed({ note: z.enum(["a"]).optional() })],
  "a limit is lowered": [changed({ width: z.number().max(9).optional() })],
  "a limit is added": [changed({ width: z.number().min(0).max(10).optional() })],
  "a pattern is added": [changed({ note: z.string().max(100).regex(/^a/).optional() })],
  "a choice is removed": [changed({ where: z.string().optional() })],
  "a field is removed": [changed({ spots: z.array(z.strictObject({ x: z.number() })).optional() })],
  "a field becomes required": [
    changed({ spots: z.array(z.strictObject({ x: z.number(), y: z.number() })).optional() }),
  ],
  "a reader changes something": [changed({}, { effect: "add" })],
  "a tool goes to the internet": [changed({}, { world: "open" })],
};

const KEPT: Readonly<Record<string, AnyTool[]>> = {
  "nothing changes": [GOOD],
  "texts change": [changed({}, { description: "Colors", title: "Color" })],
  "a tool is renamed with an alias": [changed({}, { name: "draw", aliases: ["paint"] })],
  "an argument is renamed with an alias": [
    changed({ note: undefined, remark: z.string().max(100).optional() }, {
      argumentAliases: { note: "remark" },
    }),
  ],
  "a required one is renamed with an alias": [
    changed({ color: undefined, ink: z.enum(["red", "blue"]) }, { argumentAliases: { color: "ink" } }),
  ],
  "everything is widened": [
    changed({
      color: z.enum(["red", "blue", "green"]).optional(),
      width: z.number().max(20).optional(),
      note: z.string().optional(),
      where: z.union([z.string(), z.number(), z.boolean()]).optional(),
      more: z.string().optional(),
    }),
  ],
};

test("law rejects its bad samples: a promise that is broken without a new line of versions", () => {
  const release = new Map([["1.2.0", [promised(GOOD)]]]);
  for (const [what, tools] of Object.entries(BAD)) {
    const now = tools.map(promised);
    assert.notDeepEqual(broken(release, now, "1.9.9"), [], what);
    assert.deepEqual(broken(release, now, "2.0.0"), [], what);
  }
  for (const [what, tools] of Object.entries(KEPT)) {
    assert.deepEqual(broken(release, tools.map(promised), "1.9.9"), [], what);
  }
});

test("law rejects its bad samples: an alias that is given up, and versions before 1.0.0", () => {
  const renamed = changed({ note: undefined, remark: z.string().optional() }, {
    name: "draw",
    aliases: ["paint"],
    argumentAliases: { note: "remark" },
  });
  const release = new Map([["0.3.1", [promised(renamed)]]]);
  const forgotten = [promised({ ...renamed, aliases: [], argumentAliases: {} })];
  assert.deepEqual(broken(release, forgotten, "0.3.2"), [
    'Since 0.3.1, draw: its argument "note" is gone; keep it, or name it in argumentAliases',
    "Since 0.3.1, paint is gone; keep it, or name it in the aliases of another",
  ]);
  assert.deepEqual(broken(release, forgotten, "0.4.0"), []);
});

test("law rejects its bad samples: a release that was not recorded", () => {
  const page = "# Changes\n\n## 0.2.0 (unreleased)\n\n## 0.1.0\n";
  assert.deepEqual(unrecorded(page, new Set(["0.1.0"])), []);
  assert.equal(unrecorded(page, new Set()).length, 1);
});
