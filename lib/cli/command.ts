/**
 * What a command of the command line is.
 * @module
 */
import type { CommandLine } from "../config.ts";
import type { Flag } from "../config/flags.ts";
import type { Host } from "../config/host.ts";
import type { Module } from "../tool.ts";

/** What a command is given to run with. */
export interface Invocation {
  readonly modules: readonly Module[];
  readonly line: CommandLine;
  readonly host: Host;
  /** What is wrong with the configuration; only a lenient command runs with any. */
  readonly faults: readonly string[];
}

/** Runs a command. Resolves with the exit code: 0 fine, 1 failed. @throws {UsageError} for wrong usage: 2. */
export type Run = (invocation: Invocation) => Promise<number>;

/** A command: what the help says about it, and how to get at its code. */
export interface Command {
  readonly name: string;
  /** What follows the name: `TOOL [JSON | key=value …]`. */
  readonly operands: string;
  readonly summary: string;
  /** Sentences that the summary leaves out. */
  readonly about: string;
  /** Runs although the configuration file or a variable is wrong: without it, and told so. */
  readonly lenient?: boolean;
  /** The flags of this command alone. */
  readonly flags: readonly Flag[];
  /** Whether it is for making tools and servers, so that what was made does not have it. */
  readonly forMaking?: true;
  readonly examples: readonly { readonly does: string; readonly line: string }[];
  /** Loads the command's file, so that no command pays for another. */
  load(): Promise<Run>;
}
