/**
 * The configuration: flags over environment over file over defaults. Each step is a pure function; this file
 * puts them in order, and is the only one that looks at the process and reads the configuration file.
 *
 * A list from one source replaces the list of the sources below it. Relative paths belong to their source: to
 * the current folder for flags, to the file's folder in the file; in the environment they are refused.
 * @module
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import type { DatabaseConfig } from "./config/databases.ts";
import { readEnvironment } from "./config/environment.ts";
import { readConfigText } from "./config/file.ts";
import { toolsDirOf, variables } from "./config/tools.ts";
import { type Flag, parseFlags, sharedFlags, sharedValues } from "./config/flags.ts";
import { type Folders, type Host, pathsOf, platformFolders } from "./config/host.ts";
import {
  flagOf,
  type GitWrite,
  type Level,
  readSettings,
  type Settings,
  variableOf,
} from "./config/options.ts";
import { errorCode, errorText, UsageError } from "./errors.ts";
import { product } from "./product.ts";
import type { Allowed } from "./fs/roots.ts";
import type { WebPolicy } from "./web/hosts.ts";
import { type ProxySettings, proxySettings } from "./web/settings.ts";

/** The configuration of a run. */
export interface Config {
  readonly allow: readonly Allowed[];
  /** The modules asked for; undefined means all of them. Not checked here: only the program knows them. */
  readonly modules: readonly string[] | undefined;
  readonly without: readonly string[];
  readonly readOnly: boolean;
  /** Whether the client's roots leave the allowed folders as they are. */
  readonly ignoreRoots: boolean;
  /** Glob patterns of names and paths: protected besides the usual ones, and not protected. */
  readonly protect: readonly string[];
  readonly unprotect: readonly string[];
  /** What tools may change in repositories of git, and whether hooks run then. */
  readonly gitWrite: GitWrite;
  readonly gitHooks: boolean;
  /** What of the web may be fetched, and with which headers. */
  readonly web: WebPolicy;
  /** The databases that tools may query. */
  readonly databases: readonly DatabaseConfig[];
  /** The proxies that the environment names. */
  readonly proxy: ProxySettings;
  readonly logLevel: Level;
  /** The configuration file that was read. */
  readonly file: string | undefined;
  readonly folders: Folders;
  /** The folder of the person's own tools: the one that was named, or the usual one, which need not exist. */
  readonly toolsDir: { readonly path: string; readonly named: boolean } | undefined;
  /** What the environment of those tools is. */
  readonly toolsEnv: Readonly<Record<string, string>>;
  /** Whether those tools are refused when they have changed. */
  readonly pinTools: boolean;
  /** The variable PATH: where other programs are looked for. */
  readonly searchPath: string | undefined;
}

/** A command line, understood: the configuration, and what is left for the command. */
export interface CommandLine {
  readonly config: Config;
  /** The values of every flag given, by its name with dashes. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

/** The machine and process we run on. */
export function thisHost(): Host {
  return {
    platform: process.platform,
    env: process.env,
    // Under Deno asking the system needs a permission of its own; the variable says the same.
    home: attempt(homedir) ?? process.env.HOME ?? process.env.USERPROFILE,
    cwd: attempt(() => process.cwd()),
  };
}

/**
 * Understands a command line, the environment and the configuration file.
 * @param args What follows the name of the command.
 * @param own The flags of the command itself.
 * @param tolerate Told what is wrong with the file or the variables, which then count as empty; when it is
 *   left out, that is an error.
 * @throws {UsageError} naming what is wrong, where, and what is nearest.
 */
export async function loadConfig(
  args: readonly string[],
  own: readonly Flag[],
  host: Host,
  tolerate?: (fault: string) => void,
): Promise<CommandLine> {
  const { flags, operands } = parseFlags(args, [...own, ...sharedFlags()]);
  const fromFlags = readSettings(
    sharedValues(flags),
    (key) => ({ label: flagOf(key), base: host.cwd, host }),
  );
  const without = (error: unknown) => {
    if (tolerate === undefined || !(error instanceof UsageError)) throw error;
    tolerate(errorText(error));
    return undefined;
  };
  const fromEnvironment = tolerated(() => readEnvironment(host), without) ?? {};
  const folders = platformFolders(host);
  const named = fromFlags.config ?? fromEnvironment.config;
  const file = tolerated(() => readConfigFile(named, folders, host), without);
  const fromFile = file && await readConfigText(file.text, file.path, host).catch(without);
  const merged = merge([fromFile ?? {}, fromEnvironment, fromFlags]);
  const config: Config = {
    allow: merged.allow ?? [],
    modules: merged.modules,
    without: merged.without ?? [],
    readOnly: merged.readOnly ?? false,
    ignoreRoots: merged.ignoreRoots ?? false,
    protect: merged.protect ?? [],
    unprotect: merged.unprotect ?? [],
    gitWrite: merged.gitWrite ?? "commit",
    gitHooks: merged.gitHooks ?? false,
    web: {
      allowHost: merged.allowHost ?? [],
      denyHost: merged.denyHost ?? [],
      allowPrivate: merged.allowPrivate ?? false,
      ignoreRobots: merged.ignoreRobots ?? false,
      headers: (merged.webHeader ?? []).filter((header) => "value" in header),
      unsetHeaders: (merged.webHeader ?? []).filter((header) => "missing" in header),
    },
    databases: merged.database ?? [],
    proxy: proxySettings(host.env),
    toolsDir: toolsDirOf(merged.toolsDir, folders, host),
    toolsEnv: variables(host, merged.toolsEnv ?? []),
    pinTools: merged.pinTools ?? false,
    logLevel: merged.logLevel ?? "info",
    file: file?.path,
    folders,
    searchPath: host.env.PATH,
  };
  return { config, flags, operands };
}

function tolerated<T>(read: () => T, without: (error: unknown) => undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    return without(error);
  }
}

/** Later settings win, key by key. */
export function merge(settings: readonly Settings[]): Settings {
  return Object.assign({}, ...settings);
}

/** The name of the configuration file: a server of somebody's own has one of its own. */
export const CONFIG_FILE = `${product?.name ?? "clawhammer"}.json`;

/** The file that was named, which must exist, or the platform's, which need not. */
function readConfigFile(
  named: string | undefined,
  folders: Folders,
  host: Host,
): { path: string; text: string } | undefined {
  const path = named ?? (folders.config && pathsOf(host).join(folders.config, CONFIG_FILE));
  if (path === undefined) return undefined;
  let bytes: Uint8Array;
  try {
    // Synchronous on purpose: at start nothing else could run, and waking the thread pool costs more than
    // this.
    bytes = readFileSync(path);
  } catch (error) {
    const code = errorCode(error);
    if (named === undefined && (code === "ENOENT" || code === "ENOTDIR" || isSandboxed(error))) {
      return undefined;
    }
    const why = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "it is a folder" : errorText(error);
    const next = named === undefined
      ? "Make it readable, or remove it"
      : `It is named by ${flagOf("config")} or ${variableOf("config")}`;
    throw new UsageError(`Cannot read the configuration "${path}": ${why}\n${next}`);
  }
  return { path, text: new TextDecoder().decode(bytes) };
}

/** Whether a runtime's sandbox forbids the file: then it counts as absent. */
function isSandboxed(error: unknown): boolean {
  return error instanceof Error && error.name === "NotCapable";
}

/** What the system answers, or undefined when it cannot: no home, the current folder deleted. */
function attempt(ask: () => unknown): string | undefined {
  try {
    const answer = ask();
    return typeof answer === "string" && answer !== "" ? answer : undefined;
  } catch {
    return undefined;
  }
}
