/**
 * Reading documents, the server's side: what was read before comes from the cache, the rest is read in a
 * worker process, and its errors become instructions.
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { z } from "zod";
import { errorText, throwIfAborted, ToolError } from "../errors.ts";
import { sizeText } from "../format.ts";
import type { OpenFile } from "../fs/types.ts";
import {
  DOCUMENT_BYTES_MAX,
  DOCUMENT_KILL_MS,
  DOCUMENT_MEMORY_BYTES_MAX,
  MARKDOWN_CHARS_MAX,
  PAGE_IMAGES_MAX,
  SUMMARY_BYTES_MAX,
} from "../limits.ts";
import { readAt } from "../lines.ts";
import { SNIFF_BYTES } from "../media.ts";
import { showName } from "../names.ts";
import { sourceFolder } from "../runtime.ts";
import type { Log } from "../tool.ts";
import { version } from "../version.ts";
import { type Parcel, RemoteError } from "../worker/channel.ts";
import { WorkerEndedError } from "../worker/child.ts";
import type { Pool, PoolOptions } from "../worker/pool.ts";
import { type Cache, createCache } from "./cache.ts";
import { FORMATS, recognise } from "./formats.ts";
import type { Documents, Format, Markdown, Source, Summary, Watch } from "./types.ts";

/** What the reader is made with. */
export interface DocumentsOptions {
  /** Worker processes of the kind `document`. */
  readonly pool: Pool;
  /** A folder of our own for what can be made again. */
  readonly cacheFolder: string;
  readonly log: Log;
}

/** What readers of documents are started with. */
export function readerOptions(): PoolOptions {
  return {
    kind: "document",
    label: "The reader of documents",
    env: {},
    memoryBytesMax: DOCUMENT_MEMORY_BYTES_MAX,
    atOnceMax: 2,
    idleMax: 1,
    // A second page or a second document often follows; memory is given back soon.
    idleMs: 15_000,
    // From source under Deno: the PDF engine is a file there.
    permissions: [`--allow-read=${join(sourceFolder() ?? "", "node_modules")}`],
  };
}

/** What a worker or the cache says about a document, as it must look. */
const FACTS = z.object({
  format: z.string(),
  unit: z.enum(["page", "sheet", "slide", "chapter", "cell", "entry", "section"]),
  total: z.number().optional(),
  properties: z.record(z.string(), z.string()),
  lines: z.number(),
  parts: z.array(z.object({ name: z.string(), line: z.number() })),
  warnings: z.array(z.string()),
});
type Facts = z.infer<typeof FACTS>;

const REFUSED = z.object({ refused: z.object({ why: z.string(), next: z.string() }) });
const BYTES_WISH = z.object({ at: z.int().min(0), length: z.int().min(1).max(8 * 1024 * 1024) });
const IMAGES = z.object({ numbers: z.array(z.number()).max(PAGE_IMAGES_MAX), total: z.number() });

/** Bytes of Markdown that are taken: a character is at most three of them. */
const MARKDOWN_BYTES_MAX = 4 * MARKDOWN_CHARS_MAX;

/** Makes the reader. Nothing is started before the first document. */
export function createDocuments({ pool, cacheFolder, log }: DocumentsOptions): Documents {
  const cache = createCache(cacheFolder, log);
  const reader: Reader = { pool, cache, log };
  return {
    recognise,
    withMarkdown: (source, pages, watch, work) => withMarkdown(source, pages, watch, work, reader),
    async pageImages(source, pages, watch) {
      await refuseOthers(source);
      const { value, bytes } = await ask("render", source, pages, watch, reader);
      const { numbers, total } = IMAGES.parse(value);
      return {
        total,
        images: bytes.map((png, index) => ({
          name: `Page ${numbers[index] ?? index + 1}`,
          bytes: png,
          mimeType: "image/png",
        })),
      };
    },
    summary: (source, watch) => summary(source, watch, reader),
  };
}

interface Reader {
  readonly pool: Pool;
  readonly cache: Cache;
  readonly log: Log;
}

async function withMarkdown<T>(
  source: Source,
  pages: string | undefined,
  watch: Watch,
  work: (markdown: Markdown) => Promise<T>,
  reader: Reader,
): Promise<T> {
  const key = keyOf(source, pages);
  const kept = await reader.cache.open(key);
  if (kept !== undefined) {
    try {
      const facts = FACTS.safeParse(kept.facts);
      if (facts.success) return await work(markdownOf(facts.data, source, kept));
    } finally {
      await kept.close();
    }
  }
  const pieces: Uint8Array[] = [];
  let size = 0;
  const { value } = await ask("convert", source, pages, watch, reader, (piece) => {
    size += piece.length;
    if (size > MARKDOWN_BYTES_MAX) throw new Error("too much Markdown");
    pieces.push(piece);
  });
  const facts = FACTS.parse(value);
  const bytes = Buffer.concat(pieces);
  await reader.cache.put(key, bytes, facts);
  throwIfAborted(watch.signal);
  return await work(markdownOf(facts, source, {
    size: bytes.length,
    read: (buffer, position) => Promise.resolve(bytes.copy(buffer, 0, position)),
  }));
}

/** Only of PDF pages there are images. */
async function refuseOthers(source: Source): Promise<void> {
  const name = "file" in source ? source.file.path : source.name;
  const format = recognise(await bytesOf(source, { at: 0, length: SNIFF_BYTES }), name);
  if (format === FORMATS.pdf) return;
  throw new ToolError(
    `Cannot show the pages of "${showName(name)}": it is ${
      format?.name ?? "no document"
    }, and images are made ` +
      "only of PDF",
    "Leave out as to read it as Markdown, or ask the person for a PDF of it.",
  );
}

