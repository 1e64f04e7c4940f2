/**
 * Finding a passage exactly as it is, in time that grows with the text alone.
 * @module
 */

/** Characters of a passage that are looked for natively: a hostile text can cost this factor and no more. */
const HEAD_CHARS = 100;
/** Characters compared for each one of the text before the search changes to the always linear method. */
const PATIENCE = 16;

/**
 * Every place where `passage` stands in `text`, overlapping ones too, in order.
 *
 * The engines' own `indexOf` compares up to `text.length * passage.length` characters: a minute for
 * repetitive text. So it looks for the beginning only, and gives up after a while in favour of Knuth, Morris
 * and Pratt.
 * @param passage Not empty.
 */
export function* occurrences(text: string, passage: string): Generator<number> {
  const head = passage.slice(0, HEAD_CHARS);
  let patience = text.length * PATIENCE;
  for (let at = text.indexOf(head); at >= 0; at = text.indexOf(head, at + 1)) {
    if (passage.length > HEAD_CHARS) {
      patience -= passage.length;
      if (patience < 0) return yield* linear(text, passage, at);
    }
    if (text.startsWith(passage, at)) yield at;
  }
}

/** Where `passage` stands first, in linear time; undefined when nowhere. */
export function firstOccurrence(text: string, passage: string): number | undefined {
  for (const place of occurrences(text, passage)) return place;
  return undefined;
}

/** The same by Knuth, Morris and Pratt: no character of the text is looked at more than twice. */
function* linear(text: string, passage: string, from: number): Generator<number> {
  const borders = new Int32Array(passage.length + 1);
  borders[0] = -1;
  for (let i = 0, border = -1; i < passage.length;) {
    while (border >= 0 && passage.charCodeAt(border) !== passage.charCodeAt(i)) {
      border = borders[border] ?? -1;
    }
    borders[++i] = ++border;
  }
  for (let i = from, matched = 0; i < text.length; i++) {
    while (matched >= 0 && passage.charCodeAt(matched) !== text.charCodeAt(i)) {
      matched = borders[matched] ?? -1;
    }
    matched++;
    if (matched === passage.length) {
      yield i + 1 - matched;
      matched = borders[matched] ?? 0;
    }
  }
}
