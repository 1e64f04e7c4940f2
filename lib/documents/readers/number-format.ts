/**
 * How spreadsheets show numbers: enough to tell dates, times and percentages from plain numbers.
 * @module
 */

/** What a number means. */
export type NumberKind = "number" | "percent" | "date" | "time" | "datetime" | "duration";

/** Formats that have a number of their own (ECMA-376 part 1, 18.8.30). */
const BUILT_IN: ReadonlyMap<number, NumberKind> = new Map<number, NumberKind>([
  [9, "percent"],
  [10, "percent"],
  ...[14, 15, 16, 17, 27, 28, 29, 30, 31, 34, 35, 36, 50, 51, 52, 53, 54, 57, 58].map(
    (id) => [id, "date"] as const,
  ),
  ...[18, 19, 20, 21, 32, 33, 45, 47, 55, 56].map((id) => [id, "time"] as const),
  [22, "datetime"],
  [46, "duration"],
]);

/** What numbers of a format mean. @param code Its code, such as `yyyy-mm-dd`, where the file defines it. */
export function numberKind(id: number, code: string | undefined): NumberKind {
  if (code === undefined) return BUILT_IN.get(id) ?? "number";
  // What is quoted, escaped or in brackets is text, a colour or a condition; only `[h]` counts.
  const positive = code.split(";")[0] ?? "";
  if (/\[(h+|m+|s+)\]/i.test(positive)) return "duration";
  const letters = positive.replace(/"[^"]*"?|\\.|_.|\*.|\[[^\]]*\]/g, "");
  if (/e[+-]/i.test(letters) || /general/i.test(letters)) return "number";
  const hasTime = /h|s|am\/pm|a\/p/i.test(letters);
  const hasDate = /y|d/i.test(letters) || (/m/i.test(letters) && !hasTime);
  if (hasDate) return hasTime ? "datetime" : "date";
  if (hasTime) return "time";
  return letters.includes("%") ? "percent" : "number";
}

const DAY_MS = 86_400_000;
/** Days from the beginning of 1900, as Excel counts them, and of 1904 to that of 1970. */
const DAYS_1900 = 25_569;
const DAYS_1904 = 24_107;
/** The last day of 9999, beyond which Excel has no dates. */
const DAY_MAX = 2_958_466;

/**
 * A stored number as a person would read it.
 * @param is1904 Whether days are counted from 1904-01-01.
 */
export function formatNumber(stored: string, kind: NumberKind, is1904: boolean): string {
  const value = Number(stored);
  if (stored.trim() === "" || !Number.isFinite(value)) return stored;
  switch (kind) {
    case "number":
      return plain(value);
    case "percent":
      return `${plain(value * 100)}%`;
    case "duration":
      return clock(Math.round(value * 86_400), false);
    case "time":
      return clock(Math.round((value - Math.floor(value)) * 86_400) % 86_400, true);
  }
  if (value < 0 || value >= DAY_MAX) return plain(value);
  // Excel believes that there was a 29 February 1900: before it, everything is one day later.
  const day = is1904 ? value - DAYS_1904 : value - DAYS_1900 + (value < 60 ? 1 : 0);
  const text = new Date(Math.round(day * DAY_MS / 1000) * 1000).toISOString();
  if (kind === "date" && value === Math.floor(value)) return text.slice(0, 10);
  return kind === "date" && text.slice(11, 19) === "00:00:00"
    ? text.slice(0, 10)
    : `${text.slice(0, 10)} ${text.slice(11, text.slice(17, 19) === "00" ? 16 : 19)}`;
}

/** As many digits as spreadsheets have: 15. */
function plain(value: number): string {
  const shortest = String(value);
  if (shortest.length <= 15) return shortest;
  return String(Number(value.toPrecision(15)));
}

function clock(seconds: number, isTime: boolean): string {
  const rest = Math.abs(seconds);
  const two = (part: number) => String(part).padStart(2, "0");
  const hours = Math.floor(rest / 3_600);
  const tail = rest % 60 === 0 && isTime ? "" : `:${two(rest % 60)}`;
  return `${seconds < 0 ? "-" : ""}${isTime ? two(hours) : hours}:${two(Math.floor(rest / 60) % 60)}${tail}`;
}
