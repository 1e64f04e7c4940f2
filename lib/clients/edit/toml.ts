/**
 * TOML, changed in place: an entry is a table of its own at the end of the file. `smol-toml` reads; where the
 * statements of the text begin and end is found here, because no library tells.
 * @module
 */
import type * as Toml from "smol-toml";
import type { Plain } from "../types.ts";
import { type Data, type Editor, Fault, isData } from "./edit.ts";
import { findInline, type Pieces, putInline, removeInline } from "./inline.ts";
import { lineEndOf } from "./layout.ts";

/** A line, or several, of a text: the head of a table, or a key and its value. */
interface Statement {
  readonly kind: "table" | "pair";
  /** From the top of the file. */
  readonly path: readonly string[];
  readonly start: number;
  /** Where the value begins; of a table, its end. */
  readonly value: number;
  /** Behind the last character; comments and the line end are not part of it. */
  readonly end: number;
}

/** The editor of TOML 1.0. */
export function createTomlEditor(toml: typeof Toml): Editor {
  return {
    parse: (text) => parse(toml, text),
    put(text, path, value) {
      const statements = scan(text);
      const exact = statements.find((one) => one.kind === "pair" && isSame(one.path, path));
      if (exact !== undefined) return text.slice(0, exact.value) + write(value) + text.slice(exact.end);
      const around = inlineAround(text, statements, path);
      if (around !== undefined) {
        const rest = path.slice(around.path.length);
        return putInline(text, around.value, rest, { key, written: write(value) }, PIECES);
      }
      const table = statements.findLast((one) => one.kind === "table" && isSame(one.path, path.slice(0, -1)));
      if (table !== undefined && !isTable(value)) return addPair(text, statements, table, path, value);
      const present = statements.some((one) => isWithin(one.path, path));
      return append(present ? remove(text, path) : text, path, value);
    },
    remove,
    find(text, path) {
      const statements = scan(text);
      const around = inlineAround(text, statements, path);
      return around === undefined
        ? statements.find((one) => isWithin(one.path, path))?.start
        : findInline(text, around.value, path.slice(around.path.length), PIECES);
    },
  };
}

/** The pair above a path whose value is a table in one line. */
function inlineAround(
  text: string,
  statements: readonly Statement[],
  path: readonly string[],
): Statement | undefined {
  return statements.find((one) =>
    one.kind === "pair" && one.path.length < path.length && isWithin(path, one.path) &&
    text.charAt(one.value) === "{"
  );
}

function parse(toml: typeof Toml, text: string): Data {
  try {
    const data: unknown = toml.parse(text);
    return isData(data) ? data : {};
  } catch (error) {
    if (!(error instanceof toml.TomlError)) throw error;
    // The rest of its message shows the line.
    const [first = ""] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw new Fault(first, error.line, error.column);
  }
}

function append(text: string, path: readonly string[], value: Plain): string {
  const eol = lineEndOf(text);
  const body = text === "" || /[\r\n]$/.test(text) ? text : text + eol;
  const gap = body.trim() === "" ? "" : eol;
  if (!isTable(value)) return `${body}${gap}${path.map(key).join(".")} = ${write(value)}${eol}`;
  const lines = [
    `[${path.map(key).join(".")}]`,
    ...Object.entries(value).map(([name, item]) => `${key(name)} = ${write(item)}`),
  ];
  return body + gap + lines.join(eol) + eol;
}

/** Adds a pair behind the last one of a table. */
function addPair(
  text: string,
  statements: readonly Statement[],
  table: Statement,
  path: readonly string[],
  value: Plain,
): string {
  const own = pairsOf(statements, table);
  const eol = lineEndOf(text);
  const at = endOfLine(text, (own.at(-1) ?? table).end);
  return `${text.slice(0, at)}${eol}${key(path.at(-1) ?? "")} = ${write(value)}${text.slice(at)}`;
}

/** Takes away the tables and pairs at a path, each with its lines and one empty line before a table. */
function remove(text: string, path: readonly string[]): string {
  const statements = scan(text);
  const around = inlineAround(text, statements, path);
  if (around !== undefined) return removeInline(text, around.value, path.slice(around.path.length), PIECES);
  let rest = text;
  for (const one of statements.toReversed()) {
    if (!isWithin(one.path, path)) continue;
    let start = one.start;
    if (one.kind === "table") start -= /(\r?\n)[ \t]*(\r?\n)$/.exec(text.slice(0, start))?.[2]?.length ?? 0;
    const end = endOfLine(text, one.end);
    const after = /^(\r\n|\n|\r)/.exec(text.slice(end))?.[0].length ?? 0;
    rest = rest.slice(0, start) + rest.slice(end + after);
  }
  return rest;
}

function pairsOf(statements: readonly Statement[], table: Statement): readonly Statement[] {
  const after = statements.slice(statements.indexOf(table) + 1);
  const next = after.findIndex((one) => one.kind === "table");
  return next < 0 ? after : after.slice(0, next);
}

