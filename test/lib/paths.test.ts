import { test } from "node:test";
import { playPaths } from "../rig/paths.ts";
import { createRandom } from "../rig/random.ts";

// A failure names its seed: `npm run test:stress -- --only paths --seed N` repeats it.
test("no tool shows, names or changes the outside, and none breaks, whatever path it is given", async () => {
  await playPaths(480, createRandom());
});
