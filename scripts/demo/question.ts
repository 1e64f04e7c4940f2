/**
 * One question of the demo: what is asked, what is sent for it, and what the answer must be.
 * @module
 */
import type { Client } from "@modelcontextprotocol/sdk/client";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types";
import { errorText } from "../../lib/errors.ts";

/** One question: what a person wants, what is sent for it, and what the answer must be. */
export interface Question {
  readonly title: string;
  readonly sent: string;
  /** Asks, checks and returns the answer as text. @throws {Error} when the answer is not what it must be. */
  ask(): Promise<string>;
}

/** A call of a tool. `check` sees the text of the answer. */
export function call(
  client: Client,
  title: string,
  name: string,
  args: Record<string, unknown>,
  check: (answer: string, isError: boolean) => void | Promise<void>,
): Question {
  return {
    title,
    sent: `${name} ${JSON.stringify(args)}`,
    async ask() {
      const result = await client.callTool({ name, arguments: args }) as CallToolResult;
      const parts = result.content.map((part) => part.type === "text" ? part.text : `[${part.type}]`);
      const answer = parts.join("\n");
      try {
        await check(answer, result.isError === true);
      } catch (error) {
        throw new Error(`${errorText(error)}\nThe answer was: ${answer}`);
      }
      return answer;
    },
  };
}
