/**
 * `search_text`: contents.
 * @module
 */
import { z } from "zod";
import { throwIfAborted, ToolError } from "../../lib/errors.ts";
import { count, counted } from "../../lib/format.ts";
import {
  PATTERN_CHARS_MAX,
  REPLY_CHARS_MAX,
  SEARCH_CONTEXT_MAX,
  SEARCH_MATCHES_MAX,
  SEARCH_PAGE_DEFAULT,
  SEARCH_PAGE_MAX,
} from "../../lib/limits.ts";
import { text } from "../../lib/reply.ts";
import type { FileLines, Scope, TextFound } from "../../lib/search/types.ts";
import { type AnyTool, type Context, defineTool } from "../../lib/tool.ts";
import type { DocumentsFound } from "./documents.ts";
import { excerpts, type Hit } from "./excerpt.ts";
import { FEW, inPlaces, LEFT_OUT, offsetError, outcomeNotes, pathOf, scopes, shownPath } from "./places.ts";

/** Characters of matches in one reply; the rest of REPLY_CHARS_MAX is for the summary and the notes. */
const MATCHES_CHARS = REPLY_CHARS_MAX - 2_000;

export const searchText: AnyTool = defineTool({
  name: "search_text",
  title: "Search in files",
  description:
    "Searches the contents of all files below a folder, or of one file, with ripgrep. Shows matching " +
    "lines by file, with the line numbers that read_file takes as offset. Literal and case-sensitive " +
    "unless asked otherwise; line by line. Names of files: find_files.",
  effect: "read",
  world: "closed",
  input: {
    pattern: z.string().min(1).max(PATTERN_CHARS_MAX).describe("Text to find"),
    path: z.string().optional().describe("Folder or file. Default: all allowed"),
    glob: z.string().optional().describe('Only files so named, such as "*.ts"'),
    regex: z.boolean().optional().describe("Pattern is a regular expression (no look-around)"),
    ignoreCase: z.boolean().optional().describe("Ignore letter case"),
    documents: z.boolean().optional().describe("Look inside documents too"),
    context: z.int().min(0).max(SEARCH_CONTEXT_MAX).optional().describe("Lines around each match"),
    offset: z.int().min(1).optional().describe("First match, from 1"),
    limit: z.int().min(1).max(SEARCH_PAGE_MAX).optional().describe(`Matches. Default ${SEARCH_PAGE_DEFAULT}`),
  },
  paths: ["path"],
  async run(args, ctx) {
    const { pattern, glob, regex = false, ignoreCase = false, context = 0, documents = false } = args;
    const { offset = 1, limit = SEARCH_PAGE_DEFAULT } = args;
    const where = scopes(args.path, ctx);
    const found: TextFound[] = [];
    const files: Place[] = [];
    let total = 0;
    for (const scope of where) {
      const max = SEARCH_MATCHES_MAX - total;
      if (max <= 0) {
        found.push({ files: [], unreadable: 0, builtIn: false, stopped: "max" });
        break;
      }
      const lines = await ctx.search.findText({ pattern, regex, ignoreCase, glob, max }, scope);
      found.push(lines);
      const inOrder = lines.files.toSorted((a, b) => a.path < b.path ? -1 : 1);
      for (const file of inOrder) files.push({ scope, file });
      total += inOrder.reduce((sum, { lines }) => sum + lines.length, 0);
    }
    const inside = documents
      ? await (await import("./documents.ts")).findInDocuments(
        { pattern, regex, ignoreCase, glob, max: SEARCH_MATCHES_MAX },
        where,
        ctx,
      )
      : undefined;
    total += addDocuments(files, inside);
    const isOneFile = files.some(({ file }) => file.path === "");
    const notes = [
      ...inside?.notes ?? [],
      ...(total <= FEW && !isOneFile ? [LEFT_OUT] : []),
      ...outcomeNotes(found, SEARCH_MATCHES_MAX),
    ];
    if (total === 0) {
      const hint = regex || !/\\[a-zA-Z]|[.\])][*+]|\w\|\w/.test(pattern) ? "" : LITERAL;
      return text(`No match for ${quoted(pattern)} ${inPlaces(where)}${hint}`, notes.join("\n"));
    }
    if (offset > total) throw offsetError("matches", offset, total);
    const page = await showPage(files, { offset, limit, context }, ctx);
    notes.unshift(...page.notes);
    if (page.end < total) {
      const next = JSON.stringify({ ...args, offset: page.end + 1 });
      notes.unshift(`Matches ${count(page.end + 1)}-${count(total)} follow: search_text ${next}`);
    }
    const range = offset > 1 || page.end < total ? `, ${count(offset)}-${count(page.end)} shown` : "";
    const title = `${counted(total, "matching line")} in ${counted(files.length, "file")} ${
      inPlaces(where)
    }${range}`;
    return text([title, ...page.rows].join("\n"), notes.length === 0 ? undefined : notes.join("\n"));
  },
});

