/**
 * A file of user tools as a module: every tool, prompt and resource passes on to a worker that has loaded
 * that very file.
 * @module
 */
import { basename } from "node:path";
import { ToolError } from "../errors.ts";
import { USER_LOAD_MS_MAX, USER_LOG_LINES_MAX } from "../limits.ts";
import type {
  AnyTool,
  Context,
  Module,
  Prompt,
  Resource,
  ResourceContents,
  ResourceProvider,
} from "../tool.ts";
import { type Parcel, RemoteError } from "../worker/channel.ts";
import type { Worker } from "../worker/child.ts";
import type { Pool } from "../worker/pool.ts";
import { createAnswers } from "./files.ts";
import { unpackReply } from "./reply.ts";
import type { FileData, PromptData, ToolData } from "./types.ts";

/** A version of a file that worked. */
export interface Version {
  /** The name of the file in the folder. */
  readonly file: string;
  /** Its absolute path. */
  readonly path: string;
  readonly fingerprint: string;
  readonly data: FileData;
  /** The very texts that were read when it was found to work. */
  readonly texts: () => Promise<ReadonlyMap<string, string>>;
}

/** The module that stands for a file. */
export function remoteModule(version: Version, pool: Pool): Module {
  const { data, file } = version;
  const name = basename(file).replace(/\.[^.]+$/, "");
  return {
    name,
    title: data.title ?? `User tools of ${file}`,
    instructions: "",
    tools: data.tools.map((tool) => remoteTool(tool, version, pool)),
    prompts: data.prompts.map((prompt) => remotePrompt(prompt, version, pool)),
    ...(data.resources === undefined ? {} : { resources: remoteResources(data.resources, version, pool) }),
  };
}

/** Has a worker load a file, and wait for its calls. */
export async function loadVersion(
  worker: Worker,
  path: string,
  texts: ReadonlyMap<string, string>,
): Promise<void> {
  await worker.request("load", { path, texts: [...texts] });
}

function remoteTool(tool: ToolData, version: Version, pool: Pool): AnyTool {
  const { inputSchema, outputSchema, ...told } = tool;
  const { name } = tool;
  return {
    ...told,
    input: {},
    paths: [],
    remote: { inputSchema, ...(outputSchema === undefined ? {} : { outputSchema }) },
    async run(args, ctx) {
      const answer = await ask("call", { name, args }, ctx, version, pool, tool);
      return unpackReply(name, answer);
    },
  };
}

function remotePrompt(prompt: PromptData, version: Version, pool: Pool): Prompt {
  const { name, title, description } = prompt;
  return {
    name,
    title,
    description,
    arguments: prompt.arguments.map(({ completes, ...argument }) => {
      if (!completes) return argument;
      const complete = async (value: string, ctx: Context) => {
        const about = { prompt: name, argument: argument.name, value };
        return listOf((await ask("complete", about, ctx, version, pool)).value).map(String);
      };
      return { ...argument, complete };
    }),
    async render(args, ctx) {
      return String((await ask("render", { prompt: name, args }, ctx, version, pool)).value);
    },
  };
}

function remoteResources(prefix: string, version: Version, pool: Pool): ResourceProvider {
  return {
    templates: [],
    async list(_cursor, ctx) {
      const { value } = await ask("resources", null, ctx, version, pool);
      return { resources: listOf(value).map((one) => asResource(one, prefix)) };
    },
    async read(uri, ctx) {
      if (!uri.startsWith(prefix)) return undefined;
      const { value, bytes } = await ask("resource", uri, ctx, version, pool);
      return value === null ? undefined : [asContents(value, bytes[0], uri)];
    },
  };
}

/** Asks a worker that has loaded the file. What its own code throws becomes an error about that code. */
async function ask(
  method: string,
  value: unknown,
  ctx: Context,
  { file, path, fingerprint, texts }: Version,
  pool: Pool,
  tool?: ToolData,
): Promise<Required<Parcel>> {
  const context = {
    readOnly: ctx.readOnly,
    timeZone: ctx.timeZone,
    elicit: ctx.elicit !== undefined,
    sample: ctx.sample !== undefined,
  };
  let logged = 0;
  try {
    return await pool.run(method, { value, context }, {
      key: fingerprint,
      label: `The process of ${file}`,
      prepare: async (worker) => await loadVersion(worker, path, await texts()),
      prepareMs: USER_LOAD_MS_MAX,
      signal: ctx.signal,
      serve: createAnswers(ctx, tool !== undefined && tool.effect !== "read"),
      onNote: (name, note) => {
        if (name === "log" && ++logged > USER_LOG_LINES_MAX) return;
        takeNote(ctx, file, name, note);
      },
    });
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    ctx.log.error(`${file} threw: ${error.remoteStack || error.message}`);
    const line = lineOf(error.remoteStack, path);
    const where = line === undefined ? file : `${file}:${line}`;
    throw new ToolError(
      `${tool?.name ?? file} failed: ${error.remoteName}: ${error.message.trim().split("\n")[0]} (${where})`,
      `The tool's own code threw this. Its author mends it in ${path}; the next call uses the new version.`,
    );
  }
}

/** The first line of a file in a stack. */
export function lineOf(stack: string, path: string): number | undefined {
  const at = stack.indexOf(`${path}:`);
  const [, line] = at < 0 ? [] : /^(\d+)/.exec(stack.slice(at + path.length + 1)) ?? [];
  return line === undefined ? undefined : Number(line);
}

function takeNote(ctx: Context, file: string, name: string, note: unknown): void {
  const [first, second, third]: readonly unknown[] = Array.isArray(note) ? note : [];
  if (name === "progress" && typeof first === "number") {
    ctx.progress(
      first,
      typeof second === "number" ? second : undefined,
      third === undefined || third === null ? undefined : String(third),
    );
  }
  if (name !== "log") return;
  const line = `${file}: ${String(second)}`;
  if (first === "debug" || first === "warn" || first === "error") ctx.log[first](line);
  else ctx.log.info(line);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function asResource(value: unknown, prefix: string): Resource {
  const { uri, name, title, description, mimeType, size } = (value ?? {}) as Record<string, unknown>;
  if (typeof uri !== "string" || !uri.startsWith(prefix) || typeof name !== "string") {
    throw new ToolError(
      `A resource of this file has no name, or its URI does not begin with "${prefix}"`,
      "Its author gives each resource a name and such a URI.",
    );
  }
  return {
    uri,
    name,
    ...(title === undefined ? {} : { title: String(title) }),
    ...(description === undefined ? {} : { description: String(description) }),
    ...(mimeType === undefined ? {} : { mimeType: String(mimeType) }),
    ...(typeof size === "number" ? { size } : {}),
  };
}

function asContents(value: unknown, bytes: Uint8Array | undefined, uri: string): ResourceContents {
  const { mimeType, text } = (value ?? {}) as Record<string, unknown>;
  const common = { uri, mimeType: typeof mimeType === "string" ? mimeType : "text/plain" };
  return bytes === undefined ? { ...common, text: String(text ?? "") } : { ...common, bytes };
}
