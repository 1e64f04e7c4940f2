/**
 * The reader's process: gets a document from the server, hands its Markdown back in pieces.
 * @module
 */
import { Buffer } from "node:buffer";
import type { Incoming, Parcel } from "../worker/channel.ts";
import type { Handlers, Kind } from "../worker/serve.ts";
import type { Document } from "./convert.ts";
import { Selection } from "./selection.ts";
import { Unreadable } from "./unreadable.ts";

/** Bytes asked for at a time. */
const CHUNK_BYTES = 1024 * 1024;

/** What the process answers: `convert` and `render`. The document itself is asked for with `bytes`. */
export const documents: Kind = (): Handlers => ({
  convert: async (value, incoming) => {
    const document = await fetchDocument(value, incoming);
    const { convert } = await import("./convert.ts");
    return await refusing(async () => {
      const outcome = await convert(document, async (markdown) => {
        await incoming.ask("markdown", null, [Buffer.from(markdown)]);
      });
      return { value: { ...outcome, format: outcome.format.id } };
    });
  },
  render: async (value, incoming) => {
    const document = await fetchDocument(value, incoming);
    const { renderPages } = await import("./readers/pdf.ts");
    return await refusing(async () => {
      const { pages, total } = await renderPages(document.bytes, new Selection(document.pages));
      return {
        value: { numbers: pages.map(({ number }) => number), total },
        bytes: pages.map(({ png }) => png),
      };
    });
  },
});

/** What the server says about a document; it is ours, so it is as we wrote it. */
interface Wish {
  readonly size: number;
  readonly name: string;
  readonly mimeType?: string;
  readonly pages?: string;
}

async function fetchDocument(value: unknown, { ask }: Incoming): Promise<Document> {
  const wish = value as Wish; // Written by documents.ts.
  const bytes = new Uint8Array(wish.size);
  for (let at = 0; at < wish.size;) {
    const answer = await ask("bytes", { at, length: Math.min(CHUNK_BYTES, wish.size - at) });
    const [piece] = answer.bytes;
    // A file that has become shorter meanwhile.
    if (piece === undefined || piece.length === 0) return { ...wish, bytes: bytes.subarray(0, at) };
    bytes.set(piece, at);
    at += piece.length;
  }
  return { ...wish, bytes };
}

/** Why a document cannot be read is an answer; everything else that is thrown is a failure of the reader. */
async function refusing(work: () => Promise<Parcel>): Promise<Parcel> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unreadable) return { value: { refused: { why: error.message, next: error.next } } };
    throw error;
  }
}
