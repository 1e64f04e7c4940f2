/**
 * JSON with comments and trailing commas, changed in place. `jsonc-parser` finds what stands where; its own
 * edits are not used, because they drop comments between properties and cannot be taken back exactly.
 * @module
 */
import type * as Jsonc from "jsonc-parser";
import type { Plain } from "../types.ts";
import { type Data, type Editor, faultAt, isData } from "./edit.ts";
import { beginsLine, indentAt, indentUnit, lineEndOf, spaceBefore } from "./layout.ts";

/** Characters of a list that is still written on one line. */
const LINE_CHARS = 90;

/** The editor of JSON and JSONC. */
export function createJsonEditor(jsonc: typeof Jsonc): Editor {
  return {
    parse: (text) => parse(jsonc, text),
    put(text, path, value) {
      if (text.trim() === "") return fresh(text, path, value);
      return put(jsonc, text, path, value);
    },
    remove: (text, path) => remove(jsonc, text, path),
    find: (text, path) => jsonc.findNodeAtLocation(treeOf(jsonc, text), [...path])?.offset,
  };
}

/** What strict JSON forbids and the text has, for clients that read strictly; undefined for none. */
export function strictFault(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    return text.startsWith("\uFEFF") ? "a byte order mark" : "comments or trailing commas";
  }
}

function parse(jsonc: typeof Jsonc, text: string): Data {
  if (text.trim() === "") return {};
  const root = treeOf(jsonc, text);
  checkKeys(text, root);
  const data: unknown = jsonc.getNodeValue(root);
  if (!isData(data)) throw faultAt(text, root.offset, "the file holds no object");
  return data;
}

/** @throws {Fault} at the first error. */
function treeOf(jsonc: typeof Jsonc, text: string): Jsonc.Node {
  const errors: Jsonc.ParseError[] = [];
  const root = jsonc.parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined) {
    const why = jsonc.printParseErrorCode(error.error).replace(/(?!^)([A-Z])/g, " $1").toLowerCase();
    throw faultAt(text, error.offset, why);
  }
  if (root?.type !== "object") throw faultAt(text, root?.offset ?? 0, "the file holds no object");
  return root;
}

/** A key that stands twice: readers take the last, and a change would be made in the first. */
function checkKeys(text: string, node: Jsonc.Node): void {
  const seen = new Set<unknown>();
  for (const child of node.children ?? []) {
    const [key] = child.children ?? [];
    if (child.type === "property" && key !== undefined) {
      if (seen.has(key.value)) {
        throw faultAt(text, key.offset, `the key "${key.value}" stands here a second time`);
      }
      seen.add(key.value);
    }
    checkKeys(text, child);
  }
}

/** The text of a file that had none. */
function fresh(text: string, path: readonly string[], value: Plain): string {
  const whole = path.reduceRight<Plain>((inside, key) => ({ [key]: inside }), value);
  const eol = lineEndOf(text);
  return write(whole, { multiline: true, eol, unit: "  ", indent: "" }) + eol;
}

function put(jsonc: typeof Jsonc, text: string, path: readonly string[], value: Plain): string {
  let node = treeOf(jsonc, text);
  for (const [depth, key] of path.entries()) {
    const property = propertyOf(node, key);
    const inside = property?.children?.[1];
    if (inside === undefined) {
      const rest = path.slice(depth + 1).reduceRight<Plain>((inner, name) => ({ [name]: inner }), value);
      return insert(jsonc, text, node, key, rest);
    }
    node = inside;
    if (depth < path.length - 1 && node.type !== "object") {
      // A client that has no servers yet may have written null; anything else is somebody's.
      if (node.type !== "null") {
        throw faultAt(text, node.offset, `"${path.slice(0, depth + 1).join(".")}" is no object`);
      }
      const rest = path.slice(depth + 1).reduceRight<Plain>((inner, name) => ({ [name]: inner }), value);
      return replace(text, node, rest, /[\r\n]/.test(text.trim()));
    }
  }
  return replace(text, node, value, text.slice(node.offset, node.offset + node.length).includes("\n"));
}

function replace(text: string, node: Jsonc.Node, value: Plain, multiline: boolean): string {
  const style = { ...styleOf(text, node), multiline, indent: indentAt(text, node.offset) };
  return splice(text, node.offset, node.offset + node.length, write(value, style));
}

/** Adds a property as the last one of an object. */
function insert(jsonc: typeof Jsonc, text: string, object: Jsonc.Node, key: string, value: Plain): string {
  const style = styleOf(text, object);
  const last = object.children?.at(-1);
  const colon = style.multiline || /:\s/.test(text) ? ": " : ":";
  if (last === undefined) {
    const close = object.offset + object.length - 1;
    const inner = text.slice(object.offset + 1, close);
    const outer = indentAt(text, object.offset);
    const multiline = style.multiline || inner.trim() !== "";
    const indent = outer + style.unit;
    const property = JSON.stringify(key) + colon + write(value, { ...style, multiline, indent });
    const body = multiline
      ? `${inner.trimEnd()}${style.eol}${indent}${property}${style.eol}${outer}`
      : property;
    return splice(text, object.offset + 1, close, body);
  }
  const end = last.offset + last.length;
  const { comma, lineComment, anchor } = gapAfter(jsonc, text, end);
  const space = text.slice(spaceBefore(text, last.offset), last.offset);
  const own = beginsLine(text, last.offset) || lineComment;
  const indent = indentAt(text, last.offset);
  const separator = own ? style.eol + indent : object.children?.length === 1 && space === "" ? "" : " ";
  const multiline = own && style.multiline;
  const property = JSON.stringify(key) + colon + write(value, { ...style, multiline, indent });
  const trailing = comma === undefined ? "" : ",";
  const added = splice(text, anchor, anchor, separator + property + trailing);
  return comma === undefined ? splice(added, end, end, ",") : added;
}

