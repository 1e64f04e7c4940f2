/**
 * Putting arguments into the texts of a declaration.
 * @module
 */
import { ToolError } from "../errors.ts";
import type { Outgoing } from "../web/types.ts";
import type { Declaration } from "./types.ts";

/** A value of JSON. */
type Json = NonNullable<NonNullable<Declaration["http"]>["json"]> | null;

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
    (_, key: string) => encodeURIComponent(String(values[key] ?? "").toWellFormed()),
  );
  const url = new URL(filled);
  const segments = (text: string) =>
    text.replace(/^[a-z]+:\/\/[^/?#]*/i, "").replace(/[?#].*$/, "").split("/");
  const [wanted, got] = [segments(template), segments(filled)];
  // Without the name of the one thing that is meant, `…/items/` often means all of them.
  const leads = got.some((one, i) => /^\.{1,2}$/.test(one) || (one === "" && wanted[i] !== ""));
  if (leads || url.pathname.split("/").length !== Math.max(wanted.length, 2)) {
    throw new ToolError(
      `Cannot call ${name}: an argument would lead to another address`,
      'Give something else than "." and "..", and something at all.',
    );
  }
  for (const [key, text] of Object.entries(http?.query ?? {})) {
    const value = fill(text, values);
    if (value !== undefined) url.searchParams.append(key, value);
  }
  return url.href;
}

/**
 * What is sent. Values are put into the structure and never into its text, so that none of them can become
 * more than a value. What names an argument that was left out is left out.
 */
export function body({ http }: Declaration, values: Values): Outgoing["body"] {
  if (http?.json !== undefined) {
    return { mediaType: "application/json", text: JSON.stringify(fillJson(http.json, values) ?? null) };
  }
  if (http?.form === undefined) return undefined;
  const form = new URLSearchParams();
  for (const [key, text] of Object.entries(http.form)) {
    const value = fill(text, values);
    if (value !== undefined) form.append(key, value);
  }
  return { mediaType: "application/x-www-form-urlencoded", text: form.toString() };
}

/** JSON with the values in it; undefined for a text that names what was left out. */
function fillJson(json: Json, values: Values): unknown {
  if (typeof json === "string") {
    const [, whole] = /^\{(\w+)\}$/.exec(json) ?? [];
    return whole !== undefined && placeholders(json).length === 1 ? values[whole] : fill(json, values);
  }
  if (Array.isArray(json)) {
    return json.map((one) => fillJson(one, values)).filter((one) => one !== undefined);
  }
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([key, one]) => [key, fillJson(one, values)]));
}

/** The texts in a piece of JSON, its names included. */
export function textsIn(json: Json): { readonly names: string[]; readonly texts: string[] } {
  if (typeof json === "string") return { names: [], texts: [json] };
  if (typeof json !== "object" || json === null) return { names: [], texts: [] };
  const inside = Object.values(json).map(textsIn);
  return {
    names: [...(Array.isArray(json) ? [] : Object.keys(json)), ...inside.flatMap((one) => one.names)],
    texts: inside.flatMap((one) => one.texts),
  };
}
