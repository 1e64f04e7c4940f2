import assert from "node:assert/strict";
import { test } from "node:test";
import { asDrafted, closeDraft, type Draft, openDraft, revise } from "../../lib/draft.ts";
import { occurrences } from "../../lib/match.ts";
import { createRandom } from "../rig/random.ts";

/** Revises all non-overlapping places. */
function replaceAll(draft: Draft, oldText: string, newText: string): Draft {
  const starts: number[] = [];
  for (const start of occurrences(draft.text, asDrafted(oldText, draft))) {
    if (start >= (starts.at(-1) ?? -oldText.length) + asDrafted(oldText, draft).length) starts.push(start);
  }
  return revise(draft, starts, asDrafted(oldText, draft), asDrafted(newText, draft));
}

test("openDraft shows plain line ends, closeDraft restores each", () => {
  const samples = [
    "",
    "a",
    "a\n",
    "a\r\nb\r\n",
    "a\rb\r",
    "a\r\nb\nc\r\n",
    "a\r\r\n\rb\n",
    "\r\n\r\n\n",
    "a\r",
  ];
  for (const text of samples) {
    const draft = openDraft(text);
    assert.equal(closeDraft(draft), text, JSON.stringify(text));
    if (text.includes("\n")) assert.equal(draft.text, text.replaceAll("\r\n", "\n"));
  }
  assert.equal(openDraft("a\rb\r").text, "a\nb\n");
});

test("revise gives new lines the line ends of those they replace, or of their neighbours", () => {
  const mixed = openDraft("one\r\ntwo\r\nthree\nfour\n");
  assert.equal(closeDraft(replaceAll(mixed, "two\n", "2\n2b\n")), "one\r\n2\r\n2b\r\nthree\nfour\n");
  assert.equal(closeDraft(replaceAll(mixed, "three", "3\n3b")), "one\r\ntwo\r\n3\n3b\nfour\n");
  assert.equal(closeDraft(replaceAll(mixed, "two", "2\n2b")), "one\r\n2\r\n2b\r\nthree\nfour\n");
  assert.equal(closeDraft(replaceAll(mixed, "two\nthree\nfour", "2\n3\n4")), "one\r\n2\r\n3\n4\n");
  assert.equal(closeDraft(replaceAll(openDraft("a\r\nb"), "b", "b\nc\n")), "a\r\nb\r\nc\r\n");
  assert.equal(closeDraft(replaceAll(openDraft("a\rb\r"), "a\r", "a\nc\n")), "a\rc\rb\r");
  assert.equal(closeDraft(replaceAll(openDraft("a"), "a", "b\nc")), "b\nc");
});

test("revise leaves what both texts share untouched, line ends included", () => {
  const draft = openDraft("head\r\nmiddle\ntail\r\n");
  assert.equal(
    closeDraft(replaceAll(draft, "head\nmiddle\ntail", "head\nMIDDLE\ntail")),
    "head\r\nMIDDLE\ntail\r\n",
  );
  assert.equal(
    closeDraft(replaceAll(draft, "head\nmiddle\ntail", "new\nhead\nmiddle\ntail")),
    "new\r\nhead\r\nmiddle\ntail\r\n",
  );
  assert.equal(
    closeDraft(replaceAll(draft, "head\nmiddle\ntail", "head\nmiddle\nnew\ntail")),
    "head\r\nmiddle\nnew\r\ntail\r\n",
  );
});

test("revise records the changed places of several revisions, touching ones as one", () => {
  const first = openDraft("0123456789");
  const second = replaceAll(replaceAll(first, "2", "two"), "7", "");
  assert.deepEqual(second.changes, [
    { oldStart: 2, oldEnd: 3, newStart: 2, newEnd: 5 },
    { oldStart: 7, oldEnd: 8, newStart: 9, newEnd: 9 },
  ]);
  assert.deepEqual(replaceAll(second, "o3456", "-").changes, [
    { oldStart: 2, oldEnd: 8, newStart: 2, newEnd: 5 },
  ]);
});

test("revise: outside the recorded changes both texts are the same, in random revisions", () => {
  const random = createRandom();
  const piece = () => random.pick(["a", "b", "ab", "\n", "\r\n", "c\r\n", "", "é"]);
  for (let round = 0; round < 500; round++) {
    const text = random.list(30, piece).join("");
    const about = `seed ${random.seed}, round ${round}`;
    const first = openDraft(text);
    let draft = first;
    let plain = first.text;
    for (let step = 0; step < 4; step++) {
      const oldText = asDrafted(random.list(3, piece).join(""), draft);
      const newText = asDrafted(random.list(3, piece).join(""), draft);
      if (oldText === "" || !draft.text.includes(oldText)) continue;
      draft = replaceAll(draft, oldText, newText);
      plain = plain.split(oldText).join(newText);
    }
    assert.equal(draft.text, plain, about);
    let rebuilt = "";
    let done = 0;
    for (const change of draft.changes) {
      assert.ok(change.oldStart >= done, about);
      rebuilt += first.text.slice(done, change.oldStart);
      assert.equal(rebuilt.length, change.newStart, about);
      rebuilt += draft.text.slice(change.newStart, change.newEnd);
      done = change.oldEnd;
    }
    assert.equal(rebuilt + first.text.slice(done), draft.text, about);
    if (!text.includes("\r")) assert.equal(closeDraft(draft), draft.text, about);
  }
});
