/**
 * Questions to a person at a terminal.
 * @module
 */
import { createInterface } from "node:readline/promises";
import { ToolError } from "../errors.ts";

/** Somebody who can be asked. */
export interface Asker {
  /** The answer without white space around it. @throws {ToolError} when the person ends the input instead. */
  ask(question: string): Promise<string>;
  /** Yes or no; an empty answer is the one in capitals. */
  confirm(question: string, usually: boolean): Promise<boolean>;
  close(): void;
}

/** Whether there is somebody to ask: all three streams are a terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true && process.stderr.isTTY === true;
}

/** Opens the terminal. It has to be closed, or the program does not end. */
export function openAsker(): Asker {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new AbortController();
  // Ctrl-C and Ctrl-D: nothing is half done at any question, so both simply end it.
  terminal.once("SIGINT", () => terminal.close());
  terminal.once("close", () => ended.abort());
  const ask = async (question: string) => {
    try {
      return (await terminal.question(question, { signal: ended.signal })).trim();
    } catch (error) {
      if (!ended.signal.aborted) throw error;
      throw new ToolError("Cancelled", "Nothing was changed");
    }
  };
  return {
    ask,
    async confirm(question, usually) {
      while (true) {
        const answer = await ask(`${question} [${usually ? "Y/n" : "y/N"}] `);
        if (answer === "") return usually;
        if (/^(y|yes)$/i.test(answer)) return true;
        if (/^(n|no)$/i.test(answer)) return false;
      }
    },
    close: () => terminal.close(),
  };
}
