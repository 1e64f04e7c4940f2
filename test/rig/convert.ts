/**
 * Documents converted in this process, for tests of the readers.
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { convert } from "../../lib/documents/convert.ts";
import type { Outcome } from "../../lib/documents/sink.ts";
import { Unreadable } from "../../lib/documents/unreadable.ts";

/** Converts a document. */
export async function converted(
  name: string,
  content: string | Uint8Array,
  pages?: string,
): Promise<{ markdown: string; outcome: Outcome }> {
  let markdown = "";
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const outcome = await convert({ bytes, name, pages }, (piece) => {
    markdown += piece;
    return Promise.resolve();
  });
  return { markdown, outcome };
}

/** Why a document cannot be converted, and what to do. */
export async function refusal(
  name: string,
  content: string | Uint8Array,
  pages?: string,
): Promise<[why: string, next: string]> {
  try {
    await converted(name, content, pages);
  } catch (error) {
    if (error instanceof Unreadable) return [error.message, error.next];
    throw error;
  }
  return assert.fail(`${name} was converted`);
}
