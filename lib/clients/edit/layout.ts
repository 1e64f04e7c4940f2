/**
 * How a text is laid out, so that what is added looks like what is there.
 * @module
 */

/** The line end of a text: that of its first line, "\n" when it has only one. */
export function lineEndOf(text: string): string {
  return /\r\n|\n|\r/.exec(text)?.[0] ?? "\n";
}

/** Where the line of an offset begins. */
export function lineStart(text: string, offset: number): number {
  let start = offset;
  while (start > 0 && !/[\r\n]/.test(text.charAt(start - 1))) start--;
  return start;
}

/** Spaces and tabs at the beginning of the line of an offset. */
export function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset)))?.[0] ?? "";
}

/** Whether nothing but spaces and tabs stands before an offset on its line. */
export function beginsLine(text: string, offset: number): boolean {
  return /^[ \t]*$/.test(text.slice(lineStart(text, offset), offset));
}

/** Where white space before an offset begins. */
export function spaceBefore(text: string, offset: number): number {
  let start = offset;
  while (start > 0 && /\s/.test(text.charAt(start - 1))) start--;
  return start;
}

/** One level of indentation: what the first indented line begins with, two spaces when there is none. */
export function indentUnit(text: string): string {
  return /(?:^|[\r\n])(\t| +)(?=[^\s])/.exec(text)?.[1] ?? "  ";
}
