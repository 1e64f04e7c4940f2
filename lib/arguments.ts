/**
 * Checking the arguments of a call: unknown ones are refused, wrong types are mended where that is safe,
 * paths become absolute. The same for built-in tools, in the server, and for a person's own, in their worker.
 * @module
 */
import { z } from "zod";
import { coerce } from "./coerce.ts";
import { ToolError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import type { AnyTool } from "./tool.ts";
import { argumentSchema, wireTool } from "./wire.ts";

/** A tool with its schema, which is built at its first call: at start it would cost every tool's price. */
export interface Callable {
  readonly tool: AnyTool;
  schema?: z.ZodObject;
}

/**
 * The arguments as the handler gets them: complete, of the right types, paths absolute and inside.
 * @param settle Makes a path absolute, and refuses one outside of the allowed folders.
 * @throws {ToolError} naming what is wrong with which argument.
 */
export async function checkArguments(
  callable: Callable,
  args: unknown,
  settle: (path: string) => Promise<string>,
): Promise<Record<string, unknown>> {
  const { tool } = callable;
  callable.schema ??= argumentSchema(tool);
  const given = args ?? {};
  refuseUnknown(tool, given);
  let outcome = callable.schema.safeParse(given);
  if (!outcome.success) {
    const second = callable.schema.safeParse(coerce(given, wireTool(tool).inputSchema));
    if (!second.success) throw invalidArguments(tool, second.error);
    outcome = second;
  }
  const checked: Record<string, unknown> = { ...outcome.data };
  for (const name of tool.paths) {
    const value = checked[name];
    if (typeof value === "string") checked[name] = await settle(value);
    else if (Array.isArray(value)) checked[name] = await Promise.all(value.map(String).map(settle));
  }
  return checked;
}

function refuseUnknown(tool: AnyTool, args: unknown): void {
  const accepted = Object.keys(tool.input);
  if (typeof args !== "object" || args === null || Array.isArray(args)) {
    throw new ToolError(`Cannot call ${tool.name}: its arguments are not an object`, takes(tool));
  }
  const unknown = Object.keys(args).filter((name) => !accepted.includes(name));
  if (unknown.length === 0) return;
  const names = unknown.map((name) => `"${name.slice(0, 60)}"`).join(", ");
  const near = unknown.flatMap((name) => nearest(name, accepted, 1));
  const advice = near.length === 0 ? "" : `Did you mean ${near.map((name) => `"${name}"`).join(", ")}? `;
  throw new ToolError(
    `Cannot call ${tool.name}: unknown argument${unknown.length > 1 ? "s" : ""} ${names}`,
    `${advice}${takes(tool)}`,
  );
}

function invalidArguments(tool: AnyTool, error: z.ZodError): ToolError {
  const problems = error.issues.slice(0, 5).map((issue) => {
    const where = issue.path.length === 0 ? "arguments" : issue.path.join(".");
    return `${where}: ${issue.message.replace(/^Invalid input: /, "")}`;
  });
  const rest = error.issues.length > 5 ? `; and ${error.issues.length - 5} more` : "";
  return new ToolError(`Cannot call ${tool.name}: ${problems.join("; ")}${rest}`, takes(tool));
}

function takes(tool: AnyTool): string {
  const names = Object.entries(tool.input).map(([name, schema]) => {
    return z.safeParse(schema, undefined).success ? `${name}?` : name;
  });
  return names.length === 0 ? `${tool.name} takes no arguments.` : `${tool.name} takes: ${names.join(", ")}.`;
}
