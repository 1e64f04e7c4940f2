/**
 * Searching inside of documents: their Markdown, which the next search and read_file find in the cache.
 * @module
 */
import { Buffer } from "node:buffer";
import { DOCUMENT_EXTENSIONS, FORMATS, textualFormat } from "../../lib/documents/formats.ts";
import type { Markdown } from "../../lib/documents/types.ts";
import { CancelledError, throwIfAborted, ToolError } from "../../lib/errors.ts";
import { count, counted } from "../../lib/format.ts";
import { SEARCH_DOCUMENTS_MAX, SEARCH_DOCUMENTS_MS_MAX } from "../../lib/limits.ts";
import { readAt } from "../../lib/lines.ts";
import { SNIFF_BYTES } from "../../lib/media.ts";
import { compileNamePattern } from "../../lib/search/names.ts";
import { isFolder } from "../../lib/search/scope.ts";
import type { FileLines, Scope, TextQuery } from "../../lib/search/types.ts";
import type { Context } from "../../lib/tool.ts";
import { excerpts, type Hit } from "./excerpt.ts";
import { pathOf, shownPath } from "./places.ts";

/** The matching lines of a document, as those of its Markdown. */
export interface DocumentLines {
  readonly scope: Scope;
  readonly file: FileLines;
}

/** What a search of documents found. */
export interface DocumentsFound {
  readonly found: readonly DocumentLines[];
  /** The absolute paths of all documents, searched or not: their bytes are no text to be searched. */
  readonly paths: ReadonlySet<string>;
  readonly notes: readonly string[];
}

/** Documents that are read at the same time. */
const AT_ONCE = 2;
/** Documents that could not be read and are named. */
const NAMED = 5;

/** Searches the documents of the scopes. */
export async function findInDocuments(
  query: TextQuery,
  scopes: readonly Scope[],
  ctx: Context,
): Promise<DocumentsFound> {
  const given = (await Promise.all(scopes.map((scope) => candidates(scope, query.glob, ctx)))).flat();
  // Pages come last: there are many of them in some folders, and their source is searched in any case.
  const all = [...given.filter((one) => !isPage(one)), ...given.filter(isPage)];
  const time = AbortSignal.timeout(SEARCH_DOCUMENTS_MS_MAX);
  const found: DocumentLines[] = [];
  const unreadable: string[] = [];
  const paths = new Set(all.filter((one) => !isPage(one)).map(({ path }) => path));
  let searched = 0;
  let room = query.max;
  const chosen = all.slice(0, SEARCH_DOCUMENTS_MAX);
  for (let at = 0; at < chosen.length && room > 0 && !time.aborted; at += AT_ONCE) {
    const batch = chosen.slice(at, at + AT_ONCE);
    const results = await Promise.all(
      batch.map((one) => searchOne({ ...query, max: room }, one, time, ctx)),
    );
    for (const [index, result] of results.entries()) {
      const one = batch[index];
      if (one === undefined || result === undefined) continue;
      searched++;
      if (result === NO_DOCUMENT) {
        paths.delete(one.path);
        continue;
      }
      paths.add(one.path);
      if (typeof result === "string") unreadable.push(`${shownPath(one.path, ctx)} (${result})`);
      else if (result.lines.length > 0) {
        found.push({ scope: one.scope, file: { ...result, path: one.below } });
        room -= result.lines.length;
      }
    }
    ctx.progress(searched, chosen.length, "Documents searched");
  }
  return {
    found,
    paths,
    notes: [...leftNotes(searched, all.length, room, time.aborted), ...unreadableNotes(unreadable)],
  };
}

/** The rows of each hit as {@link excerpts}, with the page or sheet above the first hit of each. */
export async function documentExcerpts(
  path: string,
  hits: readonly Hit[],
  context: number,
  ctx: Context,
): Promise<string[][] | undefined> {
  return await ctx.files.withFile(
    path,
    (file) =>
      ctx.documents.withMarkdown({ file }, undefined, ctx, async (markdown) => {
        const rows = await excerpts(markdown.file, hits, context);
        let last = "";
        return rows?.map((hit, index) => {
          const part = partOf(markdown, hits[index]?.line ?? 0);
          if (part === last) return hit;
          last = part;
          return [`[${part}]`, ...hit];
        });
      }),
  );
}

