/**
 * What a law is, and how it is tested: the tree keeps it, and each of its bad samples breaks it.
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readTree, type SourceFile } from "./source.ts";

/** A rule over the files of the project. */
export interface Law {
  /** The rule as a sentence. */
  readonly rule: string;
  /** What breaks it, each as "file:line: what is wrong; what to do instead". */
  check(files: readonly SourceFile[]): string[];
  /** Sets of files that must be rejected: paths to texts. */
  readonly bad: readonly Readonly<Record<string, string>>[];
  /** Sets of files near the border that must be accepted. */
  readonly good?: readonly Readonly<Record<string, string>>[];
}

/** Declares the tests of laws. */
export function testLaws(laws: readonly Law[]): void {
  for (const { rule, check, bad, good = [] } of laws) {
    test(`law: ${rule}`, async () => {
      const broken = check(await readTree());
      if (broken.length > 0) assert.fail(`Broken in ${broken.length} places:\n${broken.join("\n")}`);
    });
    test(`law rejects its bad samples: ${rule}`, () => {
      for (const sample of bad) assert.notDeepEqual(check(made(sample)), [], JSON.stringify(sample));
      for (const sample of good) assert.deepEqual(check(made(sample)), []);
    });
  }
}

function made(sample: Readonly<Record<string, string>>): SourceFile[] {
  return Object.entries(sample).map(([path, text]) => ({ path, text }));
}
