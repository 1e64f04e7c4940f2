/**
 * Names, texts and words of the memory: what is taken in, what counts as the same, and what is looked for.
 * @module
 */
import { ToolError } from "../errors.ts";
import { count } from "../format.ts";
import {
  MEMORY_NAME_CHARS_MAX,
  MEMORY_QUERY_CHARS_MAX,
  MEMORY_TEXT_CHARS_MAX,
  MEMORY_WORD_CHARS_MAX,
  MEMORY_WORDS_MAX,
} from "../limits.ts";
import { cleanOutside } from "../outside.ts";

/** Letters of scripts that write no spaces between words. */
const UNSPACED = "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}" +
  "\\p{Script=Khmer}\\p{Script=Myanmar}";
const WORDS = new RegExp(`[${UNSPACED}ー]+|(?:(?![${UNSPACED}])[\\p{L}\\p{M}\\p{N}])+`, "gu");
const IS_UNSPACED = new RegExp(`^[${UNSPACED}ー]`, "u");

/**
 * A label (a name, a type) on one line, without what nobody sees.
 * @param where What it is called in an error: `entities[2].name`.
 * @throws {ToolError} when nothing is left of it, or it is too long.
 */
export function labelOf(text: string, where: string): string {
  const label = cleanOutside(text).replace(/\s+/g, " ").trim().normalize("NFC");
  return bounded(label, where, MEMORY_NAME_CHARS_MAX, [
    "Give it a name of a few words.",
    "Give it a name of a few words, and tell the rest as an observation.",
  ]);
}

/** An observation without what nobody sees. @throws {ToolError} like {@link labelOf}. */
export function textOf(text: string, where: string): string {
  return bounded(cleanOutside(text).trim().normalize("NFC"), where, MEMORY_TEXT_CHARS_MAX, [
    "Tell one fact in a short sentence.",
    "Tell facts in short sentences, one observation each.",
  ]);
}

function bounded(text: string, where: string, max: number, [ifEmpty, ifLong]: [string, string]): string {
  if (text === "") throw new ToolError(`${where} is empty`, ifEmpty);
  if (text.length <= max) return text;
  throw new ToolError(`${where} has ${count(text.length)} characters, more than ${count(max)}`, ifLong);
}

/** The name by which an entity is recognised: capitals make no difference. */
export function keyOf(label: string): string {
  return label.toLowerCase().normalize("NFC");
}

/** Letters as they are compared: small, without accents, and all the ways to write one as one. */
function fold(text: string): string {
  return text.normalize("NFKD").replace(/[\u0300-\u036f]+/g, "").normalize("NFKC").toLowerCase();
}

/**
 * The words of a text, folded and separated by spaces, as they are kept for searching. In scripts without
 * spaces, each letter begins a word of two: so every part of a text is found.
 */
export function wordsOf(text: string): string {
  return (fold(text).match(WORDS) ?? []).flatMap(partsOf).join(" ");
}

/** One thing that is looked for, as an expression of FTS5: as it stands, and as a beginning. */
export interface Term {
  readonly exact: string;
  readonly prefix: string;
}

/** What a query looks for: each different word of it. None when it has no letter and no digit. */
export function termsOf(query: string): Term[] {
  const words = new Set(fold(query.slice(0, MEMORY_QUERY_CHARS_MAX)).match(WORDS) ?? []);
  return [...words].slice(0, MEMORY_WORDS_MAX).map((word) => {
    const parts = partsOf(word);
    // The last letter alone stands only at the end of a run; in the middle of one, its pair says it all.
    const phrase = `"${(parts.length > 1 ? parts.slice(0, -1) : parts).join(" ")}"`;
    const isShort = !IS_UNSPACED.test(word) && word.length < 3;
    return { exact: phrase, prefix: isShort ? phrase : `${phrase}*` };
  });
}

function partsOf(word: string): string[] {
  if (!IS_UNSPACED.test(word)) return [word.slice(0, MEMORY_WORD_CHARS_MAX)];
  const letters = Array.from(word);
  return letters.map((letter, i) => letter + (letters[i + 1] ?? ""));
}
