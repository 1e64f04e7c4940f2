import assert from "node:assert/strict";
import { test } from "node:test";
import { showName } from "../../lib/names.ts";

test("showName leaves ordinary names alone, in every script", () => {
  for (const name of ["a.txt", "My file (1).md", "übung", "日本語", "👨‍👩‍👧.png", "a\\b", "/home/u/x", "it's"]) {
    assert.equal(showName(name), name);
  }
});

test("showName writes a name that could mislead as a JSON string that means the same", () => {
  for (
    const name of [
      "a\nb",
      "a\u202eb",
      "\u001b[31m",
      "x\u0085y",
      "a\u2028b",
      "a -> b",
      " x",
      "x ",
      "a  1 kB",
      '"a"',
      "\u{e0041}",
      "a\u200bb",
      "lone\ud800",
      'q"\n\\',
    ]
  ) {
    const shown = showName(name);
    assert.match(shown, /^"[^\n]*"$/);
    assert.equal(JSON.parse(shown), name);
    assert.doesNotMatch(shown, /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202e\u200b]/u);
  }
});
