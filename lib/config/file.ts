/**
 * The configuration file: JSON with comments and trailing commas (JSONC), every key known.
 * @module
 */
import type { Node, ParseError } from "jsonc-parser";
import { UsageError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { type Host, pathsOf } from "./host.ts";
import { isKey, isUnset, type Key, KEYS, OPTIONS, readSettings, type Settings } from "./options.ts";

/**
 * Reads the text of a configuration file. Relative paths belong to the file's folder.
 * @param path Absolute; for messages and as the base of relative paths.
 * @throws {UsageError} with line and column, for wrong syntax, an unknown or repeated key, a wrong value.
 */
export async function readConfigText(text: string, path: string, host: Host): Promise<Settings> {
  const jsonc = await import("jsonc-parser");
  const body = text.replace(/^\uFEFF/, "");
  const fail = (offset: number, message: string): never => {
    throw new UsageError(`${place(path, body, offset)}: ${message}`);
  };
  const errors: ParseError[] = [];
  const tree = jsonc.parseTree(body, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined) fail(error.offset, describe(jsonc.printParseErrorCode(error.error)));
  if (tree?.type !== "object") {
    return fail(tree?.offset ?? 0, 'the file is not an object\nWrite { "allow": ["/path/to/folder"] }');
  }
  const given = new Map<Key, readonly string[]>();
  const places = new Map<Key, string>();
  for (const { offset, children: [name, value] = [] } of tree.children ?? []) {
    const key = String(name?.value);
    if (!isKey(key) || !OPTIONS[key].inFile) return fail(offset, unknownKey(key));
    if (places.has(key)) fail(offset, `"${key}" stands here a second time\nKeep one of the two`);
    places.set(key, place(path, body, offset));
    const texts = textsOf(value, OPTIONS[key].kind.json);
    if (texts === undefined) {
      return fail(value?.offset ?? offset, `"${key}" must be ${EXPECTED[OPTIONS[key].kind.json]}`);
    }
    if (texts.length > 0) given.set(key, texts);
  }
  const base = pathsOf(host).dirname(path);
  return readSettings(given, (key) => ({ label: `${places.get(key)}: "${key}"`, base, host }));
}

const EXPECTED = {
  list: 'a list of strings\nWrite ["…", "…"]',
  string: 'a string\nWrite "…"',
  boolean: "true or false",
};

/** The value of a key as texts, or undefined when it is of another type. */
function textsOf(value: Node | undefined, json: keyof typeof EXPECTED): string[] | undefined {
  if (json === "boolean" && value?.type === "boolean") return [String(value.value)];
  if (json === "list" && value?.type === "array") {
    const items = (value.children ?? []).flatMap((item) =>
      typeof item.value === "string" ? [item.value] : []
    );
    return items.length === (value.children ?? []).length ? items : undefined;
  }
  if (typeof value?.value !== "string") return undefined;
  return json !== "boolean" || isUnset(value.value) ? [value.value] : undefined;
}

function unknownKey(key: string): string {
  const keys = KEYS.filter((candidate) => OPTIONS[candidate].inFile);
  const near = nearest(key, keys, 1);
  return `unknown key "${key}"\n${
    near.length > 0 ? `Did you mean "${near[0]}"?` : `There are ${keys.join(", ")}`
  }`;
}

/** `FILE:LINE:COLUMN`, both counted from 1. */
function place(path: string, text: string, offset: number): string {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  return `${path}:${lines.length}:${(lines.at(-1) ?? "").length + 1}`;
}

/** `CommaExpected` → `comma expected`. */
function describe(code: string): string {
  return code.replace(/(?!^)([A-Z])/g, " $1").toLowerCase();
}
