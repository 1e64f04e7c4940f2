/**
 * The tool that `clawhammer new` writes: small, and complete enough to be changed into any other.
 * @module
 */

/** The text of a new tool. @param name A name that a tool may have. */
export function template(name: string): string {
  return `/// <reference path="./clawhammer.d.ts" />
import { defineTool, ToolError, z } from "clawhammer";

export default defineTool({
  name: "${name}",
  // Claude decides by this text: what it does, when to use it, and when not.
  description: "Greets somebody, politely or not; use it to see that tools of your own work",
  effect: "read", // or add, change, destroy: what a call does to the world
  world: "closed", // or open, when it reaches the internet
  input: {
    name: z.string().min(1).describe("Who is greeted, for example: Ada"),
    times: z.int().min(1).max(5).default(1).describe("How often"),
  },
  // clawhammer test ${name} makes these calls and compares the answers.
  examples: [
    { arguments: { name: "Ada" }, expect: "Hello, Ada!" },
    { arguments: { name: "Ada", times: 3 }, expect: /^(Hello, Ada!\\n?){3}$/ },
    { arguments: { name: "nobody" }, fails: true },
  ],
  run({ name, times }, ctx) {
    if (name === "nobody") {
      // What went wrong, and what to do next: Claude reads both and tries again.
      throw new ToolError("Nobody cannot be greeted", "Name somebody");
    }
    // What may take long: fetch(url, { signal: ctx.signal }) ends with the call, ctx.progress(1, 3) tells how
    // far it is, and ctx.files.readText(path) reads in the folders that are allowed.
    ctx.log.debug(\`greeting \${name}\`);
    return Array.from({ length: times }, () => \`Hello, \${name}!\`).join("\\n");
  },
});
`;
}
