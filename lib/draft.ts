/**
 * A text under revision: searched and changed with plain "\n" line ends, put back together with the line ends
 * it came with, and aware of which places have changed.
 * @module
 */

/** A changed place: where it was in the first text, and where it is in this one. */
export interface Change {
  readonly oldStart: number;
  readonly oldEnd: number;
  readonly newStart: number;
  readonly newEnd: number;
}

/** A text under revision. Drafts are values: a revision makes a new one. */
export interface Draft {
  /** The text, every line end a "\n". */
  readonly text: string;
  /** How the line ends really are, one number each: an index into ENDINGS. */
  readonly endings: Uint8Array;
  /** What differs from the draft it began as, in order, never touching. */
  readonly changes: readonly Change[];
}

/** A stretch of text: from `start` up to, not including, `end`. */
interface Span {
  readonly start: number;
  readonly end: number;
}

const ENDINGS = ["\n", "\r\n", "\r"] as const;
const LF = 0;
const CRLF = 1;
const CR = 2;

/** Begins a revision. A lone carriage return is a line end only where there is no line feed at all. */
export function openDraft(text: string): Draft {
  if (!text.includes("\n")) {
    const unified = text.replaceAll("\r", "\n");
    return { text: unified, endings: new Uint8Array(countLineEnds(unified)).fill(CR), changes: [] };
  }
  const endings = new Uint8Array(countLineEnds(text));
  let line = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
    endings[line++] = text.charCodeAt(at - 1) === 0x0d ? CRLF : LF;
  }
  return { text: text.replaceAll("\r\n", "\n"), endings, changes: [] };
}

/** The text with its own line ends again. */
export function closeDraft(draft: Draft): string {
  const { text, endings } = draft;
  const first = endings[0] ?? LF;
  if (endings.every((ending) => ending === first)) return text.replaceAll("\n", ENDINGS[first] ?? "\n");
  const lines = text.split("\n");
  return lines.map((line, i) => line + (i < endings.length ? ENDINGS[endings[i] ?? LF] : "")).join("");
}

/** A text from outside as a draft sees it, so that both can be compared. */
export function asDrafted(text: string, draft: Draft): string {
  const unified = text.replaceAll("\r\n", "\n");
  return draft.endings[0] === CR ? unified.replaceAll("\r", "\n") : unified;
}

/**
 * Replaces every one of the places where `oldText` stands by `newText`, both as {@link asDrafted}. What both
 * have in common at their ends is not touched, and new line ends are like those they replace or stand beside.
 * @param starts Where `oldText` stands, in order, never overlapping.
 */
export function revise(draft: Draft, starts: readonly number[], oldText: string, newText: string): Draft {
  const most = Math.min(oldText.length, newText.length);
  let head = 0;
  while (head < most && oldText.charCodeAt(head) === newText.charCodeAt(head)) head++;
  let tail = 0;
  while (tail < most - head && oldText.at(-1 - tail) === newText.at(-1 - tail)) tail++;
  const inserted = newText.slice(head, newText.length - tail);
  const spans = starts.map((start) => ({ start: start + head, end: start + oldText.length - tail }));
  return {
    text: splice(draft.text, spans, inserted),
    endings: spliceEndings(draft, spans, countLineEnds(inserted)),
    changes: compose(draft.changes, spans, inserted.length),
  };
}

/** How many line ends there are from `start` to `end`. */
export function countLineEnds(text: string, start = 0, end = text.length): number {
  let lines = 0;
  for (let at = text.indexOf("\n", start); at >= 0 && at < end; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

function splice(text: string, spans: readonly Span[], inserted: string): string {
  const parts: string[] = [];
  let done = 0;
  for (const { start, end } of spans) {
    parts.push(text.slice(done, start), inserted);
    done = end;
  }
  parts.push(text.slice(done));
  return parts.join("");
}

function spliceEndings(draft: Draft, spans: readonly Span[], inserted: number): Uint8Array {
  const { text, endings } = draft;
  const parts: Uint8Array[] = [];
  let scanned = 0;
  let line = 0;
  let copied = 0;
  for (const { start, end } of spans) {
    const first = line + countLineEnds(text, scanned, start);
    line = first + countLineEnds(text, start, end);
    scanned = end;
    const removed = endings.subarray(first, line);
    const beside = endings[line] ?? endings[first - 1] ?? LF;
    const added = Uint8Array.from({ length: inserted }, (_, i) => removed[i] ?? removed.at(-1) ?? beside);
    parts.push(endings.subarray(copied, first), added);
    copied = line;
  }
  parts.push(endings.subarray(copied));
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let filled = 0;
  for (const part of parts) {
    whole.set(part, filled);
    filled += part.length;
  }
  return whole;
}

/**
 * The changes after one more revision. Places that touch become one; a place in the first text is where it is
 * now, less what all changes before it have added.
 */
function compose(changes: readonly Change[], spans: readonly Span[], inserted: number): Change[] {
  const result: Change[] = [];
  let group: Span | undefined;
  let oldShift = 0;
  let newShift = 0;
  let oldGrowth = 0;
  let newGrowth = 0;
  const close = () => {
    if (group === undefined) return;
    result.push({
      oldStart: group.start - oldShift,
      oldEnd: group.end - oldShift - oldGrowth,
      newStart: group.start + newShift,
      newEnd: group.end + newShift + newGrowth,
    });
    oldShift += oldGrowth;
    newShift += newGrowth;
    oldGrowth = newGrowth = 0;
  };
  const earlier = changes.map((change) => ({
    start: change.newStart,
    end: change.newEnd,
    old: change.newEnd - change.newStart - (change.oldEnd - change.oldStart),
    new: 0,
  }));
  const later = spans.map(({ start, end }) => ({ start, end, old: 0, new: inserted - (end - start) }));
  for (const item of [...earlier, ...later].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (group !== undefined && item.start <= group.end) {
      group = { start: group.start, end: Math.max(group.end, item.end) };
    } else {
      close();
      group = item;
    }
    oldGrowth += item.old;
    newGrowth += item.new;
  }
  close();
  return result;
}
