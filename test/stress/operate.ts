/**
 * One file operation in a process of its own, so that a fault can be injected into its system calls.
 * Arguments: the operation, the allowed folder, and a second allowed folder on another file system.
 * Prints "ok", or "failed: …" when the layer refused or reported an error.
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { errorText } from "../../lib/errors.ts";
import { createFiles } from "../../lib/fs/files.ts";
import { openRoots } from "../../lib/fs/roots.ts";

const [operation = "", dir = "", elsewhere = ""] = process.argv.slice(2);
const { roots } = openRoots([{ path: dir, readOnly: false }, { path: elsewhere, readOnly: false }]);
const files = createFiles(roots);
const never = new AbortController().signal;
const content = new TextEncoder().encode("new ".repeat(50_000));

const operations: Readonly<Record<string, () => Promise<unknown>>> = {
  replace: () => files.write(join(dir, "file"), content),
  create: () => files.write(join(dir, "fresh/file"), content),
  move: () => files.move(join(dir, "file"), join(dir, "moved"), never),
  "move-away": () => files.move(join(dir, "file"), join(elsewhere, "moved"), never),
  "move-tree": () => files.move(join(dir, "tree"), join(elsewhere, "tree"), never),
  copy: () => files.copy(join(dir, "tree"), join(dir, "copied"), never),
};

try {
  await operations[operation]?.();
  process.stdout.write("ok\n");
} catch (error) {
  process.stdout.write(`failed: ${errorText(error)}\n`);
}