function remove(jsonc: typeof Jsonc, text: string, path: readonly string[]): string {
  let object = treeOf(jsonc, text);
  for (const key of path.slice(0, -1)) {
    const inside = propertyOf(object, key)?.children?.[1];
    if (inside === undefined) return text;
    object = inside;
  }
  const children = object.children ?? [];
  const property = propertyOf(object, path.at(-1) ?? "");
  if (property === undefined) return text;
  const index = children.indexOf(property);
  const end = property.offset + property.length;
  const start = spaceBefore(text, property.offset);
  const { comma } = gapAfter(jsonc, text, end);
  const previous = children[index - 1];
  const cut = (from: number) => {
    const rest = splice(text, from, comma === undefined ? end : comma + 1, "");
    if (previous === undefined || comma !== undefined) return rest;
    // The last property goes, so the comma that separated it does, too.
    const before = gapAfter(jsonc, text, previous.offset + previous.length).comma;
    return before === undefined ? rest : splice(rest, before, before + 1, "");
  };
  const whole = cut(start);
  const close = object.offset + object.length - 1 - (text.length - whole.length);
  if (children.length === 1 && whole.slice(object.offset + 1, close).trim() === "") {
    return splice(whole, object.offset + 1, close, "");
  }
  // The white space before it may be what ends a comment: then it has to stay.
  return hasProperties(jsonc, whole, path.slice(0, -1), children.length - 1) ? whole : cut(property.offset);
}

/** Whether a text can be read and the object at a path has so many properties. */
function hasProperties(jsonc: typeof Jsonc, text: string, path: string[], count: number): boolean {
  const errors: Jsonc.ParseError[] = [];
  const root = jsonc.parseTree(text, errors, { allowTrailingComma: true });
  if (root === undefined || errors.length > 0) return false;
  return jsonc.findNodeAtLocation(root, path)?.children?.length === count;
}

/**
 * What follows a property: where its comma is, and `anchor`, the place behind it and behind comments on the
 * same line, where the next property goes.
 */
function gapAfter(
  jsonc: typeof Jsonc,
  text: string,
  end: number,
): { comma: number | undefined; lineComment: boolean; anchor: number } {
  const scanner = jsonc.createScanner(text, false);
  scanner.setPosition(end);
  let comma: number | undefined;
  let anchor = end;
  let sameLine = true;
  let lineComment = false;
  while (true) {
    // The kinds of jsonc-parser's SyntaxKind: 5 comma, 12 line comment, 13 block comment, 14 line end,
    // 15 white space.
    const kind: number = scanner.scan();
    const after = scanner.getTokenOffset() + scanner.getTokenLength();
    if (kind === 5 && comma === undefined) {
      comma = scanner.getTokenOffset();
      anchor = after;
      sameLine = true;
      lineComment = false;
    } else if (kind === 12 || kind === 13) {
      if (sameLine) {
        anchor = after;
        lineComment = kind === 12;
      }
    } else if (kind === 14) sameLine = false;
    else if (kind !== 15) return { comma, lineComment, anchor };
  }
}

interface Style {
  readonly multiline: boolean;
  readonly eol: string;
  readonly unit: string;
  readonly indent: string;
}

/** How to write inside of an object: over several lines, unless it or the whole text is on one. */
function styleOf(text: string, object: Jsonc.Node): Style {
  const inner = text.slice(object.offset, object.offset + object.length);
  const empty = (object.children ?? []).length === 0;
  const multiline = empty ? /[\r\n]/.test(text.trim()) || /^\s*\{\s*\}\s*$/.test(text) : /[\r\n]/.test(inner);
  return { multiline, eol: lineEndOf(text), unit: indentUnit(text), indent: "" };
}

/** A value as text. Lists of short things stay on one line. */
function write(value: Plain, style: Style): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inline = Array.isArray(value) ? `[${value.map((item) => JSON.stringify(item)).join(", ")}]` : "";
  if (!style.multiline) return inline === "" ? JSON.stringify(value) : inline;
  if (inline !== "" && inline.length <= LINE_CHARS) return inline;
  const inner = style.indent + style.unit;
  const deeper = { ...style, indent: inner };
  const items = Array.isArray(value)
    ? value.map((item) => write(item, deeper))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${write(item, deeper)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  if (items.length === 0) return `${open}${close}`;
  return `${open}${style.eol}${
    items.map((item) => inner + item).join(`,${style.eol}`)
  }${style.eol}${style.indent}${close}`;
}

function propertyOf(object: Jsonc.Node, key: string): Jsonc.Node | undefined {
  return object.children?.find(({ children }) => children?.[0]?.value === key);
}

function splice(text: string, start: number, end: number, inserted: string): string {
  return text.slice(0, start) + inserted + text.slice(end);
}
