/**
 * Prompts in the words of the protocol (MCP specification, "Prompts").
 * @module
 */
import { ToolError, UnknownNameError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { Context, Prompt } from "../tool.ts";

/** A prompt in `prompts/list` (`Prompt`). */
export interface WirePrompt {
  name: string;
  title: string;
  description: string;
  arguments: { name: string; description: string; required: boolean }[];
}

/** What `prompts/get` answers (`GetPromptResult`). */
export interface WireMessages {
  description: string;
  messages: { role: "user"; content: { type: "text"; text: string } }[];
}

/** The wire form of a prompt, built field by field so that nothing else leaks. */
export function wirePrompt(prompt: Prompt): WirePrompt {
  return {
    name: prompt.name,
    title: prompt.title,
    description: prompt.description,
    arguments: prompt.arguments.map(({ name, description, required }) => ({ name, description, required })),
  };
}

/**
 * Renders a prompt. An empty argument counts as not given: that is what the form of a host sends for an
 * empty field.
 * @throws {UnknownNameError} when there is no such prompt.
 * @throws {ToolError} when an argument is missing or unknown.
 */
export async function getPrompt(
  prompts: readonly Prompt[],
  name: string,
  args: Readonly<Record<string, string>>,
  ctx: Context,
): Promise<WireMessages> {
  const prompt = findPrompt(prompts, name);
  const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== ""));
  const accepted = prompt.arguments.map((argument) => argument.name);
  const unknown = Object.keys(args).filter((key) => !accepted.includes(key));
  const missing = prompt.arguments.filter((argument) =>
    argument.required && given[argument.name] === undefined
  );
  if (unknown.length > 0) {
    throw new ToolError(`Cannot use prompt ${name}: unknown argument ${quote(unknown)}`, takes(prompt));
  }
  if (missing.length > 0) {
    const names = quote(missing.map((argument) => argument.name));
    throw new ToolError(`Cannot use prompt ${name}: missing argument ${names}`, takes(prompt));
  }
  const text = await prompt.render(given, ctx);
  return { description: prompt.description, messages: [{ role: "user", content: { type: "text", text } }] };
}

/**
 * Completes an argument of a prompt.
 * @throws {UnknownNameError} when there is no such prompt or argument.
 */
export async function completePrompt(
  prompts: readonly Prompt[],
  name: string,
  argumentName: string,
  value: string,
  ctx: Context,
): Promise<readonly string[]> {
  const prompt = findPrompt(prompts, name);
  const argument = prompt.arguments.find((candidate) => candidate.name === argumentName);
  if (argument === undefined) {
    throw new UnknownNameError(
      `Unknown argument "${argumentName.slice(0, 100)}" of prompt ${name}; ${takes(prompt)}`,
    );
  }
  return await argument.complete?.(value, ctx) ?? [];
}

function findPrompt(prompts: readonly Prompt[], name: string): Prompt {
  const found = prompts.find((prompt) => prompt.name === name);
  if (found !== undefined) return found;
  const names = prompts.map((prompt) => prompt.name);
  const near = nearest(name, names);
  const advice = near.length > 0 ? `nearest: ${near.join(", ")}` : `there are: ${names.join(", ")}`;
  throw new UnknownNameError(`Unknown prompt "${name.slice(0, 100)}"; ${advice}`);
}

function takes(prompt: Prompt): string {
  if (prompt.arguments.length === 0) return `${prompt.name} takes no arguments.`;
  const names = prompt.arguments.map(({ name, required }) => required ? name : `${name}?`);
  return `${prompt.name} takes: ${names.join(", ")}.`;
}

function quote(names: readonly string[]): string {
  return names.map((name) => `"${name.slice(0, 60)}"`).join(", ");
}
