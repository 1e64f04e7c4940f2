/**
 * What a person's own tools are written against: `import { defineTool, z } from "clawhammer"`. These types
 * stand alone, because they are also handed to editors.
 * @module
 */
import type { z } from "zod";

/** What a call does to the world: looks, adds something new, alters what is there, or takes it away. */
export type Effect = "read" | "add" | "change" | "destroy";

/** Arguments by name: zod schemas, each with `.describe("…")`. */
export type Shape = Readonly<Record<string, z.ZodType>>;

/** One part of a reply. */
export type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image" | "audio"; readonly bytes: Uint8Array; readonly mimeType: string };

/** A reply of several parts, or with a structured result beside its text. */
export interface Reply {
  readonly parts: readonly Part[];
  /** What was left out and the call that gets it. Always shown, also when the text is cut. */
  readonly more?: string;
  /** The same as the text, for programs (`structuredContent` of the protocol). */
  readonly structured?: Readonly<Record<string, unknown>>;
}

/** What `run` may return: a reply, a text, or anything that can be JSON. */
export type Result = Reply | string | number | boolean | null | void | object;

/** An entry of a folder. */
export interface Entry {
  readonly name: string;
  readonly kind: "file" | "folder" | "link" | "other";
}

/** What is known of a file or folder. */
export interface Info {
  readonly kind: Entry["kind"];
  /** Bytes. */
  readonly size: number;
  readonly modified: Date;
}

/**
 * The files of the allowed folders, by the rules the built-in tools obey: every path is checked, protected
 * files stay closed, every change can be undone. A tool whose effect is "read" changes nothing.
 */
export interface Files {
  /** The allowed folders. */
  roots(): Promise<readonly { readonly path: string; readonly readOnly: boolean }[]>;
  /** The text of a file, whatever its encoding. */
  readText(path: string): Promise<string>;
  readBytes(path: string): Promise<Uint8Array>;
  /** Writes a whole file, new or not; missing folders are made. */
  write(path: string, content: string | Uint8Array): Promise<void>;
  list(path: string): Promise<readonly Entry[]>;
  info(path: string): Promise<Info>;
  createFolder(path: string): Promise<void>;
  move(source: string, destination: string): Promise<void>;
  copy(source: string, destination: string): Promise<void>;
  /** Deletes a file or an empty folder; a folder with contents only when `recursive`. */
  remove(path: string, options?: { readonly recursive?: boolean }): Promise<void>;
}

/** What the person answered to a question. */
export interface Answer {
  /** "accept" with what was filled in; "decline" said no; "cancel" did not answer. */
  readonly action: "accept" | "decline" | "cancel";
  readonly content?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** What a tool is given besides its arguments. */
export interface Context {
  /** Aborted when the call is cancelled or its time is over. Pass it on: `fetch(url, { signal })`. */
  readonly signal: AbortSignal;
  /** Tells how far the call has come. Cheap to call often: it is throttled. */
  progress(done: number, total?: number, message?: string): void;
  /** Writes to Clawhammer's log file. */
  readonly log: Readonly<Record<"debug" | "info" | "warn" | "error", (message: string) => void>>;
  readonly files: Files;
  now(): Date;
  /** IANA name of the machine's time zone. */
  readonly timeZone: string;
  /** Whether the server refuses every tool that is not a reader. */
  readonly readOnly: boolean;
  /**
   * Asks the person to fill in a form, where the client can show one; undefined where it cannot. The fields
   * are flat: texts, numbers, yes or no, choices.
   */
  readonly elicit?: (message: string, fields: Shape) => Promise<Answer>;
  /** Has the client's model write a text, where the client offers that; undefined where it does not. */
  readonly sample?: (prompt: string, options?: SampleOptions) => Promise<string>;
}

/** Options of {@link Context.sample}. */
export interface SampleOptions {
  readonly system?: string;
  /** Tokens of the answer, at most; 1,000 unless given. */
  readonly maxTokens?: number;
}

/** A call that shows how a tool is used, and that `clawhammer test` makes. */
export interface Example {
  /** What it shows. */
  readonly title?: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** A text the answer must contain, or a pattern it must match. */
  readonly expect?: string | RegExp;
  /** The call must be refused. */
  readonly fails?: boolean;
}

/** A tool. */
export interface Tool<Input extends Shape = Shape> {
  /** snake_case, at most 40 characters: what Claude calls. */
  readonly name: string;
  /** A few words for a person; made of the name unless given. */
  readonly title?: string;
  /** For the model: what it does, when to use it, which neighbour to use instead. */
  readonly description: string;
  readonly effect: Effect;
  /** Whether it reaches only this machine, or also the internet; "open" unless given. */
  readonly world?: "closed" | "open";
  /** The arguments; none unless given. */
  readonly input?: Input;
  /** The form of the result, when `run` returns an object that programs read. */
  readonly output?: Shape;
  /** The names of the arguments that are paths. They arrive absolute and checked. */
  readonly paths?: readonly (keyof Input & string)[];
  /** Milliseconds it may take, when the common limit of 45,000 is too long for it. */
  readonly timeoutMs?: number;
  /** The version of this tool, as `1.2.0`. */
  readonly version?: string;
  /** Why it should not be used any more, and what to use instead. */
  readonly deprecated?: string;
  /** Names it had before: calls of them are still answered, with a notice. */
  readonly aliases?: readonly string[];
  /** Names its arguments had before, to the names they have now. */
  readonly argumentAliases?: Readonly<Record<string, keyof Input & string>>;
  readonly examples?: readonly Example[];
  /** Does the work. Throw a `ToolError` for what the caller can mend. */
  run(args: Arguments<Input>, ctx: Context): Promise<Result> | Result;
}

/** The arguments as `run` gets them. */
export type Arguments<Input extends Shape> = { [K in keyof Input]: z.infer<Input[K]> };

/** A prompt a person picks from Claude's menu. */
export interface Prompt {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly arguments?: readonly PromptArgument[];
  /** The message that is sent as the person's. */
  render(args: Readonly<Record<string, string>>, ctx: Context): Promise<string> | string;
}

/** One argument of a prompt. */
export interface PromptArgument {
  readonly name: string;
  readonly description: string;
  readonly required?: boolean;
  /** Completes what a person has typed so far. */
  complete?(value: string, ctx: Context): Promise<readonly string[]> | readonly string[];
}

/** Something that clients can list and read beside tools. */
export interface Resource {
  /** With a scheme of its own, such as `notes://today`; never `file:`. */
  readonly uri: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
  readonly size?: number;
}

/** The contents of a resource: text, or bytes. */
export interface ResourceContents {
  readonly uri: string;
  readonly mimeType: string;
  readonly text?: string;
  readonly bytes?: Uint8Array;
}

/** The resources of a file of tools. */
export interface Resources {
  /** How all their URIs begin: `notes://`. */
  readonly prefix: string;
  list(ctx: Context): Promise<readonly Resource[]> | readonly Resource[];
  /** The contents; undefined when there is no such resource. */
  read(uri: string, ctx: Context):
    | Promise<ResourceContents | undefined>
    | ResourceContents
    | undefined;
}

/** A file with several tools, prompts and resources: `export default defineModule({ … })`. */
export interface Module {
  readonly title?: string;
  readonly tools?: readonly Tool<never>[];
  readonly prompts?: readonly Prompt[];
  readonly resources?: Resources;
}
