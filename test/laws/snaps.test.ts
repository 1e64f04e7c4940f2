import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { test } from "node:test";
import { wireTool } from "../../lib/wire.ts";
import { modules } from "../../main.ts";
import { ROOT } from "./source.ts";

const FOLDER = `${ROOT}test/snaps/`;
const RENEW = "look at the difference, and when it is meant, run UPDATE_SNAPS=1 npm test";

/**
 * The wire form of every tool as it is kept in a file: what a change of a definition does is seen in review.
 */
function definitions(): Map<string, string> {
  const tools = modules.flatMap((module) => module.tools);
  return new Map(tools.map((tool) => [`${tool.name}.json`, `${JSON.stringify(wireTool(tool), null, 2)}\n`]));
}

async function snapshots(): Promise<Map<string, string>> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith(".json"));
  const texts = await Promise.all(names.map((name) => readFile(FOLDER + name, "utf8")));
  return new Map(names.map((name, i) => [name, (texts[i] ?? "").replaceAll("\r\n", "\n")]));
}

/** What differs between the definitions and the snapshots of them. */
function differences(defined: ReadonlyMap<string, string>, kept: ReadonlyMap<string, string>): string[] {
  const names = [...new Set([...defined.keys(), ...kept.keys()])].sort();
  return names.flatMap((name) => {
    const [now, before] = [defined.get(name), kept.get(name)];
    if (now === before) return [];
    if (before === undefined) return [`test/snaps/${name} is missing; run UPDATE_SNAPS=1 npm test`];
    if (now === undefined) return [`test/snaps/${name} is of no tool any more; run UPDATE_SNAPS=1 npm test`];
    const [was, is] = [before.split("\n"), now.split("\n")];
    const line = is.findIndex((one, i) => one !== was[i]);
    const change = `was ${(was[line] ?? "").trim()}, is ${(is[line] ?? "").trim()}`;
    return [`test/snaps/${name}:${line + 1} differs from the definition (${change}); ${RENEW}`];
  });
}

async function renew(defined: ReadonlyMap<string, string>): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  for (const name of (await snapshots()).keys()) if (!defined.has(name)) await rm(FOLDER + name);
  for (const [name, text] of defined) await writeFile(FOLDER + name, text);
}

test("law: the wire form of every tool is the one in test/snaps", async () => {
  const defined = definitions();
  if (process.env.UPDATE_SNAPS === "1") await renew(defined);
  assert.equal(differences(defined, await snapshots()).join("\n"), "");
});

test("law rejects its bad samples: a snapshot that is missing, stale or of no tool", () => {
  const defined = new Map([["a.json", '{\n  "name": "a"\n}\n']]);
  assert.deepEqual(differences(defined, defined), []);
  assert.match(
    differences(defined, new Map()).join(),
    /^test\/snaps\/a\.json is missing; run UPDATE_SNAPS=1 npm test$/,
  );
  const stale = differences(defined, new Map([["a.json", '{\n  "name": "b"\n}\n']])).join();
  assert.match(
    stale,
    /^test\/snaps\/a\.json:2 differs from the definition \(was "name": "b", is "name": "a"\)/,
  );
  assert.match(differences(new Map(), defined).join(), /^test\/snaps\/a\.json is of no tool any more/);
});
