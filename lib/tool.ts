/**
 * The tool contract: what a tool, a prompt, a resource provider and a module are.
 *
 * A tool is one literal. Everything the server, the command line, the documentation and the tests need
 * to know about it stands in that literal; nothing is registered elsewhere.
 * @module
 */
import type { z } from "zod";
import type { Config } from "./config.ts";
import type { Databases } from "./database/types.ts";
import type { Documents } from "./documents/types.ts";
import type { Files } from "./fs/types.ts";
import type { Git } from "./git/types.ts";
import type { Memory } from "./memory/types.ts";
import type { Reply } from "./reply.ts";
import type { SearchEngine } from "./search/types.ts";
import type { UserTools } from "./user/types.ts";
import type { Web } from "./web/types.ts";
import type { JsonSchema } from "./wire.ts";

/** What a call does to the world: looks, adds something new, alters what is there, or takes it away. */
export type Effect = "read" | "add" | "change" | "destroy";

/** Whether a tool reaches only this machine ("closed") or also the internet ("open"). */
export type World = "closed" | "open";

/** What tools can reach beyond their arguments. */
export interface Reach {
  /** The only way to the file system: every path is checked, every descriptor verified. */
  readonly files: Files;
  /** Locates text and names. Nothing of what it returns is shown before it was opened through `files`. */
  readonly search: SearchEngine;
  /** Makes Markdown of documents. A file must have been opened through `files`. */
  readonly documents: Documents;
  /** Fetches from the web what the person's configuration opens. */
  readonly web: Web;
  /** The git repositories in the allowed folders. */
  readonly git: Git;
  /** The databases that the person has named. */
  readonly databases: Databases;
  /** What is kept from one conversation to the next. */
  readonly memory: Memory;
}

/** What a tool is given besides its arguments. Narrow on purpose: only what tools use is here. */
export interface Context extends Reach {
  /** Aborted when the call is cancelled or its time is over. Pass it on to everything that waits. */
  readonly signal: AbortSignal;
  /** Tells the client how far the call has come. Cheap to call often: it is throttled. */
  progress(done: number, total?: number, message?: string): void;
  /** Writes to the log file, never to the protocol. */
  readonly log: Log;
  /** The present moment; tests give their own. */
  now(): Date;
  /** IANA name of the machine's time zone. */
  readonly timeZone: string;
  /** Whether the server refuses every tool that is not a reader. */
  readonly readOnly: boolean;
  /** Opens the person's own tools; undefined when there is no folder for them. */
  readonly userTools?: () => Promise<UserTools>;
  /** Asks the person to fill in a form; undefined where the client cannot show one. */
  readonly elicit?: Elicit;
  /** Has the client's model write a text; undefined where the client does not offer that. */
  readonly sample?: Sample;
}

/**
 * Asks the person (`elicitation/create` of the protocol).
 * @param schema The JSON Schema of a flat object: the fields of the form.
 */
export type Elicit = (message: string, schema: JsonSchema) => Promise<ElicitAnswer>;

/** What the person answered; `content` holds the fields when the action is "accept". */
export interface ElicitAnswer {
  readonly action: "accept" | "decline" | "cancel";
  readonly content?: Readonly<Record<string, unknown>>;
}

/** Has the client's model write (`sampling/createMessage` of the protocol). Resolves with its text. */
export type Sample = (
  prompt: string,
  options?: { readonly system?: string; readonly maxTokens?: number },
) => Promise<string>;

