import { test } from "node:test";
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { startDeadline } from "../../lib/deadline.ts";

test("startDeadline calls when the time is over, not in a pause, and never after its end", async () => {
  const passed = Promise.withResolvers<void>();
  let isPaused = false;
  const deadline = startDeadline(
    30,
    () => isPaused ? passed.reject(new Error("in a pause")) : passed.resolve(),
  );
  isPaused = true;
  await Promise.all([deadline.pause(() => sleep(40)), deadline.pause(() => sleep(60))]);
  isPaused = false;
  await passed.promise;
  let calls = 0;
  const ended = startDeadline(1, () => calls++);
  const pausing = ended.pause(() => sleep(5));
  ended.clear();
  await pausing;
  await sleep(10);
  assert.equal(calls, 0);
});
