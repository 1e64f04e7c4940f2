/**
 * What a check of the doctor is: a question about this machine, and findings as answers.
 * @module
 */
import type { Config as ClientConfig, Entry } from "../clients/config.ts";
import type { FoundPlace } from "../clients/places.ts";
import type { Client } from "../clients/types.ts";
import type { CommandLine, Config } from "../config.ts";
import type { Host } from "../config/host.ts";
import type { Programs } from "../programs.ts";
import type { Module } from "../tool.ts";

/** How bad it is: in order; worth knowing; something will not work as meant; something does not work. */
export type Severity = "ok" | "note" | "warning" | "error";

/** One answer. */
export interface Finding {
  readonly severity: Severity;
  /** What was found, with names and numbers. */
  readonly what: string;
  /** The command that mends it, or what the person does where no command can. */
  readonly mend?: string;
}

/** A group of questions that belong together. */
export interface Check {
  /** What `--json` calls it. */
  readonly name: string;
  readonly title: string;
  examine(setting: Setting): Promise<readonly Finding[]>;
}

/** An entry of ours in a client's configuration, and what its arguments mean. */
export interface OwnEntry {
  readonly entry: Entry;
  /** Undefined when the arguments are wrong. */
  readonly line: CommandLine | undefined;
  /** What is wrong with the arguments, or with the variables and the file that count where it is started. */
  readonly fault: string | undefined;
}

/** A client's configuration at one of its places. */
export interface ClientState {
  readonly client: Client;
  readonly place: FoundPlace;
  readonly config: ClientConfig;
  readonly own: readonly OwnEntry[];
}

/** How a program ended. */
export interface RunResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What every check is given. */
export interface Setting {
  readonly host: Host;
  /** The configuration of this very command line. */
  readonly config: Config;
  /** What is wrong with the file and the variables, which then were left out of it. */
  readonly faults: readonly string[];
  readonly modules: readonly Module[];
  readonly clients: readonly ClientState[];
  readonly programs: Programs;
  /** Also those that are never run, because they stand in allowed folders. */
  readonly everyProgram: Programs;
  /** How a person calls this program in a shell. */
  readonly command: string;
  readonly executable: { readonly path: string; readonly compiled: boolean };
  readonly now: Date;
  /** Runs a program of the system; undefined when there is none of this name. */
  run(program: string, args: readonly string[]): Promise<RunResult | undefined>;
}