/**
 * What makes a result the same: the state of the file, or the bytes; the name, because some formats are told
 * by it; what was asked for; and the program that read it.
 */
function keyOf(source: Source, pages: string | undefined): string {
  const origin = "file" in source
    ? [source.file.real, source.file.info.identity]
    : [source.name, source.mimeType, createHash("sha256").update(source.bytes).digest("hex")];
  return createHash("sha256").update(JSON.stringify([version, pages?.trim(), ...origin])).digest("hex");
}

function markdownOf(
  facts: Facts,
  source: Source,
  { size, read }: Pick<OpenFile, "read"> & { size: number },
): Markdown {
  const format = formatOf(facts.format);
  const now = new Date(0);
  const file: OpenFile = "file" in source ? { ...source.file, info: { ...source.file.info, size }, read } : {
    path: source.name,
    real: source.name,
    info: {
      kind: "file",
      size,
      modified: now,
      accessed: now,
      created: now,
      mode: 0o400,
      links: 1,
      identity: "",
    },
    read,
  };
  return { ...facts, format, file };
}

function formatOf(id: string): Format {
  return Object.values(FORMATS).find((format) => format.id === id) ?? FORMATS.zip;
}

/** Has a worker do something with a document. */
async function ask(
  method: "convert" | "render",
  source: Source,
  pages: string | undefined,
  watch: Watch,
  { pool, log }: Reader,
  onMarkdown: (piece: Uint8Array) => void = () => {},
): Promise<Required<Parcel>> {
  const [name, size] = "file" in source
    ? [source.file.path, source.file.info.size]
    : [source.name, source.bytes.length];
  refuseSize(name, size);
  const wish = {
    size,
    name: basename(name),
    mimeType: "file" in source ? undefined : source.mimeType,
    pages,
  };
  watch.progress(0, undefined, `Reading ${basename(name)}`);
  let answer: Required<Parcel>;
  try {
    answer = await pool.run(method, wish, {
      signal: watch.signal,
      timeoutMs: DOCUMENT_KILL_MS,
      serve: async (asked, value, { bytes }) => {
        if (asked === "bytes") {
          return { value: null, bytes: [await bytesOf(source, BYTES_WISH.parse(value))] };
        }
        for (const piece of bytes) onMarkdown(piece);
        return { value: null };
      },
    });
  } catch (error) {
    throwIfAborted(watch.signal);
    throw explain(name, error, log);
  }
  const refused = REFUSED.safeParse(answer.value);
  if (!refused.success) return answer;
  throw new ToolError(
    `Cannot read "${showName(name)}": ${refused.data.refused.why}`,
    refused.data.refused.next,
  );
}

async function bytesOf(source: Source, { at, length }: { at: number; length: number }): Promise<Uint8Array> {
  if ("bytes" in source) return source.bytes.subarray(at, at + length);
  return await readAt(source.file, Buffer.allocUnsafe(length), at);
}

function refuseSize(name: string, size: number): void {
  if (size <= DOCUMENT_BYTES_MAX) return;
  throw new ToolError(
    `Cannot read "${showName(name)}": it has ${sizeText(size)}, and documents of up to ${
      sizeText(DOCUMENT_BYTES_MAX)
    } are read`,
    "Ask the person to split it, or to export what is needed.",
  );
}

/** What went wrong in the worker, for the model. */
function explain(name: string, error: unknown, log: Log): unknown {
  const what = `Cannot read "${showName(name)}"`;
  const fewer = 'If it is not damaged, ask for less of it: pages "1-5".';
  if (error instanceof WorkerEndedError) {
    const { ending } = error;
    if (ending.why === "memory") {
      return new ToolError(
        `${what}: reading it took more than ${sizeText(DOCUMENT_MEMORY_BYTES_MAX)} of memory`,
        fewer,
      );
    }
    if (ending.why === "signal" || ending.why === "exit") {
      return new ToolError(`${what}: it makes the reader crash, so it is damaged, or made to do harm`, fewer);
    }
    return error;
  }
  if (error instanceof ToolError) {
    return new ToolError(`${what}: reading it took longer than ${DOCUMENT_KILL_MS / 1000} seconds`, fewer);
  }
  if (error instanceof RemoteError) {
    log.error(`Reading a document failed: ${error.remoteStack}`);
    return new ToolError(
      `${what}: the reader fails at its contents (${errorText(error).slice(0, 200)})`,
      fewer,
    );
  }
  return error;
}

/** The part that tells most for the least work, by format. */
const SAMPLES: Readonly<Record<string, string>> = {
  pdf: "1",
  pptx: "1",
  odp: "1",
  epub: "1",
  docx: "1",
  xlsx: "A1",
  ods: "A1",
};

async function summary(source: Source, watch: Watch, reader: Reader): Promise<Summary | undefined> {
  const [name, size] = "file" in source
    ? [source.file.path, source.file.info.size]
    : [source.name, source.bytes.length];
  if (size > SUMMARY_BYTES_MAX) return undefined;
  const head = await bytesOf(source, { at: 0, length: SNIFF_BYTES });
  const format = recognise(head, name);
  const sample = SAMPLES[format?.id ?? ""];
  if (sample === undefined) return undefined;
  try {
    return await withMarkdown(source, sample, watch, (markdown) => Promise.resolve(markdown), reader);
  } catch (error) {
    throwIfAborted(watch.signal);
    if (error instanceof ToolError) return undefined;
    throw error;
  }
}
