/**
 * The baseline of the benchmarks: the least that can be written with the SDK, one tool that answers what it
 * is given. Compiled with exactly the flags of the product, so that the difference between the two is what
 * the product adds.
 * @module
 */
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

const inputSchema = z.strictObject({ text: z.string().describe("What to answer") });

serveStdio(() => {
  const server = new McpServer({ name: "bare", version: "0.0.0" });
  server.registerTool(
    "echo",
    { description: "Answers with the text it is given", inputSchema },
    ({ text }) => ({
      content: [{ type: "text", text }],
    }),
  );
  return server;
});
