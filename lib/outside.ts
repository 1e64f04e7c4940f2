/** Placeholder until w1's. @module */
/** x */
export function cleanOutside(text: string): string {
  if (/^[\t\n\x20-\x7e]*$/.test(text)) return text;
  // deno-lint-ignore no-control-regex -- x
  return text.toWellFormed().replace(/\r\n?/g, "\n").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu, "");
}
