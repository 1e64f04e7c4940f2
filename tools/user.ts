/**
 * The module of a person's own tools: finding them and calling their newest version, for clients that never
 * read the list of tools again.
 * @module
 */
import { z } from "zod";
import { USER_FOUND_MAX } from "../lib/limits.ts";
import { text } from "../lib/reply.ts";
import { type AnyTool, type Context, defineModule, defineTool } from "../lib/tool.ts";
import { problemText, type UserTools } from "../lib/user/types.ts";
import { wireTool } from "../lib/wire.ts";

const find = defineTool({
  name: "find_user_tools",
  title: "Find the person's own tools",
  description: "Lists the tools the person wrote, as they are now, with their arguments, and the errors of " +
    "files that cannot be used. Call them with call_user_tool.",
  effect: "read",
  world: "closed",
  input: {
    query: z.string().max(200).optional().describe(
      "Words in the name or description; all tools when left out",
    ),
  },
  paths: [],
  async run({ query = "" }, ctx) {
    const user = await ctx.userTools?.();
    if (user === undefined) return text("There is no folder for the person's own tools.");
    await user.refresh();
    return text(render(user, query, ctx));
  },
});

const call = defineTool({
  name: "call_user_tool",
  title: "Call one of the person's own tools",
  description:
    "Calls a tool of find_user_tools in its newest version, also one that was written or changed " +
    "during this conversation. Its own rules hold.",
  effect: "destroy",
  world: "open",
  input: {
    name: z.string().max(64).describe("Name of the tool"),
    arguments: z.record(z.string(), z.unknown()).default({}).describe("Its arguments, by name"),
  },
  paths: [],
  forward: ({ name, arguments: args }) => ({ name, args }),
  run: () => text("The call path passes it on."),
});

/** The tools that match, then what is wrong with files. */
function render(user: UserTools, query: string, { readOnly }: Context): string {
  const words = query.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const all = user.modules.flatMap((module) => module.tools);
  const usable = all.filter((tool) => !readOnly || tool.effect === "read");
  const found = usable.filter((tool) => {
    const haystack = `${tool.name} ${tool.title} ${tool.description}`.toLowerCase();
    return words.every((word) => haystack.includes(word));
  });
  const hidden = all.length - usable.length;
  const lines = [
    found.length === 0 ? none(user, query, usable) : "",
    ...found.slice(0, USER_FOUND_MAX).map(entry),
    found.length > USER_FOUND_MAX ? `${found.length - USER_FOUND_MAX} more match; ask with more words.` : "",
    hidden > 0 ? `${hidden} tools change something, which this read-only server does not offer.` : "",
    ...user.problems.map((problem) => `Error: ${problemText(problem)}`),
  ];
  return lines.filter((line) => line !== "").join("\n");
}

function entry(tool: AnyTool): string {
  const { name, description, effect, inputSchema } = { ...tool, ...wireTool(tool) };
  return `- ${name} (${effect}): ${description}\n  arguments: ${JSON.stringify(inputSchema)}`;
}

function none(user: UserTools, query: string, usable: readonly AnyTool[]): string {
  if (usable.length === 0) return `No tool is in "${user.folder}" yet.`;
  const names = usable.slice(0, USER_FOUND_MAX).map((tool) => tool.name).join(", ");
  return `No tool matches "${query}". There are: ${names}.`;
}

/** Finding and calling the person's own tools. */
export const user = defineModule({
  name: "user",
  title: "Your own tools",
  needs: "userTools",
  instructions: "The person's own tools can change at any time: find_user_tools shows them as they are now.",
  tools: [find, call],
  prompts: [],
});
