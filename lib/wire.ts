/**
 * The wire form of a tool: what `tools/list` carries, built field by field so that nothing else leaks.
 * @module
 */
import { z } from "zod";
import { type AnyTool, type Hints, hintsOf } from "./tool.ts";

/** A JSON Schema (2020-12) as plain data. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
}

/** One tool in `tools/list` (Model Context Protocol, `Tool`). */
export interface WireTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonSchema & { readonly type: "object" };
  readonly outputSchema?: JsonSchema & { readonly type: "object" };
  readonly annotations: Hints;
}

/** The schema that checks a tool's arguments; unknown ones are refused. */
export function argumentSchema(tool: AnyTool): z.ZodObject {
  return z.strictObject(tool.input);
}

/** The wire form of a tool. Converting a schema costs about a millisecond: callers keep the result. */
export function wireTool(tool: AnyTool): WireTool {
  const { name, title, deprecated, remote } = tool;
  const description = deprecated === undefined
    ? tool.description
    : `Deprecated: ${deprecated} ${tool.description}`;
  const inputSchema = remote?.inputSchema ??
    tidySchema(z.toJSONSchema(argumentSchema(tool), { io: "input" }) as JsonSchema);
  return {
    name,
    title,
    description,
    inputSchema: { ...inputSchema, type: "object" },
    ...(remote?.outputSchema === undefined
      ? {}
      : { outputSchema: { ...remote.outputSchema, type: "object" } }),
    annotations: hintsOf(tool),
  };
}

/**
 * Drops what costs tokens and says nothing: `$schema` (2020-12 is the protocol's default) and the
 * safe-integer bounds. that the names of a record are strings and its values anything.
 */
export function tidySchema(schema: JsonSchema): JsonSchema {
  const kept: [string, unknown][] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "$schema") continue;
    if (keyword === "additionalProperties" && JSON.stringify(value) === "{}") continue;
    if (keyword === "propertyNames" && JSON.stringify(value) === '{"type":"string"}') continue;
    if (keyword === "maximum" && value === Number.MAX_SAFE_INTEGER) continue;
    if (keyword === "minimum" && value === Number.MIN_SAFE_INTEGER) continue;
    if (keyword === "properties") kept.push([keyword, tidyAll(value as Record<string, JsonSchema>)]);
    else if (keyword === "items") kept.push([keyword, tidySchema(value as JsonSchema)]);
    else kept.push([keyword, value]);
  }
  return Object.fromEntries(kept);
}

function tidyAll(properties: Record<string, JsonSchema>): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, tidySchema(schema)]));
}
