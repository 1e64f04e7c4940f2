/**
 * Putting arguments into the texts of a declaration.
 * @module
 */
import { ToolError } from "../errors.ts";
import type { Declaration } from "./types.ts";

/** The values of a call by the names of arguments; what was left out is not there. */
export type Values = Readonly<Record<string, unknown>>;

const PLACEHOLDER = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The names in braces. */
export function placeholders(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)].map(([, name = ""]) => name);
}

/** The text with the values in it; undefined when one of them was left out. */
export function fill(
  template: string,
  values: Values,
  write: (value: string) => string = (value) => value,
): string | undefined {
  if (placeholders(template).some((name) => values[name] === undefined)) return undefined;
  return template.replace(PLACEHOLDER, (_, name: string) => write(String(values[name])));
}

/**
 * The program and its arguments. A piece is left out when what it names was; one in `when`, also when that is
 * false.
 * @throws {ToolError} for a text that the program would take for an option.
 */
export function commandLine({ name, command = [], arguments: args }: Declaration, values: Values): string[] {
  const line: string[] = [];
  for (const piece of command) {
    const [texts, wanted] = typeof piece === "string"
      ? [[piece], true]
      : [piece.args, values[piece.when] !== undefined && values[piece.when] !== false];
    if (!wanted) continue;
    const filled = texts.map((text) => fill(text, values));
    if (filled.some((text) => text === undefined)) continue;
    for (const [i, text] of texts.entries()) {
      const value = filled[i] ?? "";
      const [, first = ""] = /^\{(\w+)\}/.exec(text) ?? [];
      const isText = args[first]?.type === "string" && args[first]?.values === undefined;
      if (isText && value.startsWith("-") && !line.includes("--")) {
        throw new ToolError(
          `Cannot call ${name}: "${first}" begins with "-", which its program would take for an option`,
          `Give "${first}" without it.`,
        );
      }
      if (value.includes("\0")) {
        throw new ToolError(`Cannot call ${name}: an argument holds a NUL character`, "Leave it out.");
      }
      line.push(value);
    }
  }
  return line;
}

/**
 * The address, its values encoded so that none of them reaches beyond its place.
 * @throws {ToolError} for a value that would lead to another path.
 */
export function address({ name, http }: Declaration, values: Values): string {
  const template = http?.url ?? "";
  const filled = template.replace(
    PLACEHOLDER,
    (_, key: string) => encodeURIComponent(String(values[key] ?? "")),
  );
  const url = new URL(filled);
  const segments = (text: string) =>
    text.replace(/^[a-z]+:\/\/[^/?#]*/i, "").replace(/[?#].*$/, "").split("/");
  const expected = Math.max(segments(template).length, 2);
  if (url.pathname.split("/").length !== expected || segments(filled).some((one) => /^\.{1,2}$/.test(one))) {
    throw new ToolError(
      `Cannot call ${name}: an argument would lead to another address`,
      'Give something else than "." and "..".',
    );
  }
  for (const [key, text] of Object.entries(http?.query ?? {})) {
    const value = fill(text, values);
    if (value !== undefined) url.searchParams.append(key, value);
  }
  return url.href;
}
