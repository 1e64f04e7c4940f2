/**
 * Text from outside as it is shown: nothing in it is invisible, turns the direction of the letters around, or
 * commands a terminal.
 * @module
 */

/**
 * Controls (not tab and newline), invisible and direction-changing characters, line separators, halves of
 * characters. The joiners of emoji and scripts stay.
 */
const UNSEEN = /(?![\t\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Marks that only make a hidden message when many stand in a row: variation selectors. */
const HIDDEN_ROW = /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]{2,}/gu;

/** The text with every unseen character written as `\uXXXX`; a carriage return before a newline goes. */
export function visible(text: string): string {
  // Most text is plain, and looking for what it may not have is much quicker than replacing.
  if (/^[\t\n -~]*$/.test(text)) return text;
  return text.replace(/\r\n/g, "\n").replace(UNSEEN, escaped).replace(HIDDEN_ROW, escaped);
}

function escaped(characters: string): string {
  return Array.from(characters, (one) => {
    const code = one.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
  }).join("");
}
