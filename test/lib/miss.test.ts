import assert from "node:assert/strict";
import { test } from "node:test";
import { nearMisses } from "../../lib/miss.ts";

const SOURCE = [
  "import x from 'y';",
  "",
  "function alpha(a, b) {",
  "\tif (a) {",
  "\t\treturn b;",
  "\t}",
  "}",
  "",
  "const title = \u201cHello\u201d \u2014 world;",
  "function beta(a,b,c) {  ",
  "\treturn alpha(a, c) + 5;",
  "}",
  "",
].join("\n");

test("nearMisses names the cause when only white space, case or look-alikes differ", () => {
  const samples = [
    ["    if (a) {\n        return b;\n    }", 4, "indentation (tabs in the file, spaces in oldText)"],
    ["  return b;", 5, "indentation (tabs in the file, spaces in oldText)"],
    ["FUNCTION Alpha(a, b) {", 3, "letter case"],
    ["beta(a, b, c)", 10, "white space inside lines"],
    ["function beta(a,b,c) {\n\treturn alpha", 10, "white space at the ends of lines"],
    ["}\nconst title", 7, "blank lines"],
    ["if (a) { return b; }", 4, "where lines break"],
    ["return alpha(a, c) + 5;\n}\n\n\n", 11, "line ends before or after it"],
    [
      'const title = "Hello" - world;',
      9,
      "characters that look alike (quotes, dashes, accents, invisible ones)",
    ],
    ["re\u200bturn b", 5, "characters that look alike (quotes, dashes, accents, invisible ones)"],
  ] as const;
  for (const [passage, line, cause] of samples) {
    const [near] = nearMisses(SOURCE, passage, 1);
    assert.deepEqual([near?.line, near?.alike, near?.causes], [line, 1, [cause]], passage);
  }
});

test("nearMisses names several causes together", () => {
  const [near] = nearMisses(SOURCE, "  RETURN b;");
  assert.deepEqual(near?.causes, ["indentation (tabs in the file, spaces in oldText)", "letter case"]);
});

test("nearMisses finds a decomposed accent", () => {
  assert.equal(nearMisses("un cafe\u0301 noir\n", "caf\u00e9 noir")[0]?.line, 1);
});

test("nearMisses points at the first line that differs", () => {
  const [near] = nearMisses(SOURCE, "function beta(a,b,c) {  \n\treturn gamma(a, c) + 5;\n}");
  assert.equal(near?.line, 10);
  assert.ok(near !== undefined && near.alike < 1 && near.alike > 0.7);
  assert.deepEqual(near.difference, { index: 1, theirs: "\treturn gamma(a, c) + 5;" });
  assert.deepEqual(near.lines, ["function beta(a,b,c) {  ", "\treturn alpha(a, c) + 5;", "}"]);
});

test("nearMisses compares lines after the blank ones in front", () => {
  const [near] = nearMisses(SOURCE, "\n\nfunction alpha(a, z) {\n\tif (a) {");
  assert.equal(near?.line, 3);
  assert.deepEqual(near?.difference, { index: 0, theirs: "function alpha(a, z) {" });
});

test("nearMisses finds the nearest of many similar lines, best first", () => {
  const text = Array.from({ length: 3_000 }, (_, i) => `    const line${i} = ${i * 7}; // some words\n`).join(
    "",
  );
  const near = nearMisses(text, "const lime2718 = 19026; // some word");
  assert.equal(near[0]?.line, 2_719);
  assert.equal(near.length, 2);
});

test("nearMisses finds its place in a file of one long line", () => {
  const text = Array.from({ length: 5_000 }, (_, i) => `{"id":${i},"name":"item ${i}"},`).join("");
  const [near] = nearMisses(text, '{"id": 4321, "name": "item 4321"}');
  assert.equal(near?.line, 1);
  assert.equal(near?.column, text.indexOf('{"id":4321,'));
  assert.deepEqual(near?.causes, ["white space inside lines"]);
});

test("nearMisses finds the likest part of one long line", () => {
  const text = Array.from({ length: 5_000 }, (_, i) => `{"id":${i},"name":"item ${i}"},`).join("");
  const rare = text.replace('"item 4321"', '"a rare and precious thing"');
  const [near] = nearMisses(rare, '"name":"a rare and special thing"');
  const distance = Math.abs((near?.column ?? 0) - rare.indexOf('"name":"a rare'));
  assert.ok(distance < 500, `${distance} characters away`);
});

test("nearMisses shows nothing when nothing is like it", () => {
  assert.deepEqual(nearMisses(SOURCE, "zebra quux 0815"), []);
  assert.deepEqual(nearMisses(SOURCE, "Q"), []);
  assert.deepEqual(nearMisses(SOURCE, " \t\n\n\n\n"), []);
  assert.deepEqual(nearMisses("", "anything"), []);
});

test("nearMisses takes a passage and a text of many megabytes", () => {
  const text = Array.from({ length: 150_000 }, (_, i) => `    value ${i} stands here\n`).join("");
  assert.equal(nearMisses(text, text.slice(0, 1_000_000).replace("value 7 ", "Value  7 "))[0]?.line, 1);
  assert.deepEqual(nearMisses(" ".repeat(5_000_000), "a b"), []);
  assert.deepEqual(nearMisses("\n".repeat(5_000_000), "a b c d"), []);
});
