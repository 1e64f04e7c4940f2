/**
 * The worker that makes Markdown of HTML: pages come from strangers, and some would keep it busy for ever.
 * @module
 */
import { Buffer } from "node:buffer";
import type { Handlers, Kind } from "../worker/serve.ts";

/** What such a worker answers: UTF-8 in, UTF-8 out. */
export const page: Kind = async (): Promise<Handlers> => {
  const { asText, htmlToMarkdown } = await import("../markdown/html.ts");
  const answer = ({ markdown, title, notes }: ReturnType<typeof htmlToMarkdown>) => ({
    value: { title, notes },
    bytes: [Buffer.from(markdown)],
  });
  const source = (bytes: readonly Uint8Array[]) => Buffer.from(bytes[0] ?? []).toString("utf8");
  return {
    toMarkdown: (base, { bytes }) => answer(htmlToMarkdown(source(bytes), { base: String(base) })),
    toText: (why, { bytes }) => answer(asText(source(bytes), String(why))),
  };
};
