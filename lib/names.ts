/**
 * Names of files as they are shown: no name can pass for another line, another entry or another order of
 * letters.
 * @module
 */

/** Controls, invisible and direction-changing characters, line separators; joiners stay, emoji need them. */
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** What a listing could mistake for its own marks: ` -> ` of links, columns, indentation, quotes. */
const AMBIGUOUS = / -> |^\s|\s$|\s\s|^"|\/$/;

/**
 * A name (or a path) as it appears in a listing: as it is, or, where it could mislead, as a JSON string in
 * which every unseen character is written `\uXXXX`. Sending back what that string means opens the file.
 */
export function showName(name: string): string {
  if (name.search(UNSEEN) === -1 && !AMBIGUOUS.test(name)) return name;
  return `"${name.replace(/[\\"]/g, "\\$&").replace(UNSEEN, escape)}"`;
}

function escape(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
