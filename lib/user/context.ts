/**
 * What a user tool is given besides its arguments: all of it asks the server through the pipe.
 * @module
 */
import { Buffer } from "node:buffer";
import { z } from "zod";
import { ToolError } from "../errors.ts";
import type { Incoming } from "../worker/channel.ts";
import type { Answer, Context, Entry, Files, Info, Shape } from "./contract.ts";
import { schemaOf } from "./describe.ts";

/** What the server says about a call. */
export interface CallFacts {
  readonly readOnly: boolean;
  readonly timeZone: string;
  /** Whether the client can ask the person, and write texts. */
  readonly elicit: boolean;
  readonly sample: boolean;
}

/** Makes the context of one call. */
export function createContext(incoming: Incoming, facts: CallFacts): Context {
  const { signal, note } = incoming;
  const log = (level: string) => (message: string) => note("log", [level, String(message)]);
  const value = async (method: string, ...args: unknown[]) => (await incoming.ask(method, args)).value;
  return {
    signal,
    progress: (done, total, message) => note("progress", [done, total ?? null, message ?? null]),
    log: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    files: createFiles(incoming),
    now: () => new Date(),
    timeZone: facts.timeZone,
    readOnly: facts.readOnly,
    ...(facts.elicit
      ? {
        elicit: async (message: string, fields: Shape) => {
          const answer = await value("elicit", message, schemaOf(fields, "input")) as Answer; // Our server's.
          if (answer.action !== "accept") return answer;
          const outcome = z.object(fields).safeParse(answer.content ?? {});
          if (outcome.success) return { ...answer, content: outcome.data as Answer["content"] };
          throw new ToolError("The client filled in the form wrongly", z.prettifyError(outcome.error));
        },
      }
      : {}),
    ...(facts.sample
      ? { sample: async (prompt: string, options = {}) => String(await value("sample", prompt, options)) }
      : {}),
  };
}

/** The answers are those of our own server, so their types are what they are asked for. */
function createFiles({ ask }: Incoming): Files {
  const value = async (method: string, ...args: unknown[]) => (await ask(method, args)).value;
  return {
    roots: async () => await value("roots") as { path: string; readOnly: boolean }[],
    readText: async (path) => String(await value("readText", path)),
    readBytes: async (path) => (await ask("readBytes", [path])).bytes[0] ?? new Uint8Array(),
    write: async (path, content) => {
      await ask("write", [path], [typeof content === "string" ? Buffer.from(content) : content]);
    },
    list: async (path) => await value("list", path) as Entry[],
    info: async (path) => {
      const { modified, ...info } = await value("info", path) as Omit<Info, "modified"> & {
        modified: number;
      };
      return { ...info, modified: new Date(modified) };
    },
    createFolder: async (path) => void await value("createFolder", path),
    move: async (source, destination) => void await value("move", source, destination),
    copy: async (source, destination) => void await value("copy", source, destination),
    remove: async (path, { recursive = false } = {}) => void await value("remove", path, recursive),
  };
}
