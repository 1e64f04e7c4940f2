import { test } from "node:test";
import assert from "node:assert/strict";
import { complain, print } from "../../lib/cli/output.ts";

test("print and complain leave no listener behind, however often they are called", async () => {
  const listeners = () => [process.stdout, process.stderr].map((stream) => stream.listenerCount("error"));
  const before = listeners();
  for (let i = 0; i < 12; i++) {
    await print("");
    await complain("nothing, this is a test");
  }
  assert.deepEqual(listeners(), before);
});
