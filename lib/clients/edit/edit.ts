/**
 * Changes of a configuration file that leave everything else as it was: comments, order, indentation, line
 * ends. Every change is made in the text and then checked by reading before and after.
 * @module
 */
import { ToolError } from "../../errors.ts";
import type { Format, Plain } from "../types.ts";

/** A file as data: what stands at the top is an object in every format. */
export type Data = { readonly [key: string]: unknown };

/** Something to be changed: a value put at the end of a path of keys, or, undefined, taken away. */
export interface Change {
  readonly path: readonly string[];
  readonly value: Plain | undefined;
}

/** A format: how its text is read and changed. */
export interface Editor {
  /** The data of a text without byte order mark; an empty text is an empty object. @throws {Fault} */
  parse(text: string): Data;
  /** Puts a value where there is none or another, making the objects on the way. */
  put(text: string, path: readonly string[], value: Plain): string;
  /** Takes away what stands at a path, which exists. */
  remove(text: string, path: readonly string[]): string;
  /** Where the value at a path begins, an offset of the text; undefined when that cannot be told. */
  find(text: string, path: readonly string[]): number | undefined;
}

/** A text that is not what it should be, and where. */
export class Fault extends Error {
  /** From 1. */
  readonly line: number;
  /** In UTF-16 code units, from 1. */
  readonly column: number;

  /** @param why What is wrong, in lower case: `comma expected`. */
  constructor(why: string, line: number, column: number) {
    super(why);
    this.name = "Fault";
    this.line = line;
    this.column = column;
  }
}

/** A fault at an offset of a text. */
export function faultAt(text: string, offset: number, why: string): Fault {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  return new Fault(why, lines.length, (lines.at(-1) ?? "").length + 1);
}

/** The editor of a format, with the library it stands on. */
export async function editorOf(format: Format): Promise<Editor> {
  switch (format) {
    case "toml":
      return (await import("./toml.ts")).createTomlEditor(await import("smol-toml"));
    case "yaml":
      return (await import("./yaml.ts")).createYamlEditor(await import("yaml"));
    default:
      return (await import("./json.ts")).createJsonEditor(await import("jsonc-parser"));
  }
}

/**
 * Applies changes to a text. A byte order mark stays; a change that is in force already does nothing.
 * @throws {Fault} when the text is broken.
 * @throws {ToolError} when a change cannot be made without touching anything else.
 */
export function applyChanges(editor: Editor, text: string, changes: readonly Change[]): string {
  const mark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  let body = text.slice(mark.length);
  for (const { path, value } of changes) {
    const before = editor.parse(body);
    const wanted = changed(before, path, value);
    if (same(before, wanted)) continue;
    const after = value === undefined ? editor.remove(body, path) : editor.put(body, path, value);
    if (![wanted, pruned(wanted, path.slice(0, -1))].some((each) => reads(editor, after, each))) {
      throw unsafe(editor, path, value);
    }
    body = after;
  }
  return mark + body;
}

/** Whether two things read from configurations mean the same; the order of keys does not count. */
export function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

/** Whether something read from a configuration is an object with keys. */
export function isData(value: unknown): value is Data {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** What stands at a path, or undefined. */
export function valueAt(data: unknown, path: readonly string[]): unknown {
  let at = data;
  for (const key of path) {
    if (!isData(at) || !Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return at;
}

/** The data as it is after a change. */
function changed(data: Data, [key, ...rest]: readonly string[], value: Plain | undefined): Data {
  if (key === undefined) return data;
  const inside = Object.hasOwn(data, key) ? data[key] : undefined;
  const entries = Object.entries(data);
  if (rest.length === 0 && value === undefined) {
    return Object.fromEntries(entries.filter(([name]) => name !== key));
  }
  if (rest.length > 0 && value === undefined && !isData(inside)) return data;
  const next = rest.length === 0 ? value : changed(isData(inside) ? inside : {}, rest, value);
  return Object.fromEntries([...entries.filter(([name]) => name !== key), [key, next]]);
}

/** The same without the objects on a path that are empty: some formats have no way to write them. */
function pruned(data: Data, path: readonly string[]): Data {
  if (path.length === 0) return data;
  const inside = valueAt(data, path);
  return isData(inside) && Object.keys(inside).length === 0
    ? pruned(changed(data, path, undefined), path.slice(0, -1))
    : data;
}

function reads(editor: Editor, text: string, wanted: Data): boolean {
  try {
    return same(editor.parse(text), wanted);
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

/** JSON with sorted keys, in which numbers of any size and dates keep their kind. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === "bigint") return Number.isSafeInteger(Number(item)) ? Number(item) : `${item}n`;
    if (typeof item === "number" && !Number.isFinite(item)) return String(item);
    if (!isData(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  }) ?? "undefined";
}

/** What is to be added is shown as the format writes it: it can be copied. */
function unsafe(editor: Editor, path: readonly string[], value: Plain | undefined): ToolError {
  const name = path.join(".");
  return new ToolError(
    `Cannot change ${name} without touching what stands around it`,
    value === undefined ? `Remove ${name} by hand` : `Add this by hand:\n${editor.put("", path, value)}`,
  );
}
