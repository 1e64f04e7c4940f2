/**
 * User tools as the server knows them: data from the worker, and what became of each file.
 * @module
 */
import type { Declaration } from "../declared/types.ts";
import type { AnyTool, Example, Module } from "../tool.ts";
import type { Effect } from "./contract.ts";
import type { JsonSchema } from "../wire.ts";

/** What a tool or a prompt may be called. */
export const NAME = /^[a-z][a-z0-9_]{0,39}$/;
/** How the URIs of resources may begin: with a scheme that nobody takes for a file or a page. */
export const PREFIX = /^(?!(?:file|https?|data):)[a-z][a-z0-9+.-]*:/;
/** Milliseconds a tool may ask for, at most: hosts give up after four minutes. */
export const TIMEOUT_MS_MAX = 240_000;

/** A tool of a file, as data. */
export interface ToolData {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly effect: Effect;
  readonly world: "closed" | "open";
  readonly inputSchema: JsonSchema;
  readonly outputSchema?: JsonSchema;
  readonly paths: readonly string[];
  readonly timeoutMs?: number;
  readonly version?: string;
  readonly deprecated?: string;
  readonly aliases: readonly string[];
  readonly argumentAliases: Readonly<Record<string, string>>;
  readonly examples: readonly Example[];
}

/** A prompt of a file, as data. */
export interface PromptData {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly {
    readonly name: string;
    readonly description: string;
    readonly required: boolean;
    readonly completes: boolean;
  }[];
}

/** What a file defines. */
export interface FileData {
  readonly title?: string;
  readonly tools: readonly ToolData[];
  readonly prompts: readonly PromptData[];
  /** How the URIs of its resources begin. */
  readonly resources?: string;
  /** The tool it declares, when it is a file without code. */
  readonly declared?: Declaration;
}

/** What is wrong with a file, and what to do about it. */
export interface Problem {
  /** The name of the file in the folder, or the folder itself. */
  readonly file: string;
  readonly line?: number;
  readonly what: string;
  readonly next: string;
  /** Whether the last version that worked is still served. */
  readonly stale: boolean;
}

/** The person's own tools. */
export interface UserTools {
  readonly folder: string;
  /** As of the last look: a module for each file. The same array until something changes. */
  readonly modules: readonly Module[];
  readonly problems: readonly Problem[];
  /** Looks at the folder. What was changed there before is known when this resolves. */
  refresh(): Promise<void>;
  /** The newest version of a tool, by looking at its file alone when nothing else can have changed. */
  find(name: string): Promise<AnyTool | undefined>;
  /** Calls the listener whenever the modules have changed, also without being asked; see `watch`. */
  onChange(listener: () => void): void;
  /** Looks at the folder by itself whenever something happens in it. */
  watch(): void;
}

/** A problem as one line: `weather.ts:12: Unexpected "=". …` */
export function problemText({ file, line, what, next, stale }: Problem): string {
  const where = line === undefined ? file : `${file}:${line}`;
  const kept = stale ? " The last version that worked is still served." : "";
  return `${where}: ${what}. ${next}${kept}`;
}
