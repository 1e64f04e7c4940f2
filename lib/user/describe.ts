/**
 * What a loaded file defines, as data, or what is wrong with it. Runs in the worker.
 * @module
 */
import { z } from "zod";
import { errorText, ToolError } from "../errors.ts";
import { CALL_MS_MAX, USER_DEFINITION_CHARS_MAX } from "../limits.ts";
import type { AnyTool } from "../tool.ts";
import { type JsonSchema, tidySchema, wireTool } from "../wire.ts";
import type { Example, Prompt, Resources, Tool } from "./contract.ts";
import { type FileData, NAME, PREFIX, type PromptData, TIMEOUT_MS_MAX, type ToolData } from "./types.ts";

/** What a file exports, sorted. */
export interface Loaded {
  readonly title?: string;
  readonly tools: ReadonlyMap<string, Tool>;
  readonly prompts: ReadonlyMap<string, Prompt>;
  readonly resources?: Resources;
}

const ARGUMENT = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const EFFECTS = ["read", "add", "change", "destroy"];

/**
 * Finds the tools, prompts and resources among the exports of a file: each may be the default, have a name
 * of its own, or be inside of what `defineModule` or an array holds.
 * @throws {ToolError} when there are none, or one has no name to be told apart by.
 */
export function collect(exports: Readonly<Record<string, unknown>>): Loaded {
  const tools = new Map<string, Tool>();
  const prompts = new Map<string, Prompt>();
  const found: { title?: string; resources?: Resources } = {};
  const add = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(add);
    if (!isRecord(value)) return;
    if (isTool(value)) return put(tools, value, "tool");
    if (isPrompt(value)) return put(prompts, value, "prompt");
    if (value.tools === undefined && value.prompts === undefined && value.resources === undefined) return;
    [value.tools, value.prompts].forEach(add);
    if (typeof value.title === "string") found.title ??= value.title;
    if (isResources(value.resources)) found.resources ??= value.resources;
    else if (value.resources !== undefined) throw noResources();
  };
  // The default comes first, so that a tool that is also exported by its name counts once.
  [exports.default, ...Object.values(exports)].forEach(add);
  if (tools.size > 0 || prompts.size > 0 || found.resources !== undefined) {
    return { ...found, tools, prompts };
  }
  throw new ToolError(
    "It exports no tool",
    "End it with: export default defineTool({ name, description, … })",
  );
}

/** The data of what a file defines. @throws {ToolError} naming what is wrong with which definition. */
export function describe({ title, tools, prompts, resources }: Loaded): FileData {
  const data: FileData = {
    ...(title === undefined ? {} : { title }),
    tools: [...tools.values()].map(describeTool),
    prompts: [...prompts.values()].map(describePrompt),
    ...(resources === undefined ? {} : { resources: resources.prefix }),
  };
  const { length } = JSON.stringify(data);
  if (length <= USER_DEFINITION_CHARS_MAX) return data;
  throw new ToolError(
    `Its definitions take ${length} characters, at most ${USER_DEFINITION_CHARS_MAX} are taken`,
    "Shorten descriptions and schemas: every conversation pays for them.",
  );
}

/** The definition in the form that the call path of the built-in tools takes. */
export function asBuiltIn(tool: Tool): AnyTool {
  const { name, description, effect, world = "open", input = {}, paths = [] } = tool;
  return {
    name,
    title: tool.title ?? titleOf(name),
    description,
    effect,
    world,
    input,
    paths,
    run: () => {
      throw new Error("It is run by the worker");
    },
  };
}

/** A zod shape as the JSON Schema of an object. */
export function schemaOf(shape: Readonly<Record<string, z.ZodType>>, io: "input" | "output"): JsonSchema {
  return tidySchema(z.toJSONSchema(z.object(shape), { io }) as JsonSchema); // Its own type allows more forms.
}

