/**
 * Reading files: `read_file` and `read_multiple_files`.
 * @module
 */
import { z } from "zod";
import { errorText, throwIfAborted, ToolError } from "../../lib/errors.ts";
import { sizeText } from "../../lib/format.ts";
import {
  FILES_PER_CALL_MAX,
  MEDIA_BYTES_MAX,
  READ_LINES_DEFAULT,
  REPLY_CHARS_MAX,
} from "../../lib/limits.ts";
import { showName } from "../../lib/names.ts";
import { media, type Part, type Reply, text } from "../../lib/reply.ts";
import { type AnyTool, type Context, defineTool } from "../../lib/tool.ts";
import { type Asked, describeBytes, look, type Seen, type SeenBytes, showText } from "./content.ts";
import { documentFormat, FORMS, lookInside, pageImages } from "./document.ts";

/**
 * Characters of content in one reply; the rest of REPLY_CHARS_MAX is for titles and for what was left out.
 */
const CONTENT_CHARS = REPLY_CHARS_MAX - 1_000;

const readFile = defineTool({
  name: "read_file",
  title: "Read a file",
  description:
    "Reads text exactly as it is, images and audio as media, documents (PDF, Office, HTML, mail, ZIP, …) " +
    "as Markdown. A reply that is cut names the call that continues. Several files: read_multiple_files. " +
    "Folders: list_directory. Where something stands: search_text.",
  effect: "read",
  world: "closed",
  input: {
    path: z.string().describe("The file"),
    offset: z.int().optional().describe("First line, from 1; negative: from the end. Default 1"),
    limit: z.int().min(1).optional().describe(`Lines to return. Default ${READ_LINES_DEFAULT}`),
    pages: z.string().optional().describe('Of a document: "3-7", a sheet, "Costs!A1:D20"'),
    as: z.enum(FORMS).optional().describe("text: the source; images: PDF pages"),
  },
  paths: ["path"],
  async run({ path, offset = 1, limit, pages, as }, ctx) {
    const asked = { offset, limit, also: { pages, as } };
    return await ctx.files.withFile(path, async (file) => {
      const plain = await look(file, asked, CONTENT_CHARS, ctx);
      const format = documentFormat(plain, { pages, as }, ctx);
      if (format !== undefined && as === "images") return await pageImages(file, pages, ctx);
      const seen = format === undefined ? plain : await lookInside(file, plain, asked, CONTENT_CHARS, ctx);
      if (seen.kind === "bytes") return bytesReply(seen);
      const shown = showText(seen, asked, CONTENT_CHARS - path.length, false);
      return text(shown.text, shown.more);
    });
  },
});

const readMultipleFiles = defineTool({
  name: "read_multiple_files",
  title: "Read several files",
  description:
    `Reads up to ${FILES_PER_CALL_MAX} files at once, each under its path; one that cannot be read does ` +
    "not spoil the others. They share one reply, so long ones are cut and name the read_file call that " +
    "continues.",
  effect: "read",
  world: "closed",
  input: { paths: z.array(z.string()).min(1).max(FILES_PER_CALL_MAX).describe("The files") },
  // Each path is checked on its own below: a wrong one must not fail the whole call.
  paths: [],
  async run({ paths }, ctx) {
    const results: (Seen | { kind: "error"; path: string; message: string })[] = [];
    for (const path of paths) {
      throwIfAborted(ctx.signal);
      results.push(await lookOrError(path, ctx));
      ctx.progress(results.length, paths.length, "Files read");
    }
    return { parts: sections(results) };
  },
});

/** The tools of this file. */
export const readTools: readonly AnyTool[] = [readFile, readMultipleFiles];

/** A file that is not text, as a reply: media where it is, else what it is. */
function bytesReply(seen: SeenBytes): Reply {
  const { path, size, type, head } = seen;
  if (type === undefined || (type.kind !== "image" && type.kind !== "audio")) {
    return text(describeBytes(seen));
  }
  const what = `${type.name} of ${sizeText(size)}`;
  if (size > MEDIA_BYTES_MAX) {
    throw new ToolError(
      `Cannot show "${showName(path)}": it is a ${what}, and a reply carries at most ${
        sizeText(MEDIA_BYTES_MAX)
      }`,
      "Ask the person for a smaller copy of it.",
    );
  }
  return media(type.kind, head, type.mimeType, `${showName(path)}: ${what}`);
}

const WHOLE: Asked = { offset: 1 };

async function lookOrError(path: string, ctx: Context) {
  try {
    const settled = await ctx.files.settle(ctx.files.resolve(path));
    return await ctx.files.withFile(settled, async (file) => {
      const plain = await look(file, WHOLE, CONTENT_CHARS, ctx);
      const format = documentFormat(plain, {}, ctx);
      return format === undefined ? plain : await lookInside(file, plain, WHOLE, CONTENT_CHARS, ctx);
    });
  } catch (error) {
    throwIfAborted(ctx.signal);
    return { kind: "error" as const, path, message: errorText(error) };
  }
}

/** Every file under its title. Short ones are shown whole; the long ones share evenly what these leave. */
function sections(results: readonly (Seen | { kind: "error"; path: string; message: string })[]): Part[] {
  const render = (result: (typeof results)[number], chars: number): Part[] => {
    if (result.kind === "error") {
      return [{ type: "text", text: `==> ${showName(result.path)}\n${result.message}\n` }];
    }
    if (result.kind === "bytes") return bytesParts(result);
    const { text: body, more } = showText(result, WHOLE, chars, true);
    return [{ type: "text", text: `==> ${body}\n${more === undefined ? "" : `[${more}]\n`}` }];
  };
  const full = results.map((result) => render(result, CONTENT_CHARS));
  const needs = full.map((parts) =>
    parts.reduce((sum, part) => sum + (part.type === "text" ? part.text.length : 0), 0)
  );
  const shares = fairShares(needs, CONTENT_CHARS);
  const parts = results.flatMap((result, index) => {
    const share = shares[index] ?? 0;
    // A title and the call that continues take some of the share.
    return (needs[index] ?? 0) <= share
      ? full[index] ?? []
      : render(result, Math.max(100, share - 200 - 2 * result.path.length));
  });
  return joined(parts);
}

function bytesParts(seen: SeenBytes): Part[] {
  try {
    return bytesReply(seen).parts.map((part) =>
      part.type === "text" ? { ...part, text: `==> ${part.text}\n` } : part
    );
  } catch (error) {
    return [{ type: "text", text: `==> ${showName(seen.path)}\n${errorText(error)}\n` }];
  }
}

/** Divides `total` so that nobody gets more than needed, and those who need more all get the same. */
function fairShares(needs: readonly number[], total: number): number[] {
  const shares = needs.map(() => 0);
  const order = needs.map((_, index) => index).sort((a, b) => (needs[a] ?? 0) - (needs[b] ?? 0));
  let remaining = total;
  order.forEach((index, position) => {
    const share = Math.min(needs[index] ?? 0, Math.floor(remaining / (order.length - position)));
    shares[index] = share;
    remaining -= share;
  });
  return shares;
}

/** Neighbouring texts become one part. */
function joined(parts: readonly Part[]): Part[] {
  const out: Part[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (part.type === "text" && last?.type === "text") {
      out[out.length - 1] = { type: "text", text: `${last.text}\n${part.text}` };
    } else out.push(part);
  }
  return out;
}
