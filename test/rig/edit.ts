/**
 * A file and a shorthand to edit it, for the tests of `edit_file`.
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Module } from "../../lib/tool.ts";
import { editTools } from "../../tools/files/edit.ts";
import { type Sandbox, withSandbox } from "../support.ts";

/** A module of `edit_file` alone. */
export const EDITING: Module = {
  name: "edit",
  title: "Edit",
  instructions: "",
  tools: editTools,
  prompts: [],
};

/** One edit of `edit_file`. */
export interface Edit {
  oldText: string;
  newText: string;
  replaceAll?: boolean;
}

/** A sandbox with one file in it, and a shorthand to edit that file. */
export async function withFile(
  content: string | Uint8Array,
  work: (
    edit: (...edits: Edit[]) => Promise<{ text: string; isError: boolean }>,
    read: () => Promise<Buffer>,
    sandbox: Sandbox,
  ) => Promise<void>,
): Promise<void> {
  await withSandbox([EDITING], async (sandbox) => {
    await sandbox.put({ "file.txt": content });
    const path = join(sandbox.dir, "file.txt");
    await work((...edits) => sandbox.call("edit_file", { path, edits }), () => readFile(path), sandbox);
  });
}

/** Expects one edit to be refused with these words, and the file to stay as it is. */
export async function refuses(
  content: string | Uint8Array,
  edit: Edit | Edit[],
  ...expected: RegExp[]
): Promise<void> {
  await withFile(content, async (call, read) => {
    const { text, isError } = await call(...[edit].flat());
    assert.equal(isError, true, text);
    for (const pattern of expected) assert.match(text, pattern);
    assert.deepEqual(await read(), Buffer.from(content), "the file was changed");
  });
}
