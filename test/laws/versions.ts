/**
 * What a release promises to those who call its tools: whether a later definition still keeps it.
 * @module
 */
import type { AnyTool } from "../../lib/tool.ts";
import { type JsonSchema, type WireTool, wireTool } from "../../lib/wire.ts";

/** A tool as a release offered it: its wire form, and the older names it answered to. */
export interface Promised extends WireTool {
  readonly aliases?: readonly string[];
  readonly argumentAliases?: Readonly<Record<string, string>>;
}

/** What is kept of a tool when a version is released. */
export function promised(tool: AnyTool): Promised {
  const { aliases, argumentAliases } = tool;
  return {
    ...wireTool(tool),
    ...(aliases === undefined ? {} : { aliases }),
    ...(argumentAliases === undefined ? {} : { argumentAliases }),
  };
}

/** The versions that may not break each other share this: "0.3" before 1.0.0, "2" afterwards. */
export function lineOf(version: string): string {
  const [major = "", minor = ""] = version.split(".");
  return major === "0" ? `0.${minor}` : major;
}

/** Every way in which tools break what a release promised: who called that release could fail now. */
export function breaks(release: readonly Promised[], now: readonly Promised[]): string[] {
  return release.flatMap((before) => {
    return [before.name, ...before.aliases ?? []].flatMap((name) => {
      const tool = now.find((one) => one.name === name) ?? now.find((one) => one.aliases?.includes(name));
      if (tool === undefined) return [`${name} is gone; keep it, or name it in the aliases of another`];
      return name === before.name ? toolBreaks(before, tool) : [];
    });
  });
}

function toolBreaks(before: Promised, now: Promised): string[] {
  const was = before.inputSchema.properties ?? {};
  const is = now.inputSchema.properties ?? {};
  const renamed = now.argumentAliases ?? {};
  const nameNow = (name: string) => Object.hasOwn(is, name) ? name : renamed[name];
  const wasRequired = (before.inputSchema.required ?? []).map(nameNow);
  const names = [...Object.keys(was), ...Object.keys(before.argumentAliases ?? {})];
  return [
    ...names.flatMap((name) => {
      const target = nameNow(name);
      if (target !== undefined && Object.hasOwn(is, target)) return [];
      return [`its argument "${name}" is gone; keep it, or name it in argumentAliases`];
    }),
    ...(now.inputSchema.required ?? []).filter((name) => !wasRequired.includes(name)).map((name) =>
      `its argument "${name}" is required now`
    ),
    ...Object.entries(was).flatMap(([name, schema]) => {
      const target = is[nameNow(name) ?? ""];
      return target === undefined ? [] : narrowed(schema, target, `its argument "${name}"`);
    }),
    ...effects(before, now),
  ].map((what) => `${before.name}: ${what}`);
}

/** What hosts decide by: a tool that looked harmless may not become harmful. */
function effects({ annotations: was }: Promised, { annotations: is }: Promised): string[] {
  return [
    ...(was.readOnlyHint && !is.readOnlyHint ? ["it changes something now"] : []),
    ...(!was.destructiveHint && is.destructiveHint ? ["it is destructive now"] : []),
    ...(!was.openWorldHint && is.openWorldHint ? ["it reaches the internet now"] : []),
  ];
}

/** Keywords whose growth shuts values out, and those whose shrinking does. */
const LOWER = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"];
const UPPER = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"];
/** Keywords whose change is a narrowing, because it cannot be told what the two values have in common. */
const FIXED = ["pattern", "multipleOf", "format", "const", "uniqueItems"];

/** The ways in which a schema refuses what an older one took. */
export function narrowed(was: JsonSchema, is: JsonSchema, what: string): string[] {
  if (Array.isArray(is.anyOf) || Array.isArray(was.anyOf)) return narrowedChoice(was, is, what);
  const found: string[] = [];
  const types = typesOf(is);
  const lost = typesOf(was).filter((type) => !types.includes(type) && !types.includes(wider(type)));
  if (types.length > 0 && (typesOf(was).length === 0 || lost.length > 0)) {
    found.push(
      `${what} is only ${types.join(" or ")} now, it was ${typesOf(was).join(" or ") || "anything"}`,
    );
  }
  if (Array.isArray(is.enum)) {
    const values: readonly unknown[] | undefined = Array.isArray(was.enum)
      ? was.enum
      : was.const === undefined
      ? undefined
      : [was.const];
    const gone = values?.filter((value) => !(is.enum as readonly unknown[]).includes(value));
    if (gone === undefined) found.push(`${what} takes only some values now`);
    else if (gone.length > 0) {
      found.push(`${what} does not take ${gone.map((one) => JSON.stringify(one))} now`);
    }
  }
  for (const key of LOWER) if (below(was[key], is[key])) found.push(`${what}: ${key} is ${is[key]} now`);
  for (const key of UPPER) {
    if (below(is[key], was[key], true)) found.push(`${what}: ${key} is ${is[key]} now`);
  }
  for (const key of FIXED) {
    if (is[key] !== undefined && is[key] !== was[key]) found.push(`${what}: ${key} is ${is[key]} now`);
  }
  if (is.items !== undefined) found.push(...narrowed(was.items ?? {}, is.items, `the items of ${what}`));
  return [...found, ...narrowedFields(was, is, what)];
}

/** The fields of an object inside of an argument: they have no aliases. */
function narrowedFields(was: JsonSchema, is: JsonSchema, what: string): string[] {
  const [fields, now] = [was.properties ?? {}, is.properties ?? {}];
  const closed = is.additionalProperties === false;
  return [
    ...Object.entries(fields).flatMap(([name, schema]) => {
      const target = now[name];
      if (target !== undefined) return narrowed(schema, target, `"${name}" of ${what}`);
      return closed ? [`"${name}" of ${what} is gone`] : [];
    }),
    ...(is.required ?? []).filter((name) => was.required?.includes(name) !== true).map((name) =>
      `"${name}" of ${what} is required now`
    ),
    ...(closed && was.additionalProperties !== false && was.type === "object"
      ? [`${what} takes no other fields now`]
      : []),
  ];
}

/** Every old choice must fit into one of the new ones. */
function narrowedChoice(was: JsonSchema, is: JsonSchema, what: string): string[] {
  const choices = (schema: JsonSchema) => (schema.anyOf ?? [schema]) as readonly JsonSchema[];
  const lost = choices(was).filter((one) => choices(is).every((now) => narrowed(one, now, what).length > 0));
  return lost.map((one) => `${what} does not take ${one.type ?? JSON.stringify(one)} as before`);
}

function typesOf({ type, enum: values, const: only }: JsonSchema): readonly string[] {
  const given: unknown = type;
  if (Array.isArray(given)) return given.map(String);
  if (typeof given === "string") return [given];
  const known: readonly unknown[] = Array.isArray(values) ? values : only === undefined ? [] : [only];
  return [...new Set(known.map((value) => value === null ? "null" : typeof value))];
}

function wider(type: string): string {
  return type === "integer" ? "number" : type;
}

/** Whether a limit was moved up; one that was not there before counts as infinitely far away. */
function below(a: unknown, b: unknown, upper = false): boolean {
  const [low, high] = upper ? [a, b ?? Infinity] : [a ?? -Infinity, b];
  return typeof low === "number" && typeof high === "number" && low < high;
}
