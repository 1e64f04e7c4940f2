/**
 * HTML to Markdown in a worker process that can be killed.
 * @module
 */
import { Buffer } from "node:buffer";
import { throwIfAborted } from "../errors.ts";
import { HTML_MS_MAX } from "../limits.ts";
import type { Pool } from "../worker/pool.ts";

/** A page as Markdown. */
export interface Converted {
  readonly markdown: string;
  readonly title: string;
  readonly notes: readonly string[];
}

/** Makes Markdown of the HTML of a page. */
export type Convert = (html: string, url: string, signal: AbortSignal) => Promise<Converted>;

/**
 * Makes it. A page that takes too long or too much memory becomes plain text instead, which needs little of
 * both.
 */
export function createConvert(pool: () => Promise<Pool>): Convert {
  return async (html, url, signal) => {
    const run = async (method: string, argument: string) => {
      const job = { bytes: [Buffer.from(html)], signal, timeoutMs: HTML_MS_MAX };
      const { value, bytes } = await (await pool()).run(method, argument, job);
      return read(value, bytes);
    };
    try {
      return await run("toMarkdown", url);
    } catch {
      throwIfAborted(signal);
      return await run("toText", "too complicated to be made into Markdown");
    }
  };
}

/** What a worker answered: nothing of it is taken for granted. */
function read(value: unknown, bytes: readonly Uint8Array[]): Converted {
  const { title, notes } = typeof value === "object" && value !== null
    ? value as { title?: unknown; notes?: unknown } // Looked at field by field.
    : {};
  return {
    markdown: Buffer.from(bytes[0] ?? []).toString("utf8"),
    title: typeof title === "string" ? title : "",
    notes: Array.isArray(notes) ? notes.filter((note) => typeof note === "string") : [],
  };
}
