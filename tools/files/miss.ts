/**
 * Why a passage was not found, told so that the next attempt finds it.
 * @module
 */
import { excerpt, fenced } from "../../lib/diff.ts";
import { countLineEnds } from "../../lib/draft.ts";
import { count } from "../../lib/format.ts";
import { clip } from "../../lib/reply.ts";
import { firstOccurrence } from "../../lib/match.ts";
import { type Near, nearMisses } from "../../lib/miss.ts";

/** An edit whose passage is not there. */
export interface Miss {
  /** The text as the edit finds it. */
  readonly text: string;
  readonly oldText: string;
  readonly newText: string;
  /** The text as it was before the edits that came before, if any did. */
  readonly earlier?: string;
}

/** Lines of a passage that are shown. */
const LINES_SHOWN = 12;
/** Of these, lines before the first difference. */
const LINES_BEFORE = 3;

/** Characters of a line that are quoted. */
const QUOTED_CHARS = 200;
/** Characters new text needs before it says anything that it is there already. */
const TELLING_CHARS = 10;

/** What is known of the passage: where it was, where it is already changed, or where it stands almost. */
export function explainMiss({ text, oldText, newText, earlier }: Miss): string {
  if (text === "") return "The file is empty: use write_file to fill it.";
  const before = earlier === undefined ? undefined : firstOccurrence(earlier, oldText);
  if (earlier !== undefined && before !== undefined) {
    return `It is on line ${
      lineAt(earlier, before)
    } of the file, but an edit before it changes that place. ` +
      "Make one edit of both, or write oldText as the edits before leave it.";
  }
  const unescaped = unescape(oldText);
  const escaped = unescaped === oldText ? undefined : firstOccurrence(text, unescaped);
  if (escaped !== undefined) {
    return `It is escaped once too often: line ${
      lineAt(text, escaped)
    } has it with real line breaks, tabs or ` +
      "quotes where oldText has backslashes.";
  }
  const made = newText.trim().length < TELLING_CHARS ? undefined : firstOccurrence(text, newText);
  const done = made === undefined
    ? []
    : [`newText is there already, on line ${lineAt(text, made)}: was this edit made before?`];
  const near = nearMisses(text, oldText).map(describe);
  if (done.length + near.length > 0) return [...done, ...near].join("\n");
  return "Nothing in the file is like it. Use read_file or search_text to see what is there.";
}

function describe(near: Near): string {
  const { line, lines, difference, column } = near;
  const differs = difference?.index ?? 0;
  const first = Math.max(0, Math.min(differs - LINES_BEFORE, lines.length - LINES_SHOWN));
  const shown = lines.slice(first, first + LINES_SHOWN);
  const how = near.alike === 1
    ? `the same but for ${near.causes.join(" and ") || "line breaks"}`
    : `${Math.round(near.alike * 100)} % alike`;
  const part = shown.length === lines.length ? "" : `, shown from line ${count(line + first)} on`;
  const body = shown.map((text, i) => excerpt(text, first + i === 0 ? column : 0)).join("\n");
  return `${linesFrom(line, lines.length)} ${how}${part}:\n${fenced(body)}${pair(near)}`;
}

function linesFrom(line: number, lines: number): string {
  return lines === 1 ? `Line ${count(line)} is` : `Lines ${count(line)}-${count(line + lines - 1)} are`;
}

/** The first lines that differ, written so that white space can be seen. */
function pair({ line, lines, difference, column }: Near): string {
  const ours = difference === undefined ? undefined : lines[difference.index];
  if (difference === undefined || ours === undefined) return "";
  const from = difference.index === 0 && ours.length > QUOTED_CHARS ? column : 0;
  const quoted = (text: string) => JSON.stringify(clip(text, QUOTED_CHARS));
  return `\nFirst difference, line ${count(line + difference.index)}: the file has ${
    quoted(ours.slice(from))
  }, oldText ${quoted(difference.theirs)}.`;
}

function lineAt(text: string, place: number): string {
  return count(countLineEnds(text, 0, place) + 1);
}

/** A text with the escapes of JSON and most programming languages resolved. */
function unescape(text: string): string {
  return text.replace(/\\([ntr"'\\])/g, (_, letter: string) => ESCAPES.get(letter) ?? letter);
}

const ESCAPES: ReadonlyMap<string, string> = new Map([["n", "\n"], ["t", "\t"], ["r", ""]]);
