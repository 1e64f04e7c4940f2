/**
 * Unified diffs of a revised text. Only the changed places are compared, so the time depends on the changes
 * and not on the size of the text.
 * @module
 */
import type { StructuredPatchHunk } from "diff";
import { type Change, countLineEnds } from "./draft.ts";
import { DIFF_CHARS_MAX, DIFF_LINE_CHARS_MAX, DIFF_STEPS_MAX } from "./limits.ts";
import { clip } from "./reply.ts";

/** A diff, perhaps cut. */
export interface Diff {
  /** The hunks of a unified diff, without file names. Empty when the texts are equal. */
  readonly text: string;
  /** The line of the new text where the diff was cut, because it is longer than DIFF_CHARS_MAX characters. */
  readonly cutAt?: number;
}

/** A stretch of whole lines that holds one or more changes and what surrounds them. */
interface Block {
  readonly oldText: string;
  readonly newText: string;
  /** The number of the first line, from 1. */
  readonly oldLine: number;
  readonly newLine: number;
}

/** Unchanged lines shown before and after a change. */
const CONTEXT_LINES = 3;
const NO_LINE_END = "\\ No newline at end of file";

/** The unified diff between two texts with "\n" line ends, given the places that changed, in order. */
export async function unifiedDiff(before: string, after: string, changes: readonly Change[]): Promise<Diff> {
  const { structuredPatch } = await import("diff");
  const shown: string[] = [];
  let room = DIFF_CHARS_MAX;
  for (const block of blocks(before, after, changes)) {
    const patch = structuredPatch("", "", block.oldText, block.newText, "", "", {
      context: CONTEXT_LINES,
      maxEditLength: DIFF_STEPS_MAX,
    });
    for (const hunk of patch?.hunks ?? [plainHunk(block)]) {
      let line = hunk.newStart + block.newLine - 1;
      // A header is worth its place only with some lines below it.
      if (room < 2 * DIFF_LINE_CHARS_MAX) return { text: shown.join("\n"), cutAt: line };
      shown.push(header(hunk, block));
      for (const text of shortened(hunk.lines)) {
        room -= text.length + 1;
        if (room < 0) return { text: shown.join("\n"), cutAt: line };
        shown.push(text);
        if (text.startsWith("+") || text.startsWith(" ")) line++;
      }
    }
  }
  return { text: shown.join("\n") };
}

/** The unified diff between any two texts with "\n" line ends. */
export async function diffBetween(before: string, after: string): Promise<Diff> {
  return before === after ? { text: "" } : await unifiedDiff(before, after, [changedPart(before, after)]);
}

