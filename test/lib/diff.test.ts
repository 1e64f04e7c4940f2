import assert from "node:assert/strict";
import { test } from "node:test";
import { applyPatch } from "diff";
import { excerpt, fenced, unifiedDiff } from "../../lib/diff.ts";
import { type Draft, openDraft, revise } from "../../lib/draft.ts";
import { DIFF_CHARS_MAX, DIFF_LINE_CHARS_MAX, DIFF_STEPS_MAX } from "../../lib/limits.ts";
import { occurrences } from "../../lib/match.ts";
import { createRandom } from "../rig/random.ts";

function replace(draft: Draft, oldText: string, newText: string): Draft {
  return revise(draft, [...occurrences(draft.text, oldText)], oldText, newText);
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `line ${i + 1}.\n`).join("");

test("unifiedDiff shows three lines around a change, under their numbers", async () => {
  const before = openDraft(numbered(20));
  const after = replace(before, "line 10.\n", "ten\nand more\n");
  const { text, cutAt } = await unifiedDiff(before.text, after.text, after.changes);
  assert.equal(
    text,
    "@@ -7,7 +7,8 @@\n line 7.\n line 8.\n line 9.\n-line 10.\n+ten\n+and more\n" +
      " line 11.\n line 12.\n line 13.",
  );
  assert.equal(cutAt, undefined);
});

test("unifiedDiff counts blank lines at the beginning", async () => {
  const before = openDraft("\na\nb\n");
  const after = replace(before, "b", "c");
  const { text } = await unifiedDiff(before.text, after.text, after.changes);
  assert.equal(text, "@@ -1,3 +1,3 @@\n \n a\n-b\n+c");
});

test("unifiedDiff joins near changes, separates far ones and counts on past the first", async () => {
  const before = openDraft(numbered(60));
  let after = replace(before, "line 10.\n", "ten\nand more\n");
  after = replace(after, "line 14.", "fourteen");
  after = replace(after, "line 50.\n", "");
  const { text } = await unifiedDiff(before.text, after.text, after.changes);
  assert.deepEqual(text.match(/^@@.*/gm), ["@@ -7,11 +7,12 @@", "@@ -47,7 +48,6 @@"]);
});

test("unifiedDiff says when a last line has no line end", async () => {
  const before = openDraft("a\nb");
  const after = replace(before, "b", "c");
  const { text } = await unifiedDiff(before.text, after.text, after.changes);
  assert.equal(
    text,
    "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file",
  );
});

test("unifiedDiff of a text that becomes empty, or was", async () => {
  const full = openDraft("a\n");
  const empty = replace(full, "a\n", "");
  assert.equal((await unifiedDiff(full.text, empty.text, empty.changes)).text, "@@ -1,1 +0,0 @@\n-a");
  const changes = [{ oldStart: 0, oldEnd: 0, newStart: 0, newEnd: 2 }];
  assert.equal((await unifiedDiff("", "a\n", changes)).text, "@@ -0,0 +1,1 @@\n+a");
});

test("unifiedDiff is empty when changes cancel each other out", async () => {
  const before = openDraft("a b c\n");
  const after = replace(replace(before, "b", "x"), "x", "b");
  assert.equal((await unifiedDiff(before.text, after.text, after.changes)).text, "");
});

test("unifiedDiff makes patches that a patch program applies, for random revisions", async () => {
  const random = createRandom();
  for (let round = 0; round < 200; round++) {
    const line = () => random.pick(["a\n", "b\n", "c d\n", "\n", "e\n", "f\n"]);
    const before = openDraft(random.list(40, line).join("") + random.pick(["", "end"]));
    let after = before;
    for (let step = 0; step < 3; step++) {
      const start = random.int(before.text.length);
      const oldText = after.text.slice(start, start + 1 + random.int(6));
      if (oldText === "") continue;
      const newText = random.list(3, line).join("") + random.pick(["", "x"]);
      after = revise(after, [start], oldText, newText);
    }
    const { text } = await unifiedDiff(before.text, after.text, after.changes);
    const about = `seed ${random.seed}, round ${round}\n${text}`;
    assert.equal(
      text === "" ? before.text : applyPatch(before.text, `--- a\n+++ a\n${text}\n`),
      after.text,
      about,
    );
  }
});

test("unifiedDiff cuts what is longer than its budget and says at which line", async () => {
  const before = openDraft(numbered(3_000));
  const after = replace(before, "line", "LINE");
  const { text, cutAt } = await unifiedDiff(before.text, after.text, after.changes);
  assert.ok(text.length <= DIFF_CHARS_MAX + 200, `${text.length} characters`);
  assert.ok(cutAt !== undefined && cutAt >= 1 && cutAt < 3_000);
});

test("unifiedDiff shows all out and all in where comparing would take too long", async () => {
  const rows = DIFF_STEPS_MAX + 10;
  const before = openDraft(`top\n${"old\n".repeat(rows)}bottom\n`);
  const oldText = "old\n".repeat(rows);
  const newText = Array.from({ length: rows }, (_, i) => `${i}\n`).join("");
  const after = revise(before, [4], oldText, newText);
  const { text } = await unifiedDiff(before.text, after.text, after.changes);
  assert.ok(text.startsWith(`@@ -1,${rows + 2} +1,${rows + 2} @@\n top\n-old\n-old\n`), text.slice(0, 80));
});

test("unifiedDiff shows of a very long line the part that differs", async () => {
  const before = openDraft(`${"x".repeat(500_000)}needle${"y".repeat(500_000)}\n`);
  const after = replace(before, "needle", "pin");
  const { text } = await unifiedDiff(before.text, after.text, after.changes);
  assert.ok(text.length < 3 * DIFF_LINE_CHARS_MAX, `${text.length} characters`);
  const [, removed, added] = text.split("\n");
  assert.match(removed ?? "", /^-\[\+499,900 characters\] x+needley+ \[\+\d[\d,]+ characters\]$/);
  assert.match(added ?? "", /^\+\[\+499,900 characters\] x+piny+ \[\+\d[\d,]+ characters\]$/);
});

test("excerpt never cuts a character in half", () => {
  for (let focus = 0; focus < 1_000; focus += 7) {
    assert.ok(excerpt("🎉".repeat(1_000), focus).isWellFormed(), `focus ${focus}`);
  }
});

test("fenced is longer than any run of backticks inside", () => {
  assert.equal(fenced("a", "diff"), "```diff\na\n```");
  assert.equal(fenced("``` and ````"), "`````\n``` and ````\n`````");
});
