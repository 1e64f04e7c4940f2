/**
 * The search tools with both engines, and a tree to search.
 * @module
 */
import assert from "node:assert/strict";
import { createSearch } from "../../lib/search/engine.ts";
import type { SearchEngine } from "../../lib/search/types.ts";
import { search } from "../../tools/search/index.ts";
import { type Sandbox, withSandbox } from "../support.ts";

/** The engine where nothing can be executed. */
export const BUILT_IN: SearchEngine = createSearch({
  confines: () => Promise.resolve(true),
  run: () => Promise.resolve(undefined),
});

const NOTE = "The slower built-in search was used: ripgrep cannot be run on this machine.";

/** Runs the same expectations with ripgrep and with the built-in search. */
export async function withBoth(work: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  await withSandbox([search], work);
  await withSandbox([search], async (sandbox) => {
    await work({
      ...sandbox,
      async call(name, args) {
        const reply = await sandbox.call(name, args);
        if (!reply.isError) assert.ok(reply.text.endsWith(NOTE), reply.text);
        return { ...reply, text: reply.text.slice(0, reply.isError ? undefined : -NOTE.length).trimEnd() };
      },
    });
  }, { search: BUILT_IN });
}

/** Files that show what is left out, and what is not. */
export const TREE: Readonly<Record<string, string>> = {
  ".gitignore": "*.log\n/build/\n",
  ".hidden/notes.md": "alpha hidden\n",
  ".git/config": "alpha git\n",
  "README.md": "# Alpha\n\nalpha beta\ngamma\n",
  "build/out.ts": "alpha built\n",
  "debug.log": "alpha log\n",
  "node_modules/pkg/index.ts": "alpha package\n",
  "src/app.ts": "const alpha = 1;\nconst beta = alpha + 1;\n\nexport { alpha, beta };\n",
  "src/deep/er/util.test.ts": "test alpha\n",
  "src/deep/er/util.ts": "export const util = 0;\n",
  "src/Budget 2026.txt": "budget\n",
  "src/build/keep.ts": "alpha kept\n",
};

/** The names that find_files lists. */
export function names(text: string): string[] {
  return text.startsWith("No file") ? [] : (text.split("\n\n")[0] ?? "").split("\n").slice(1);
}