/** The end of a line, behind a comment on it. */
function endOfLine(text: string, offset: number): number {
  return offset + (/^[^\r\n]*/.exec(text.slice(offset))?.[0].length ?? 0);
}

/** The statements of a text that can be parsed. */
function scan(text: string): Statement[] {
  const statements: Statement[] = [];
  let table: readonly string[] = [];
  let at = 0;
  while (at < text.length) {
    const blank = /^(?:[ \t\r\n]+|#[^\r\n]*)/.exec(text.slice(at))?.[0].length ?? 0;
    if (blank > 0) {
      at += blank;
      continue;
    }
    const start = at;
    const head = /^\[\[?/.exec(text.slice(at))?.[0] ?? "";
    const keys = readKeys(text, at + head.length);
    if (head !== "") {
      at = keys.end + head.length;
      table = keys.path;
      statements.push({ kind: "table", path: table, start, value: at, end: at });
      continue;
    }
    const value = keys.end + 1 + (/^[ \t]*/.exec(text.slice(keys.end + 1))?.[0].length ?? 0);
    at = endOfValue(text, value);
    const end = value + text.slice(value, at).trimEnd().length;
    statements.push({ kind: "pair", path: [...table, ...keys.path], start, value, end });
  }
  return statements;
}

/** A dotted key; `end` is behind the white space that follows it. */
function readKeys(text: string, from: number): { path: string[]; end: number } {
  const path: string[] = [];
  let at = from;
  while (at < text.length) {
    const [whole = "", quoted, literal, bare] =
      /^[ \t]*(?:"((?:[^"\\\r\n]|\\.)*)"|'([^'\r\n]*)'|([\w-]+))[ \t]*/.exec(text.slice(at)) ?? [];
    if (whole === "") return { path, end: at + 1 };
    path.push(quoted === undefined ? literal ?? bare ?? "" : unquote(quoted));
    at += whole.length;
    if (text.charAt(at) !== ".") break;
    at++;
  }
  return { path, end: at };
}

/** Escapes of TOML that JSON has, too; others name no server of ours. */
function unquote(body: string): string {
  try {
    return String(JSON.parse(`"${body}"`));
  } catch {
    return body;
  }
}

/** Where the value ends that begins here: at the end of the line outside of strings and brackets. */
function endOfValue(text: string, from: number, isEnd = /[\r\n]/): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const rest = text.slice(at, at + 3);
    const [long] = /^("""|''')/.exec(rest) ?? [];
    const one = text.charAt(at);
    if (long !== undefined) at = endOfLong(text, at + 3, long);
    else if (one === '"' || one === "'") at = endOfString(text, at + 1, one);
    else if (one === "#") {
      if (depth === 0) return at;
      at = endOfLine(text, at);
    } else {
      if (depth === 0 && isEnd.test(one)) return at;
      if (one === "[" || one === "{") depth++;
      if (one === "]" || one === "}") depth--;
      at++;
    }
  }
  return at;
}

const PIECES: Pieces = { readKeys, endOfItem: (text, from) => endOfValue(text, from, /[,}]/) };

function endOfString(text: string, from: number, quote: string): number {
  let at = from;
  while (at < text.length && text.charAt(at) !== quote && !/[\r\n]/.test(text.charAt(at))) {
    at += quote === '"' && text.charAt(at) === "\\" ? 2 : 1;
  }
  return at + 1;
}

function endOfLong(text: string, from: number, quotes: string): number {
  let at = from;
  while (at < text.length && !text.startsWith(quotes, at)) {
    at += quotes === '"""' && text.charAt(at) === "\\" ? 2 : 1;
  }
  at += 3;
  // Up to two quotes may stand before those that end it.
  while (text.charAt(at) === quotes.charAt(0)) at++;
  return at;
}

function write(value: Plain): string {
  if (typeof value === "string") return string(value);
  if (Array.isArray(value)) return `[${value.map(write).join(", ")}]`;
  if (isTable(value)) {
    const items = Object.entries(value).map(([name, item]) => `${key(name)} = ${write(item)}`);
    return items.length === 0 ? "{}" : `{ ${items.join(", ")} }`;
  }
  return String(value);
}

/** Windows paths are kept readable: a literal string has no escapes. */
function string(value: string): string {
  // deno-lint-ignore no-control-regex -- a literal string may not hold them.
  const literal = value.includes("\\") && !/['\u0000-\u0008\u000a-\u001f\u007f]/.test(value);
  return literal ? `'${value}'` : JSON.stringify(value).replaceAll("\u007f", "\\u007f");
}

function key(name: string): string {
  return /^[\w-]+$/.test(name) ? name : string(name);
}

function isTable(value: Plain): value is { readonly [key: string]: Plain } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && isWithin(a, b);
}

/** Whether a path is another one or lies below it. */
function isWithin(path: readonly string[], above: readonly string[]): boolean {
  return above.every((part, i) => path[i] === part);
}
