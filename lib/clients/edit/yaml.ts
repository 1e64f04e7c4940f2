/**
 * YAML, changed in place. `yaml` finds what stands where; its own output is not used, because it would lay
 * out the whole file anew.
 * @module
 */
import type * as Yaml from "yaml";
import type { Plain } from "../types.ts";
import { type Data, type Editor, Fault, isData } from "./edit.ts";
import { indentAt, indentUnit, lineEndOf, lineStart, spaceBefore } from "./layout.ts";

/** The editor of YAML 1.2. */
export function createYamlEditor(yaml: typeof Yaml): Editor {
  return {
    parse: (text) => parse(yaml, text),
    put: (text, path, value) => put(yaml, text, path, value),
    remove: (text, path) => remove(yaml, text, path),
    find(text, path) {
      const node: unknown = read(yaml, text).getIn(path, true);
      return yaml.isNode(node) ? rangeOf(node)[0] : undefined;
    },
  };
}

function read(yaml: typeof Yaml, text: string): Yaml.Document.Parsed {
  const document = yaml.parseDocument(text);
  const [error] = document.errors;
  if (error === undefined) return document;
  const [place] = error.linePos ?? [];
  // The message shows the line behind the first one.
  const [first = ""] = error.message.split("\n");
  throw new Fault(first.replace(/ at line \d+, column \d+:?$/, ""), place?.line ?? 1, place?.col ?? 1);
}

function parse(yaml: typeof Yaml, text: string): Data {
  const document = read(yaml, text);
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    // An alias without its anchor, or aliases that would unfold to something huge.
    if (error instanceof ReferenceError) throw new Fault(error.message, 1, 1);
    throw error;
  }
  if (!isData(data)) throw new Fault("the file holds no keys", 1, 1);
  return data;
}

function put(yaml: typeof Yaml, text: string, path: readonly string[], value: Plain): string {
  let node: unknown = read(yaml, text).contents;
  if (!yaml.isMap(node)) return append(text, path, value);
  for (const [depth, key] of path.entries()) {
    const pair: Yaml.Pair | undefined = yaml.isMap(node) ? pairOf(yaml, node, key) : undefined;
    const rest = path.slice(depth).reduceRight<Plain>((inside, name) => ({ [name]: inside }), value);
    if (pair === undefined) return yaml.isMap(node) && isTable(rest) ? insert(yaml, text, node, rest) : text;
    const empty = !yaml.isCollection(pair.value) || pair.value.items.length === 0;
    if (depth === path.length - 1) return replace(yaml, text, pair, ` ${JSON.stringify(value)}`);
    if (empty) {
      const below = path.slice(depth + 1).reduceRight<Plain>((inside, name) => ({ [name]: inside }), value);
      const indent = indentAt(text, rangeOf(pair.key)[0]) + indentUnit(text);
      const eol = lineEndOf(text);
      return isTable(below)
        ? replace(yaml, text, pair, eol + write(below, indent, indentUnit(text), eol))
        : text;
    }
    node = pair.value;
  }
  return text;
}

/** Adds keys at the end of the text. */
function append(text: string, path: readonly string[], value: Plain): string {
  const eol = lineEndOf(text);
  const whole = path.reduceRight<Plain>((inside, key) => ({ [key]: inside }), value);
  const body = text === "" || /[\r\n]$/.test(text) ? text : text + eol;
  return isTable(whole) ? body + write(whole, "", indentUnit(text), eol) + eol : text;
}

/** Adds keys behind the last one of a map. */
function insert(
  yaml: typeof Yaml,
  text: string,
  map: Yaml.YAMLMap,
  added: { readonly [key: string]: Plain },
): string {
  if (map.flow === true) {
    const close = rangeOf(map)[1] - 1;
    const at = spaceBefore(text, close);
    const body = Object.entries(added).map(([key, value]) =>
      `${JSON.stringify(key)}: ${JSON.stringify(value)}`
    );
    const separator = map.items.length === 0 ? "" : text.charAt(at - 1) === "," ? " " : ", ";
    return text.slice(0, at) + separator + body.join(", ") + text.slice(at);
  }
  const [first] = map.items;
  const start = rangeOf(first?.key)[0];
  const indent = text.slice(lineStart(text, start), start);
  const eol = lineEndOf(text);
  const kept = endOfKept(yaml, text, map);
  if (kept !== undefined) {
    return text.slice(0, kept) + write(added, indent, indentUnit(text), eol) + eol + text.slice(kept);
  }
  const at = endOfLine(text, endOf(yaml, map));
  return text.slice(0, at) + eol + write(added, indent, indentUnit(text), eol) + text.slice(at);
}