function describeTool(tool: Tool): ToolData {
  const wrong = (what: string, next: string) => new ToolError(`The tool "${tool.name}" ${what}`, next);
  const { name, description, effect, world = "open", input = {}, paths = [], timeoutMs } = tool;
  if (typeof description !== "string" || description.trim() === "") {
    throw wrong("has no description", "Say what it does and when to use it: Claude decides by that.");
  }
  if (!EFFECTS.includes(effect)) {
    throw wrong(
      `has the effect ${JSON.stringify(effect)}`,
      `Say what it does to the world: ${EFFECTS.join(", ")}.`,
    );
  }
  if (world !== "open" && world !== "closed") {
    throw wrong(
      `has the world ${JSON.stringify(world)}`,
      'Say "closed" for this machine, "open" for the internet.',
    );
  }
  if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs <= TIMEOUT_MS_MAX)) {
    throw wrong(
      `has the timeoutMs ${timeoutMs}`,
      `Use 1 to ${TIMEOUT_MS_MAX}; ${CALL_MS_MAX} is the default.`,
    );
  }
  const bad = Object.keys(input).find((argument) => !ARGUMENT.test(argument));
  if (bad !== undefined) throw wrong(`has an argument "${bad}"`, "Use letters, digits and _, at most 64.");
  const stray = paths.find((path) => !Object.hasOwn(input, path));
  if (stray !== undefined) throw wrong(`names "${stray}" in paths`, "Name arguments of its input there.");
  const { version, deprecated, aliases = [], argumentAliases = {}, examples = [] } = tool;
  const badAlias = aliases.find((alias) => !NAME.test(alias) || alias === name);
  if (badAlias !== undefined) {
    throw wrong(`has the alias "${badAlias}"`, "Name there what it was called before.");
  }
  const renamed = Object.entries(argumentAliases).find(([old, now]) =>
    !ARGUMENT.test(old) || Object.hasOwn(input, old) || !Object.hasOwn(input, now)
  );
  if (renamed !== undefined) {
    throw wrong(
      `has the argumentAliases "${renamed.join('": "')}"`,
      "On the left stands a name an argument had before, on the right the name it has now.",
    );
  }
  const { title, inputSchema } = converted(wrong, () => wireTool(asBuiltIn(tool)));
  const { output } = tool;
  return {
    name,
    title,
    description,
    effect,
    world,
    inputSchema,
    ...(output === undefined ? {} : { outputSchema: converted(wrong, () => schemaOf(output, "output")) }),
    paths,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(version === undefined ? {} : { version }),
    ...(deprecated === undefined ? {} : { deprecated }),
    aliases,
    argumentAliases,
    examples: examples.map(describeExample),
  };
}

function converted<T>(wrong: (what: string, next: string) => ToolError, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw wrong(
      `has an input or output that is no JSON Schema (${errorText(error)})`,
      'Use schemas of the z that "clawhammer" exports, such as z.string() and z.number().',
    );
  }
}

function describeExample({ expect, ...example }: Example): ToolData["examples"][number] {
  if (expect === undefined) return example;
  return {
    ...example,
    expect: typeof expect === "string" ? expect : { pattern: expect.source, flags: expect.flags },
  };
}

function describePrompt({ name, title, description, arguments: given = [] }: Prompt): PromptData {
  return {
    name,
    title: title ?? titleOf(name),
    description: String(description ?? ""),
    arguments: given.map((argument) => ({
      name: argument.name,
      description: argument.description,
      required: argument.required ?? false,
      completes: argument.complete !== undefined,
    })),
  };
}

function put<T extends { readonly name: string }>(into: Map<string, T>, value: T, what: string): void {
  const { name } = value;
  if (typeof name !== "string" || !NAME.test(name)) {
    throw new ToolError(
      `A ${what} has the name ${JSON.stringify(name)}`,
      "Use small letters, digits and _, at most 40, beginning with a letter: city_weather.",
    );
  }
  if (into.has(name) && into.get(name) !== value) {
    throw new ToolError(`Two ${what}s have the name "${name}"`, "Give each a name of its own.");
  }
  into.set(name, value);
}

/** `city_weather` → `City weather`. */
function titleOf(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function isTool(value: Record<string, unknown>): value is Record<string, unknown> & Tool {
  return typeof value.run === "function";
}

function isPrompt(value: Record<string, unknown>): value is Record<string, unknown> & Prompt {
  return typeof value.render === "function";
}

function isResources(value: unknown): value is Resources {
  return isRecord(value) && typeof value.list === "function" && typeof value.read === "function" &&
    typeof value.prefix === "string" && PREFIX.test(value.prefix);
}

function noResources(): ToolError {
  return new ToolError(
    "Its resources are not complete",
    'Give them a prefix such as "notes://" (not "file:"), and the functions list and read.',
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
