/**
 * The worker that runs user tools: loads a file from the texts the server sends, tells what it defines, and
 * runs its tools.
 * @module
 */
import { dirname } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { checkArguments } from "../arguments.ts";
import { ToolError } from "../errors.ts";
import type { CommandRequest } from "../declared/worker.ts";
import { provideModules } from "../runtime.ts";
import type { Incoming, Parcel } from "../worker/channel.ts";
import type { Handlers, Kind } from "../worker/serve.ts";
import * as api from "./api.ts";
import { type CallFacts, createContext } from "./context.ts";
import { asBuiltIn, collect, describe, type Loaded } from "./describe.ts";
import { BUILT } from "./built.ts";
import { explainLoad } from "./explain.ts";
import { packResult } from "./reply.ts";

/** What the server sends to have a file loaded. */
interface LoadRequest {
  readonly path: string;
  readonly texts: readonly (readonly [string, string])[];
}

/** What the server sends with every use of the file. */
interface UseRequest {
  readonly value: unknown;
  readonly context: CallFacts;
}

/** The handlers of a worker of user tools. */
export const userTools: Kind = (): Handlers => {
  let current: Loaded | undefined;
  const loaded = () => {
    if (current !== undefined) return current;
    throw new Error("No file is loaded");
  };
  const load = async (request: unknown) => current = await loadFile(request as LoadRequest); // Our server's.
  return {
    load: async (request) => {
      await load(request);
      return { value: null };
    },
    describe: async (request) => {
      try {
        return { value: { data: describe(await load(request)) } };
      } catch (error) {
        return { value: { problem: explainLoad(error, (request as LoadRequest).path) } };
      }
    },
    call: using(({ name, args }, incoming, facts) => call(loaded(), String(name), args, incoming, facts)),
    render: using(async ({ prompt, args }, incoming, facts) => {
      const found = named(loaded().prompts, prompt);
      const text = await found.render((args ?? {}) as Record<string, string>, createContext(incoming, facts));
      return { value: String(text) };
    }),
    complete: using(async ({ prompt, argument, value }, incoming, facts) => {
      const found = named(loaded().prompts, prompt).arguments?.find(({ name }) => name === argument);
      const values = await found?.complete?.(String(value), createContext(incoming, facts));
      return { value: values ?? [] };
    }),
    command: async (request, incoming) => {
      const { runProgram } = await import("../declared/worker.ts");
      const ran = await runProgram(request as CommandRequest, incoming.signal); // Our server's.
      return { value: { ...ran } };
    },
    resources: using(async (_value, incoming, facts) => {
      return { value: await loaded().resources?.list(createContext(incoming, facts)) ?? [] };
    }),
    resource: async (request, incoming) => {
      const { value: uri, context } = request as UseRequest; // Our server's.
      const contents = await loaded().resources?.read(String(uri), createContext(incoming, context));
      if (contents === undefined) return { value: null };
      const { bytes, mimeType, text } = contents;
      return { value: { mimeType, text }, ...(bytes === undefined ? {} : { bytes: [bytes] }) };
    },
  };
};

async function loadFile({ path, texts }: LoadRequest): Promise<Loaded> {
  const url = new URL("./api.ts", import.meta.url).href;
  await provideModules({ name: "clawhammer", exports: { ...api }, url }, new Map(texts));
  const built = path.startsWith(BUILT);
  if (!built) process.chdir(dirname(path));
  const exports: Record<string, unknown> = await import(built ? path : pathToFileURL(path).href);
  return collect(exports);
}

async function call(
  { tools }: Loaded,
  name: string,
  args: unknown,
  incoming: Incoming,
  facts: CallFacts,
): Promise<Parcel> {
  const tool = named(tools, name);
  const settle = async (path: string) => String((await incoming.ask("settle", [path])).value);
  const checked = await checkArguments({ tool: asBuiltIn(tool) }, args, settle);
  const result = await tool.run(checked, createContext(incoming, facts));
  return packResult(tool.output === undefined ? result : structuredResult(tool.output, result));
}

/** A result of which programs know the form: checked, and shown as text to those who do not. */
function structuredResult(output: Readonly<Record<string, z.ZodType>>, result: unknown) {
  const reply = result as { structured?: unknown; parts?: unknown } | null | undefined;
  const isReply = Array.isArray(reply?.parts);
  const outcome = z.object(output).safeParse(isReply ? reply?.structured : result);
  if (!outcome.success) {
    const [issue] = outcome.error.issues;
    throw new TypeError(`run returned what is not its output: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  return isReply ? { ...(reply as api.Reply), structured: outcome.data } : api.structured(outcome.data);
}

/** A handler of a use: what the server wants, and what it says about the call. */
function using(
  work: (value: Record<string, unknown>, incoming: Incoming, facts: CallFacts) => Promise<Parcel>,
) {
  return async (request: unknown, incoming: Incoming): Promise<Parcel> => {
    const { value, context } = request as UseRequest; // Our server's.
    return await work((value ?? {}) as Record<string, unknown>, incoming, context);
  };
}

function named<T>(map: ReadonlyMap<string, T>, name: unknown): T {
  const found = map.get(String(name));
  if (found !== undefined) return found;
  throw new ToolError(`The file does not define "${String(name)}" any more`, "Ask for it again.");
}
