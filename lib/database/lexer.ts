/**
 * The parts of a text in SQL: what is code, and what is quoted or a comment. As much as it takes to find
 * parameters and names; what a statement means is decided by the database alone.
 *
 * Where the rules of SQLite and PostgreSQL differ, those of PostgreSQL count: nested comments, `E'…'`,
 * `$$…$$`, and that a carriage return ends a line, too.
 * @module
 */

/** A part of a statement. */
export interface Part {
  readonly kind: "word" | "parameter" | "name" | "string" | "comment" | "other";
  readonly text: string;
}

/**
 * Each alternative begins with what no other begins with, and none can fail after its beginning: what is not
 * closed reaches to the end. So the time is linear.
 */
const PART = new RegExp(
  [
    String.raw`(?<comment>--[^\n\r]*|\/\*)`,
    String.raw`(?<string>[eE]'[^'\\]*(?:(?:\\[^]|'')[^'\\]*)*'?|(?:[uU]&)?'[^']*(?:''[^']*)*'?|` +
    String.raw`\$(?<tag>[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?\$)`,
    String.raw`(?<name>(?:[uU]&)?"[^"]*(?:""[^"]*)*"?|` + "`[^`]*(?:``[^`]*)*`?)",
    String.raw`(?<word>[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*)`,
    String.raw`(?<parameter>:[A-Za-z_]\w*)`,
    String.raw`(?<other>::|:=|[0-9][\w.$\x80-\uffff]*|\$[0-9]+|[^])`,
  ].join("|"),
  "y",
);

/** Takes a statement apart; the texts of all parts joined are the statement. */
export function partsOf(sql: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  while (at < sql.length) {
    PART.lastIndex = at;
    const found = PART.exec(sql);
    const begin = found?.[0] ?? sql.charAt(at);
    const kind = KINDS.find((one) => found?.groups?.[one] !== undefined) ?? "other";
    const end = begin === "/*"
      ? commentEnd(sql, at)
      : begin.startsWith("$") && kind === "string"
      ? closing(sql, begin, at + begin.length)
      : at + begin.length;
    parts.push({ kind, text: sql.slice(at, end) });
    at = end;
  }
  return parts;
}

const KINDS = ["comment", "string", "name", "word", "parameter", "other"] as const;

function closing(sql: string, what: string, from: number): number {
  const found = sql.indexOf(what, from);
  return found === -1 ? sql.length : found + what.length;
}

/** Comments stand in each other; the whole of them ends with the last. */
function commentEnd(sql: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  let depth = 0;
  for (let found = mark.exec(sql); found !== null; found = mark.exec(sql)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return sql.length;
}

/** The names of the parameters, each once, in the order they first stand. */
export function parametersOf(sql: string): string[] {
  const found = partsOf(sql).filter(({ kind }) => kind === "parameter").map(({ text }) => text.slice(1));
  return [...new Set(found)];
}

/**
 * Writes parameters as numbers, which every database takes.
 * @param sign What stands before a number: `?` for SQLite, `$` for PostgreSQL.
 */
export function numbered(sql: string, sign: "?" | "$"): { readonly sql: string; readonly names: string[] } {
  const names = parametersOf(sql);
  const text = partsOf(sql).map(({ kind, text }) =>
    kind === "parameter" ? `${sign}${names.indexOf(text.slice(1)) + 1}` : text
  ).join("");
  return { sql: text, names };
}

/** Whether there is nothing in it that a database would do. */
export function isEmpty(sql: string): boolean {
  return partsOf(sql).every(({ kind, text }) => kind === "comment" || /^[\s;]*$/.test(text));
}
