/**
 * JSON in lines, every token as it was: numbers beyond 64 bits, repeated keys and escapes stay.
 * @module
 */

/** How many times longer a text may become: what is nested deeply for its own sake stays as it is. */
const GROWTH_MAX = 16;
/** Levels that are indented. */
const DEPTH_MAX = 50;

/**
 * Spreads JSON over lines with two spaces of indentation, in time that grows with the text alone.
 * @param text Valid JSON; of anything else the result has the same tokens, however it looks.
 */
export function spreadJson(text: string): string {
  const out: string[] = [];
  let depth = 0;
  let room = GROWTH_MAX * text.length + 1_000;
  const newLine = () => {
    const indent = 2 * Math.min(depth, DEPTH_MAX);
    room -= indent;
    return `\n${" ".repeat(indent)}`;
  };
  // Strings, which may end nowhere; brackets, empty ones as a whole; separators; all else.
  const tokens = /"(?:[^"\\]|\\[^])*"?|\{\s*\}|\[\s*\]|[{}[\],:]|[^\s"{}[\],:]+/g;
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    const [token] = match;
    if (room < 0) return text;
    if (token === "{" || token === "[") {
      depth++;
      out.push(token, newLine());
    } else if (token === "}" || token === "]") {
      depth = Math.max(0, depth - 1);
      out.push(newLine(), token);
    } else if (token === ",") out.push(token, newLine());
    else if (token === ":") out.push(": ");
    else out.push(/^[{[]/.test(token) ? token.charAt(0) + token.slice(-1) : token);
  }
  return out.join("");
}
