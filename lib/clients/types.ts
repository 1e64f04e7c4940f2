/**
 * What a client is: a program that starts servers of the Model Context Protocol from a list in a file.
 * @module
 */
import type { Host } from "../config/host.ts";

/** How a configuration file is written. */
export type Format = "json" | "jsonc" | "toml" | "yaml";

/** What is started: a program, its arguments, and variables on top of the client's own. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Data as all the formats can hold it. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/** A place where a client looks for its configuration. */
export interface Place {
  /** The configuration file; it need not exist. */
  readonly path: string;
  /** What exists when the client is there, as a rule the folder of the file. */
  readonly sign: string;
  /** What tells it from other places of the same client: `Store`, `Insiders`. */
  readonly edition?: string;
}

/** A question about the disk, so that places of any platform can be found on an imagined one. */
export interface Disk {
  /** The names in a folder; none when it does not exist or cannot be read. */
  list(folder: string): readonly string[];
  exists(path: string): boolean;
}

/** A client that can be told to start servers. */
export interface Client {
  /** As it is written on the command line: `claude-desktop`. */
  readonly id: string;
  readonly title: string;
  /** Other ways to write it. */
  readonly aliases: readonly string[];
  readonly format: Format;
  /** Where the servers stand in the file: the keys on the way to the object that has one key a server. */
  readonly container: readonly string[];
  /** What an entry of this name holds besides command and args. */
  readonly extras: (name: string) => Readonly<Record<string, Plain>>;
  /** The keys under which the entry names the program and its variables. */
  readonly keys: { readonly command: string; readonly env: string };
  /** What a person does so that a changed file counts. */
  readonly restart: string;
  /** Every place the platform has for it, the usual one first. Empty when the home folder is unknown. */
  places(host: Host, disk: Disk): readonly Place[];
}
