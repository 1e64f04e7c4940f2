import assert from "node:assert/strict";
import { test } from "node:test";
import { occurrences } from "../../lib/match.ts";
import { createRandom } from "../rig/random.ts";

/** The obvious search, to compare with. */
function plainly(text: string, passage: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(passage); at >= 0; at = text.indexOf(passage, at + 1)) found.push(at);
  return found;
}

test("occurrences finds overlapping places in order", () => {
  assert.deepEqual([...occurrences("aaaa", "aa")], [0, 1, 2]);
  assert.deepEqual([...occurrences("abc", "x")], []);
  assert.deepEqual([...occurrences("", "x")], []);
  assert.deepEqual([...occurrences("ab", "abc")], []);
});

test("occurrences agrees with indexOf on random repetitive text, short passages and long", () => {
  const random = createRandom();
  for (let round = 0; round < 300; round++) {
    const unit = random.list(6, () => random.pick(["a", "b", "é", "🎉"])).join("") || "a";
    const text = unit.repeat(1 + random.int(200)) + random.pick(["", "a", "bb"]) +
      unit.repeat(random.int(100));
    const start = random.int(text.length);
    const passage = text.slice(start, start + 1 + random.int(400)) + random.pick(["", "", "b"]);
    assert.deepEqual(
      [...occurrences(text, passage)],
      plainly(text, passage),
      `seed ${random.seed}, round ${round}`,
    );
  }
});

test("occurrences compares no more characters than a multiple of the text, however repetitive it is", () => {
  // Comparing each of the places in full takes 10^11 steps here: minutes. The test ends, or it does not.
  const text = "a".repeat(2_000_000);
  const half = "a".repeat(50_000);
  assert.deepEqual([...occurrences(text, `${half}b${half}`)], []);
  let found = 0;
  for (const _ of occurrences(`${text}\u20ac`, half + half)) found++;
  assert.equal(found, 1_900_001);
});
