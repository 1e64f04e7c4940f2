import assert from "node:assert/strict";
import { test } from "node:test";
import { bodies, deferred, importsOf, statements, tokenize } from "./source.ts";

const words = (text: string) =>
  tokenize(text).filter((token) => token.kind === "word").map((token) => token.text);

test("tokenize skips strings, comments, templates and regular expressions, but not substitutions", () => {
  const text = [
    'const a = \'let\' + "var \\" let"; // let',
    "/* let\n let */ const b = `let ${inner({ c: `var ${deep}` })} let`;",
    "const d = /let\\/[/`'\"]let/g.test(e) ? f / g / h : (i) / j / k;",
    "return /[`]/;",
  ].join("\n");
  const expected = "const a const b inner c deep const d test e f g h i j k return";
  assert.equal(words(text).join(" "), expected);
});

test("tokenize knows line, column and depth", () => {
  const found = tokenize("a\n  (b, [`x\ny${c}`])\n").filter((token) => token.kind === "word");
  assert.deepEqual(found.map(({ text, line, column, depth }) => [text, line, column, depth]), [
    ["a", 1, 0, 0],
    ["b", 2, 3, 1],
    ["c", 3, 3, 3],
  ]);
});

test("importsOf tells values from types, and static from dynamic", () => {
  const text = [
    'import { a, type B } from "./a.ts";',
    'import { type C, type D } from "../d.ts";',
    'import type { E } from "e";',
    'import * as f from "node:fs";',
    'import "./side.ts";',
    'export { g } from "./g.ts";',
    'export const h = "./no.ts.txt";',
    'export const i = () => import("./i.ts");',
    'export const j = () => new URL("./j.ts", import.meta.url);',
    'export const k = () => compile("test/rig/k.ts");',
  ].join("\n");
  const found = importsOf({ path: "lib/x/y.ts", text });
  assert.deepEqual(found.map(({ specifier, path, typeOnly, how }) => [path ?? specifier, typeOnly, how]), [
    ["lib/x/a.ts", false, "static"],
    ["lib/d.ts", true, "static"],
    ["e", true, "static"],
    ["node:fs", false, "static"],
    ["lib/x/side.ts", false, "static"],
    ["lib/x/g.ts", false, "static"],
    ["lib/x/i.ts", false, "dynamic"],
    ["lib/x/j.ts", false, "named"],
    ["test/rig/k.ts", false, "named"],
  ]);
});

test("bodies finds functions, methods and arrow functions, whatever their return type", () => {
  const text = [
    "function a(x: { y: number }): { z: string } {",
    "  if (x) {",
    "  }",
    "}",
    "const b = async ({ c }: D): Promise<{ e: F }> => {",
    "};",
    "class G {",
    "  h(i = j()): i is { k: string } {",
    "  }",
    "}",
    "const l = m ? (n) : { o: p };",
    "const q = (r) => ({ s: t });",
    "try {",
    "} catch (u) {",
    "}",
  ].join("\n");
  const tokens = tokenize(text);
  const lines = bodies(tokens).map(({ start, end }) => [tokens[start]?.line, tokens[end]?.line]);
  assert.deepEqual(lines, [[1, 4], [5, 6], [8, 9]]);
});

test("statements and deferred tell what runs at import from what waits for a call", () => {
  const text = "const a = b(c.map((d) => e(d)), f);\ng();\nfunction h() {\n  i();\n}\n";
  const tokens = tokenize(text);
  assert.deepEqual(statements(tokens).map((statement) => statement[0]?.text), ["const", "g", "function"]);
  const inside = deferred(tokens);
  const now = tokens.filter((token, i) => token.kind === "word" && inside[i] === false).map((token) =>
    token.text
  );
  assert.deepEqual(now, ["const", "a", "b", "c", "map", "d", "f", "g", "function", "h"]);
});