const LITERAL = "\nIt was taken literally: set regex to true if it is a regular expression";

/** The lines of a file, and where it was found. */
interface Place {
  readonly scope: Scope;
  readonly file: FileLines;
  /** Whether the lines are those of a document's Markdown. */
  readonly isDocument?: boolean;
}

/** Puts what was found inside of documents in place of their bytes. @returns by how many the lines grew. */
function addDocuments(files: Place[], inside: DocumentsFound | undefined): number {
  if (inside === undefined) return 0;
  let grown = 0;
  for (let at = files.length - 1; at >= 0; at--) {
    const place = files[at];
    if (place === undefined || !inside.paths.has(pathOf(place.scope, place.file.path))) continue;
    grown -= place.file.lines.length;
    files.splice(at, 1);
  }
  for (const place of inside.found) {
    grown += place.file.lines.length;
    files.push({ ...place, isDocument: true });
  }
  return grown;
}

interface PageWish {
  readonly offset: number;
  readonly limit: number;
  readonly context: number;
}

interface MatchPage {
  readonly rows: readonly string[];
  /** The number of the last match that was dealt with. */
  readonly end: number;
  readonly notes: readonly string[];
}

/** Reads and shows the matches of a page, as many as fit into the reply. */
async function showPage(places: readonly Place[], wish: PageWish, ctx: Context): Promise<MatchPage> {
  const rows: string[] = [];
  const notes: string[] = [];
  let chars = 0;
  let number = 0;
  let end = wish.offset - 1;
  const last = end + wish.limit;
  for (const place of places) {
    const { lines, binaryFrom } = place.file;
    const from = Math.max(0, end - number);
    const to = Math.min(lines.length, last - number);
    const first = number + from;
    number += lines.length;
    if (from >= lines.length) continue;
    if (to <= from) break;
    throwIfAborted(ctx.signal);
    const name = shownPath(pathOf(place.scope, place.file.path), ctx);
    const shown = await excerptsOf(place, hitsOf(place.file, from, to), wish.context, ctx);
    if (binaryFrom !== undefined) {
      notes.push(`${name} is binary from byte ${count(binaryFrom)} on, and was searched up to there.`);
    }
    if (typeof shown === "string") {
      rows.push("", `${name}: ${shown.replace("#", counted(to - from, "matching line"))}`);
      chars += name.length + shown.length + 20;
      end = first + to - from;
      continue;
    }
    if (shown === undefined) {
      end = first + to - from;
      continue;
    }
    let isTitled = false;
    for (const [index, hit] of shown.entries()) {
      const size = hit.reduce((sum, row) => sum + row.length + 1, isTitled ? 0 : name.length + 2);
      if (chars + size > MATCHES_CHARS && chars > 0) return { rows, end, notes };
      if (!isTitled) rows.push("", name);
      if (!isTitled && place.isDocument !== true) await noteSource(name, notes);
      isTitled = true;
      rows.push(...hit);
      chars += size;
      end = first + index + 1;
    }
  }
  return { rows, end, notes };
}

/** Says that the lines of a text that read_file shows as Markdown are not those of the Markdown. */
async function noteSource(name: string, notes: string[]): Promise<void> {
  const { textualFormat } = await import("../../lib/documents/formats.ts");
  const format = textualFormat(name);
  if (format === undefined) return;
  const note = `Lines of the ${format.name} are those of its source: read_file takes them with as "text".`;
  if (!notes.includes(note)) notes.push(note);
}

function hitsOf({ lines, columns, offsets }: FileLines, from: number, to: number): Hit[] {
  return lines.slice(from, to).map((line, index) => ({
    line,
    column: columns[from + index] ?? 1,
    offset: offsets[from + index] ?? 0,
  }));
}

/** The rows of each hit; a sentence instead of them; or undefined for what is not there or not inside. */
async function excerptsOf(
  { scope, file, isDocument = false }: Place,
  hits: readonly Hit[],
  context: number,
  ctx: Context,
): Promise<string[][] | string | undefined> {
  try {
    if (isDocument) {
      const { documentExcerpts } = await import("./documents.ts");
      return await documentExcerpts(pathOf(scope, file.path), hits, context, ctx);
    }
    const rows = await ctx.files.withFile(pathOf(scope, file.path), (open) => excerpts(open, hits, context));
    return rows ?? "# in a binary file, not shown";
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return file.path.includes("\ufffd")
      ? "#, but the name is not valid UTF-8, so no tool can open it"
      : undefined;
  }
}

function quoted(pattern: string): string {
  return `"${pattern.length <= 100 ? pattern : `${pattern.slice(0, 100)}…`}"`;
}