/** A leveled log. Messages are one line; secrets and arguments appear only at debug level. */
export interface Log {
  /** A function is called only when the message is wanted. */
  debug(message: string | (() => string)): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** A tool. See {@link defineTool}. */
export interface Tool<Shape extends z.ZodRawShape = z.ZodRawShape> {
  /** snake_case, at most 40 characters; what programs rely on. */
  readonly name: string;
  /** A few words for a person. */
  readonly title: string;
  /** For the model: what it does, when to use it, which neighbour to use instead. */
  readonly description: string;
  readonly effect: Effect;
  readonly world: World;
  /** The arguments: a flat object of zod schemas, every one of them described. */
  readonly input: Shape;
  /**
   * The names of the arguments that are paths (strings or lists of strings). They arrive absolute and
   * checked.
   */
  readonly paths: readonly (keyof Shape & string)[];
  /** Whether a configuration offers it; without this, all do. */
  readonly offered?: (config: Config) => boolean;
  /** Milliseconds this tool may take, when the common limit is too long for it. */
  readonly timeoutMs?: number;
  /** The version of this tool, as `1.2.0`; docs/versioning.md says what changes it. */
  readonly version?: string;
  /** Why it should not be used any more, and what to use instead. The model is told in the listing. */
  readonly deprecated?: string;
  /** Names it had before: calls of them are answered, with a notice. */
  readonly aliases?: readonly string[];
  /** Names its arguments had before, to the names they have now. */
  readonly argumentAliases?: Readonly<Record<string, keyof Shape & string>>;
  /** Calls that show how it is used, and that `clawhammer test` makes. */
  readonly examples?: readonly Example[];
  /**
   * The schemas of a tool that runs in another process, as data. It checks its arguments there, by the same
   * rules; here, `input` and `paths` are empty.
   */
  readonly remote?: { readonly inputSchema: JsonSchema; readonly outputSchema?: JsonSchema };
  /**
   * Names the user tool a call is meant for, and its arguments: that tool's own rules hold from there on, so
   * it is offered in a read-only server too.
   */
  forward?(args: z.infer<z.ZodObject<Shape>>): { readonly name: string; readonly args: unknown };
  /** Does the work. Throws {@link ToolError} for what the caller can mend. */
  run(args: z.infer<z.ZodObject<Shape>>, ctx: Context): Promise<Reply> | Reply;
}

/** An example of a call, as data: a pattern is written as `{ pattern, flags }`. */
export interface Example {
  readonly title?: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** A text the answer contains, or a pattern it matches. */
  readonly expect?: string | { readonly pattern: string; readonly flags: string };
  /** Whether the call is refused. */
  readonly fails?: boolean;
}

/** A tool of any shape, as the call path and the server hold it. */
export type AnyTool = Tool<z.ZodRawShape>;

/** One argument of a prompt. */
export interface PromptArgument {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  /** Completes what a person has typed so far; at most 100 values. */
  complete?(value: string, ctx: Context): Promise<readonly string[]> | readonly string[];
}

/** A prompt a person picks from Claude's menu. */
export interface Prompt {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly PromptArgument[];
  /** The message that is sent as the user's. */
  render(args: Readonly<Record<string, string>>, ctx: Context): Promise<string> | string;
}

/** One resource in a listing. */
export interface Resource {
  readonly uri: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
  /** Size in bytes, where known. */
  readonly size?: number;
}

/** A family of resources (RFC 6570 URI template). */
export interface ResourceTemplate {
  readonly uriTemplate: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType?: string;
  /** Completes one variable of the template. */
  complete(variable: string, value: string, ctx: Context): Promise<readonly string[]>;
}

/** The contents of a resource: text, or bytes. */
export interface ResourceContents {
  readonly uri: string;
  readonly mimeType: string;
  readonly text?: string;
  readonly bytes?: Uint8Array;
}

/** Resources of a module: listed, completed and read. */
export interface ResourceProvider {
  readonly templates: readonly ResourceTemplate[];
  /** One page of resources. `cursor` is what the page before returned as `next`. */
  list(cursor: string | undefined, ctx: Context): Promise<{ resources: Resource[]; next?: string }>;
  /**
   * The contents, or undefined when the URI is not of this provider. Throws {@link ToolError} when it
   * cannot be read.
   */
  read(uri: string, ctx: Context): Promise<ResourceContents[] | undefined>;
}

/** A module: a file (or folder) of tools that belong together and are switched on and off together. */
export interface Module {
  readonly name: string;
  /** What must be there for it to be offered: a folder of user tools, a database in the configuration. */
  readonly needs?: "userTools" | "databases";
  readonly title: string;
  /** One paragraph for the model: how these tools are meant to be used together. */
  readonly instructions: string;
  readonly tools: readonly AnyTool[];
  readonly prompts: readonly Prompt[];
  readonly resources?: ResourceProvider;
}

/** The four hints of the Model Context Protocol (`ToolAnnotations`), all stated. */
export interface Hints {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** Declares a tool; the identity function that gives the literal its types. */
export function defineTool<Shape extends z.ZodRawShape>(tool: Tool<Shape>): AnyTool {
  return tool as unknown as AnyTool;
}

/** Declares a module. */
export function defineModule(module: Module): Module {
  return module;
}

/** The hints that follow from a tool's effect and world: the one place where they are decided. */
export function hintsOf(tool: Pick<AnyTool, "effect" | "world">): Hints {
  return {
    readOnlyHint: tool.effect === "read",
    destructiveHint: tool.effect === "change" || tool.effect === "destroy",
    idempotentHint: tool.effect === "read" || tool.effect === "destroy",
    openWorldHint: tool.world === "open",
  };
}
