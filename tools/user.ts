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
  title: "Find user tools",
  description: "Lists the user's own tools as they are now, and errors in their files.",
  effect: "read",
  world: "closed",
  input: {
    query: z.string().optional().describe("Words to find"),
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
    name: z.string().describe("Name"),
    arguments: z.record(z.string(), z.unknown()).optional().describe("Arguments"),
  },
  paths: [],
  forward: ({ name, arguments: args }) => ({ name, args: args ?? {} }),
  run: () => text("The call path passes it on."),
});

const write = {
  name: "write_user_tool",
  title: "Write a tool of my own",
  description: "Has Claude write a tool for you, as one TypeScript file you save",
  arguments: [{
    name: "task",
    description: "What the tool does, for example: convert amounts between currencies",
    required: true,
  }],
  async render({ task = "" }: Readonly<Record<string, string>>, ctx: Context) {
    const folder = (await ctx.userTools?.())?.folder ?? "the folder of user tools";
    return [
      `Write a tool for me that does this: ${task}`,
      GUIDE,
      `Show me the whole file. I save it in "${folder}", where no tool can write, and tell you. Then find ` +
      "it with find_user_tools, call it with call_user_tool, and mend what is wrong until it works.",
    ].join("\n\n");
  },
};

const GUIDE = `It is one TypeScript file with this form:

import { defineTool, ToolError, z } from "clawhammer";

export default defineTool({
  name: "city_weather", // snake_case
  description: "What it does and when to use it, for a model that has to choose",
  effect: "read", // or add, change, destroy: what a call does to the world
  input: { city: z.string().describe("Every argument is described") },
  async run({ city }, ctx) {
    // fetch(url, { signal: ctx.signal }), node: modules and npm packages beside the file work.
    // ctx.files.readText(path) and the like reach the allowed folders; ctx.progress(done, total) reports.
    // Throw new ToolError("What happened", "What to do next.") for what the caller can mend.
    return "text, or an object";
  },
});`;

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
  prompts: [write],
});