/** The page, sheet or the like in which a line stands; "" before the first one. */
function partOf({ parts }: Markdown, line: number): string {
  return parts.findLast((part) => part.line <= line)?.name ?? "";
}

interface Candidate {
  readonly scope: Scope;
  /** As {@link FileLines.path}. */
  readonly below: string;
  readonly path: string;
}

async function candidates(scope: Scope, glob: string | undefined, ctx: Context): Promise<Candidate[]> {
  if (!(await isFolder(scope))) return [{ scope, below: "", path: scope.path }];
  const named = glob === undefined ? undefined : compileNamePattern(glob);
  const pattern = `*.{${DOCUMENT_EXTENSIONS.join(",")}}`;
  const { names } = await ctx.search.findNames({ pattern, keep: 10_000, max: 100_000 }, scope);
  return names.filter((name) => named?.matches(name).includes(name) ?? true).map((name) => ({
    scope,
    below: name,
    path: pathOf(scope, name),
  }));
}

function isPage({ path }: Candidate): boolean {
  return textualFormat(path) === FORMATS.html;
}

/** What is plain text, or is shown as its source, which the other search has searched; or closed to us. */
const NO_DOCUMENT = Symbol("no document");

/** @returns the lines; why it cannot be read; or undefined when time is over or it is not there. */
async function searchOne(
  query: TextQuery,
  { scope, path }: Candidate,
  time: AbortSignal,
  ctx: Context,
): Promise<FileLines | string | typeof NO_DOCUMENT | undefined> {
  if (time.aborted) return undefined;
  const watch = { signal: AbortSignal.any([ctx.signal, time]), progress: () => {} };
  try {
    return await ctx.files.withFile(path, async (file) => {
      const format = ctx.documents.recognise(await readAt(file, Buffer.alloc(SNIFF_BYTES), 0), path);
      if (format === undefined) return NO_DOCUMENT;
      const { findInFile } = await import("../../lib/search/builtin.ts");
      try {
        return await ctx.documents.withMarkdown(
          { file },
          undefined,
          watch,
          async (markdown) => {
            // read_file shows the source then.
            if (markdown.lines === 0 && format.isText) return NO_DOCUMENT;
            return await findInFile(query, markdown.file, scope);
          },
        );
      } catch (error) {
        if (!(error instanceof ToolError)) throw error;
        if (format.isText) return NO_DOCUMENT;
        // The file is named beside it.
        return error.message.replace(/^Cannot read "[^\n]*?": /, "");
      }
    });
  } catch (error) {
    throwIfAborted(ctx.signal);
    if (error instanceof CancelledError) return undefined;
    // Not there any more, or protected: nothing is told of it.
    if (error instanceof ToolError) return NO_DOCUMENT;
    throw error;
  }
}

function leftNotes(searched: number, total: number, room: number, isLate: boolean): string[] {
  const left = total - searched;
  if (left === 0 || room <= 0) return [];
  const which = `${counted(left, "document")} of ${count(total)} ${left === 1 ? "was" : "were"} not searched`;
  return [
    isLate
      ? `${which}: reading them takes longer than ${SEARCH_DOCUMENTS_MS_MAX / 1000} seconds. The same call ` +
        "gets further, because what was read by now is kept."
      : `${which}: ${count(SEARCH_DOCUMENTS_MAX)} at most are. Search with path or glob.`,
  ];
}

function unreadableNotes(unreadable: readonly string[]): string[] {
  if (unreadable.length === 0) return [];
  const more = unreadable.length > NAMED ? `, and ${count(unreadable.length - NAMED)} more` : "";
  return [
    `${counted(unreadable.length, "document")} could not be read: ${
      unreadable.slice(0, NAMED).join("; ")
    }${more}.`,
  ];
}