/** Replaces what follows the colon of a key. */
function replace(yaml: typeof Yaml, text: string, pair: Yaml.Pair, body: string): string {
  const colon = text.indexOf(":", rangeOf(pair.key)[1]);
  const end = pair.value === null ? colon + 1 : Math.max(colon + 1, endOf(yaml, pair.value));
  return text.slice(0, colon + 1) + body + text.slice(end);
}

function remove(yaml: typeof Yaml, text: string, path: readonly string[]): string {
  let map: unknown = read(yaml, text).contents;
  let above: Yaml.Pair | undefined;
  for (const key of path.slice(0, -1)) {
    above = yaml.isMap(map) ? pairOf(yaml, map, key) : undefined;
    map = above?.value;
  }
  if (!yaml.isMap(map)) return text;
  const pair = pairOf(yaml, map, path.at(-1) ?? "");
  if (pair === undefined) return text;
  if (map.items.length === 1 && above !== undefined) return replace(yaml, text, above, " {}");
  const [start] = rangeOf(pair.key);
  const end = pair.value === null ? endOfLine(text, start) : endOf(yaml, pair.value);
  if (map.flow === true) {
    const comma = /^\s*,\s*/.exec(text.slice(end))?.[0].length;
    if (comma !== undefined) return text.slice(0, start) + text.slice(end + comma);
    return text.slice(0, start).replace(/,\s*$/, "") + text.slice(end);
  }
  const after = endOfLine(text, end);
  const lineEnd = /^(\r\n|\n|\r)/.exec(text.slice(after))?.[0].length ?? 0;
  return text.slice(0, lineStart(text, start)) + text.slice(after + lineEnd);
}

function pairOf(yaml: typeof Yaml, map: Yaml.YAMLMap, key: string): Yaml.Pair | undefined {
  return map.items.find((pair) => yaml.isScalar(pair.key) && String(pair.key.value) === key);
}

/** Where a node ends, without the comments and line ends behind it. */
function endOf(yaml: typeof Yaml, node: unknown): number {
  if (yaml.isCollection(node) && node.flow !== true) {
    const last: unknown = node.items.at(-1);
    if (!yaml.isPair(last)) return last === undefined ? rangeOf(node)[1] : endOf(yaml, last);
    return last.value === null ? rangeOf(last.key)[1] + 1 : endOf(yaml, last.value);
  }
  return rangeOf(node)[1];
}

/**
 * Where a text ends that keeps the empty lines behind it (`|+`), when a node ends with one: what is added
 * comes behind them. Undefined for all others.
 */
function endOfKept(yaml: typeof Yaml, text: string, node: unknown): number | undefined {
  if (yaml.isCollection(node)) {
    return node.flow === true ? undefined : endOfKept(yaml, text, node.items.at(-1));
  }
  if (yaml.isPair(node)) return endOfKept(yaml, text, node.value);
  if (!yaml.isScalar(node)) return undefined;
  const [start, end] = rangeOf(node);
  return /^[|>]\d?\+/.test(text.slice(start, end)) && /[\r\n]$/.test(text.slice(0, end)) ? end : undefined;
}

function rangeOf(node: unknown): readonly [number, number] {
  const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
  if (!Array.isArray(range)) throw new Fault("a part of the file has no place in it", 1, 1);
  return [Number(range[0]), Number(range[1])];
}

/** The end of the line, behind a comment on it; an offset behind a line end is taken back over it. */
function endOfLine(text: string, offset: number): number {
  const from = /[\r\n]/.test(text.charAt(offset - 1)) ? spaceBefore(text, offset) : offset;
  return from + (/^[^\r\n]*/.exec(text.slice(from))?.[0].length ?? 0);
}

/** Keys and values as a block: lists on one line, as JSON, which is YAML. */
function write(value: { readonly [key: string]: Plain }, indent: string, unit: string, eol: string): string {
  return Object.entries(value).map(([key, item]) => {
    const inside = isTable(item) && Object.keys(item).length > 0;
    const body = inside ? eol + write(item, indent + unit, unit, eol) : ` ${scalar(item)}`;
    return `${indent}${scalar(key)}:${body}`;
  }).join(eol);
}

/** Words that cannot be taken for anything else are plain. */
function scalar(value: Plain): string {
  const plain = typeof value === "string" && /^[A-Za-z][A-Za-z0-9_-]*$/.test(value) &&
    !/^(true|false|yes|no|on|off|null|nan|inf|y|n)$/i.test(value);
  return plain
    ? value
    : Array.isArray(value)
    ? `[${value.map((item) => JSON.stringify(item)).join(", ")}]`
    : JSON.stringify(value);
}

function isTable(value: Plain): value is { readonly [key: string]: Plain } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
