/**
 * What searching is, whoever does it: ripgrep, or the built-in search where nothing can be executed.
 *
 * An engine only locates. Paths and positions it returns come from a walk that somebody may have raced, so
 * nothing of them is shown before the file was opened and verified through {@link Files}.
 * @module
 */
import type { Files } from "../fs/types.ts";

/** Where to search. */
export interface Scope {
  readonly files: Files;
  /** The absolute path of a folder, or, for text, of one file. */
  readonly path: string;
  readonly signal: AbortSignal;
}

/** Lines to find. */
export interface TextQuery {
  readonly pattern: string;
  /** Whether the pattern is a regular expression, and not to be taken literally. */
  readonly regex: boolean;
  readonly ignoreCase: boolean;
  /** Only files whose name matches ({@link compileNamePattern}). */
  readonly glob?: string;
  /** Lines after which the search stops. */
  readonly max: number;
}

/** Names to find. */
export interface NameQuery {
  /** See {@link compileNamePattern}. */
  readonly pattern: string;
  /** How many names to return: the first ones in order. */
  readonly keep: number;
  /** Names after which the search stops. */
  readonly max: number;
}

/** The matching lines of one file, in order. The three lists have the same length. */
export interface FileLines {
  /** Relative to the searched folder, with `/` between components; empty when one file was searched. */
  readonly path: string;
  /** Line numbers, from 1. */
  readonly lines: number[];
  /** Where the first match stands in its line: bytes of UTF-8, from 1. */
  readonly columns: number[];
  /**
   * Where the line starts in the file: bytes, as if the file were UTF-8. A hint: the file may have changed.
   */
  readonly offsets: number[];
  /** The byte at which the search of this file ended, because there it turned out to be binary. */
  binaryFrom?: number;
}

/** How a search went. */
export interface Outcome {
  /** Why it stopped before everything was searched. */
  readonly stopped?: "max" | "time";
  /** Files and folders that could not be read. */
  readonly unreadable: number;
  /** Whether the slower built-in search did it. */
  readonly builtIn: boolean;
}

/** Lines that were found, in no particular order of files. */
export interface TextFound extends Outcome {
  readonly files: readonly FileLines[];
}

/** Names that were found. */
export interface NamesFound extends Outcome {
  /**
   * The first {@link NameQuery.keep} of them in order, relative to the searched folder; folders end with `/`.
   */
  readonly names: readonly string[];
  readonly total: number;
}

/**
 * Finds text and names below a folder. Links are not followed; hidden files are searched; what `.gitignore`
 * names and noise folders are left out, unless the search starts inside them.
 */
export interface SearchEngine {
  /** @throws {ToolError} when the pattern is none, or the path cannot be opened. */
  findText(query: TextQuery, scope: Scope): Promise<TextFound>;
  /** @throws {ToolError} when the pattern is none, or the path is no folder. */
  findNames(query: NameQuery, scope: Scope): Promise<NamesFound>;
}
