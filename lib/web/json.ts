/**
 * JSON in lines, every token as it was: numbers beyond 64 bits, repeated keys and escapes stay.
 * @module
 */

/**
 * Spreads JSON over lines with two spaces of indentation. Works in time that grows with the text alone, at any
 * depth; deeper than `depthMax` levels stays as it is.
 * @param text Valid JSON; of anything else the result has the same tokens, however it looks.
 */
export function spreadJson(text: string, depthMax = 50): string {
  const out: string[] = [];
  let depth = 0;
  const newLine = () => `\n${"  ".repeat(Math.min(depth, depthMax))}`;
  // Strings, which may end nowhere; brackets, empty ones as a whole; separators; all else.
  const tokens = /"(?:[^"\\]|\\[^])*"?|\{\s*\}|\[\s*\]|[{}[\],:]|[^\s"{}[\],:]+/g;
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    const [token] = match;
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