/** Text in a Markdown fence that is longer than any run of backticks inside. */
export function fenced(body: string, language = ""): string {
  const longest = (body.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2);
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${body}\n${fence}`;
}

/** The part of a line around `focus` that is shown, and how much is missing on either side. */
export function excerpt(line: string, focus: number): string {
  if (line.length <= DIFF_LINE_CHARS_MAX) return line;
  let start = Math.max(0, focus - DIFF_LINE_CHARS_MAX / 4);
  // Half of a surrogate pair is no character.
  if (/[\udc00-\udfff]/.test(line.charAt(start))) start++;
  const missing = start === 0 ? "" : `[+${start.toLocaleString("en-US")} characters] `;
  return missing + clip(line.slice(start), DIFF_LINE_CHARS_MAX);
}

/** All that lies between the common beginning and the common end. */
function changedPart(oldText: string, newText: string): Change {
  const most = Math.min(oldText.length, newText.length);
  let head = 0;
  while (head < most && oldText.charCodeAt(head) === newText.charCodeAt(head)) head++;
  let tail = 0;
  while (
    tail < most - head &&
    oldText.charCodeAt(oldText.length - 1 - tail) === newText.charCodeAt(newText.length - 1 - tail)
  ) tail++;
  return { oldStart: head, oldEnd: oldText.length - tail, newStart: head, newEnd: newText.length - tail };
}

/** Changes with their surroundings, joined where these touch. */
function* blocks(before: string, after: string, changes: readonly Change[]): Generator<Block> {
  let open: { oldFrom: number; oldTo: number; newFrom: number; newTo: number; lineEnd: number } | undefined;
  const lines = { oldAt: 0, oldLine: 1, newAt: 0, newLine: 1 };
  const close = (range: NonNullable<typeof open>): Block => {
    lines.oldLine += countLineEnds(before, lines.oldAt, range.oldFrom);
    lines.newLine += countLineEnds(after, lines.newAt, range.newFrom);
    lines.oldAt = range.oldFrom;
    lines.newAt = range.newFrom;
    return {
      oldText: before.slice(range.oldFrom, range.oldTo),
      newText: after.slice(range.newFrom, range.newTo),
      oldLine: lines.oldLine,
      newLine: lines.newLine,
    };
  };
  for (const { oldStart, oldEnd, newStart, newEnd } of changes) {
    const from = open !== undefined && oldStart <= open.oldTo
      ? open.oldFrom
      : startOfContext(before, oldStart);
    if (open === undefined || from > open.oldTo) {
      if (open !== undefined) yield close(open);
      open = { oldFrom: from, oldTo: 0, newFrom: newStart - (oldStart - from), newTo: 0, lineEnd: -1 };
    }
    // A line of megabytes may hold thousands of changes: its end is sought once.
    if (oldEnd >= open.lineEnd) {
      open.lineEnd = endOfLines(before, oldEnd, 1);
      open.oldTo = endOfLines(before, open.lineEnd, CONTEXT_LINES);
    }
    open.newTo = open.oldTo + newEnd - oldEnd;
  }
  if (open !== undefined) yield close(open);
}

/** Where the line begins that is CONTEXT_LINES before the one with this place in it. */
function startOfContext(text: string, place: number): number {
  let start = place === 0 ? 0 : text.lastIndexOf("\n", place - 1) + 1;
  for (let lines = 0; lines < CONTEXT_LINES && start > 0; lines++) {
    start = start === 1 ? 0 : text.lastIndexOf("\n", start - 2) + 1;
  }
  return start;
}

/** Where so many lines end, counted from a place. */
function endOfLines(text: string, place: number, lines: number): number {
  let end = place;
  for (let line = 0; line < lines && end < text.length; line++) {
    const next = text.indexOf("\n", end);
    end = next < 0 ? text.length : next + 1;
  }
  return end;
}

/** Everything out and everything in, for changes too large to compare line by line. */
function plainHunk({ oldText, newText }: Block): StructuredPatchHunk {
  const oldLines = splitBlock(oldText);
  const newLines = splitBlock(newText);
  const most = Math.min(oldLines.length, newLines.length);
  let head = 0;
  while (head < Math.min(CONTEXT_LINES, most) && oldLines[head] === newLines[head]) head++;
  let tail = 0;
  while (tail < Math.min(CONTEXT_LINES, most - head) && oldLines.at(-1 - tail) === newLines.at(-1 - tail)) {
    tail++;
  }
  const marked = (mark: string, lines: readonly string[]) =>
    lines.flatMap((line) => line.endsWith("\n") ? [mark + line.slice(0, -1)] : [mark + line, NO_LINE_END]);
  return {
    oldStart: 1,
    oldLines: oldLines.length,
    newStart: 1,
    newLines: newLines.length,
    lines: [
      ...marked(" ", oldLines.slice(0, head)),
      ...marked("-", oldLines.slice(head, oldLines.length - tail)),
      ...marked("+", newLines.slice(head, newLines.length - tail)),
      ...marked(" ", oldLines.slice(oldLines.length - tail)),
    ],
  };
}

/** Lines with their line ends. */
function splitBlock(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** The range line of a hunk. A range without lines is named by the line before it (POSIX `diff -u`). */
function header(hunk: StructuredPatchHunk, block: Block): string {
  const range = (start: number, lines: number) => `${lines === 0 ? start - 1 : start},${lines}`;
  const removed = range(hunk.oldStart + block.oldLine - 1, hunk.oldLines);
  const added = range(hunk.newStart + block.newLine - 1, hunk.newLines);
  return `@@ -${removed} +${added} @@`;
}

/** The lines of a hunk, long ones cut to where a removed line and the one that replaces it differ. */
function shortened(lines: readonly string[]): string[] {
  const result: string[] = [];
  for (let at = 0; at < lines.length;) {
    const removed = run(lines, at, "-");
    const added = run(lines, at + removed.length, "+");
    at += removed.length + added.length;
    const focus = (i: number) => commonLength(removed[i] ?? "", added[i] ?? "");
    result.push(...removed.map((line, i) => line.charAt(0) + excerpt(line.slice(1), focus(i))));
    result.push(...added.map((line, i) => line.charAt(0) + excerpt(line.slice(1), focus(i))));
    const other = lines[at];
    if (removed.length + added.length > 0 || other === undefined) continue;
    result.push(other.charAt(0) + excerpt(other.slice(1), 0));
    at++;
  }
  return result;
}

function run(lines: readonly string[], from: number, mark: string): readonly string[] {
  let to = from;
  while (lines[to]?.startsWith(mark) === true) to++;
  return lines.slice(from, to);
}

/** How many characters two lines of a diff have in common at their beginning, their marks aside. */
function commonLength(a: string, b: string): number {
  let length = 1;
  while (length < a.length && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length - 1;
}
