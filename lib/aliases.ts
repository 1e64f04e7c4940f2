/**
 * Names that tools and arguments had before: calls that still use them are answered, with a notice.
 * @module
 */
import { ToolError } from "./errors.ts";
import type { CallResult } from "./reply.ts";
import type { AnyTool } from "./tool.ts";

/** The tool that has the name, or had it before. */
export function findByName(tools: readonly AnyTool[], name: string): AnyTool | undefined {
  return tools.find((tool) => tool.name === name) ?? tools.find((tool) => tool.aliases?.includes(name));
}

/** What the caller of a tool should know about its name and its future. */
export function noticesOf(called: string, { name, deprecated }: AnyTool): string[] {
  return [
    ...(called === name ? [] : [`"${called}" is called "${name}" now; use that name`]),
    ...(deprecated === undefined ? [] : [`${name} is deprecated: ${deprecated}`]),
  ];
}

/**
 * The arguments under the names they have now, and a notice for each that was given by an older one.
 * @throws {ToolError} when one argument is given by two of its names.
 */
export function renameArguments(
  { name, argumentAliases }: AnyTool,
  given: unknown,
): { readonly args: unknown; readonly notices: readonly string[] } {
  if (argumentAliases === undefined || typeof given !== "object" || given === null) {
    return { args: given, notices: [] };
  }
  const args: Record<string, unknown> = {};
  const notices: string[] = [];
  for (const [key, value] of Object.entries(given)) {
    const now = Object.hasOwn(argumentAliases, key) ? argumentAliases[key] ?? key : key;
    if (now !== key) notices.push(`the argument "${key}" of ${name} is called "${now}" now; use that name`);
    if (Object.hasOwn(args, now) || (now !== key && Object.hasOwn(given, now))) {
      throw new ToolError(
        `Cannot call ${name}: "${key}" and "${now}" are two names of one argument`,
        `Give "${now}" alone.`,
      );
    }
    // Defined, not assigned: an argument may have any name, also that of a setter.
    Object.defineProperty(args, now, { value, enumerable: true, writable: true, configurable: true });
  }
  return { args, notices };
}

/** A result with notices behind it. */
export function withNotices(result: CallResult, notices: readonly string[]): CallResult {
  if (notices.length === 0) return result;
  const said = notices.map((notice) => `Note: ${notice}${/[.!?]$/.test(notice) ? "" : "."}`).join("\n");
  return { ...result, content: [...result.content, { type: "text", text: said }] };
}
