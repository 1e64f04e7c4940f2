/**
 * The reader of documents before it is loaded: recognising a document costs nothing, reading one loads the
 * rest.
 * @module
 */
import { join } from "node:path";
import type { Log } from "../tool.ts";
import type { Workers } from "../worker/pool.ts";
import { recognise } from "./formats.ts";
import type { Documents } from "./types.ts";

/**
 * Makes the reader.
 * @param cacheFolder A folder of our own for what can be made again.
 */
export function openDocuments(cacheFolder: string, log: Log, workers: () => Promise<Workers>): Documents {
  let loaded: Promise<Documents> | undefined;
  const load = () => loaded ??= loadDocuments(join(cacheFolder, "documents"), log, workers);
  return {
    recognise,
    withMarkdown: async (...args) => await (await load()).withMarkdown(...args),
    pageImages: async (...args) => await (await load()).pageImages(...args),
    summary: async (...args) => await (await load()).summary(...args),
  };
}

async function loadDocuments(
  cacheFolder: string,
  log: Log,
  workers: () => Promise<Workers>,
): Promise<Documents> {
  const { createDocuments, readerOptions } = await import("./documents.ts");
  return createDocuments({ pool: (await workers()).pool(readerOptions()), cacheFolder, log });
}
