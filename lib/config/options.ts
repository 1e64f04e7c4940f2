/**
 * The one table of options. Flags, environment variables, the keys of the file and the help all follow
 * from it; so do the names: the key `readOnly` is the flag `--read-only` and the variable
 * `CLAWHAMMER_READ_ONLY`.
 * @module
 */
import { errorText, UsageError } from "../errors.ts";
import type { Allowed } from "../fs/roots.ts";
import { compileGlob } from "../glob.ts";
import { nearest } from "../nearest.ts";
import type { HostPattern, OriginHeader, UnsetHeader } from "../web/hosts.ts";
import { databaseAnywhere, type DatabaseConfig, readDatabase } from "./databases.ts";
import { type Host, pathsOf, resolvePath, type Source } from "./host.ts";
import { readHeader, readHost } from "./web.ts";

/** How much the log tells, from everything to almost nothing. */
export const LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

/**
 * What may be changed in repositories of git: nothing, what stays on this machine and is lost by
 * nobody, all.
 */
export const GIT_WRITES = ["none", "commit", "full"] as const;
export type GitWrite = (typeof GIT_WRITES)[number];

/** What can be set, by the key it has in the file. */
export interface Values {
  allow: readonly Allowed[];
  modules: readonly string[];
  without: readonly string[];
  readOnly: boolean;
  ignoreRoots: boolean;
  protect: readonly string[];
  unprotect: readonly string[];
  gitWrite: GitWrite;
  gitHooks: boolean;
  allowHost: readonly HostPattern[];
  denyHost: readonly HostPattern[];
  allowPrivate: boolean;
  ignoreRobots: boolean;
  webHeader: readonly (OriginHeader | UnsetHeader)[];
  database: readonly DatabaseConfig[];
  toolsDir: string;
  toolsEnv: readonly string[];
  pinTools: boolean;
  config: string;
  logLevel: Level;
}
export type Key = keyof Values;

/** What one source sets. */
export type Settings = Partial<Values>;

/** How a kind of value is written in each source, and read. */
interface Kind<Value> {
  /** What the file holds: a list takes a single string too. */
  readonly json: "list" | "string" | "boolean";
  /** Whether the flag may be given more than once. */
  readonly repeatable: boolean;
  /** The text that means the same wherever it is read: with absolute paths. Left out: the text itself. */
  anywhere?(text: string, source: Source): string;
  /** The parts of an environment variable that holds a list. */
  split?(text: string, host: Host): string[];
  /** Reads the texts a source gave; never called with none. @throws {UsageError} */
  read(texts: readonly string[], source: Source): Value;
}

/** An option. */
export interface Option<Value> {
  readonly kind: Kind<Value>;
  /** What stands for the value in the help; a switch has none. */
  readonly metavar?: string;
  readonly description: string;
  /** False for what only makes sense outside the file. */
  readonly inFile: boolean;
}

const folders: Kind<readonly Allowed[]> = {
  json: "list",
  repeatable: true,
  split: splitFolders,
  read: (texts, source) => texts.map((text) => readFolder(text, source)),
  anywhere(text, source) {
    const { path, readOnly } = readFolder(text, source);
    if (readOnly) return `${path}:ro`;
    return path.endsWith(":ro") ? path + pathsOf(source.host).sep : path;
  },
};

const names: Kind<readonly string[]> = {
  json: "list",
  repeatable: true,
  read(texts, { label }) {
    const all = texts.flatMap((text) => text.split(",")).map((name) => name.trim()).filter((name) =>
      name !== ""
    );
    const given = all.filter((name) => !isUnset(name));
    if (given.length === 0) throw new UsageError(`${label} names nothing\nGive names separated by commas`);
    return [...new Set(given)];
  },
};

const onOff: Kind<boolean> = {
  json: "boolean",
  repeatable: false,
  read([text = ""], { label }) {
    if (/^(true|1|yes|on)$/i.test(text)) return true;
    if (/^(false|0|no|off)$/i.test(text)) return false;
    throw new UsageError(`${label} is "${text}"\nUse "true" or "false"`);
  },
};

const patterns: Kind<readonly string[]> = {
  json: "list",
  repeatable: true,
  split: (text, host) => text.split(pathsOf(host).delimiter).filter((part) => part.trim() !== ""),
  read(texts, { label }) {
    for (const text of texts) {
      try {
        compileGlob(text, { ignoreCase: true });
      } catch (error) {
        throw new UsageError(`${label}: ${errorText(error)}`);
      }
    }
    return texts;
  },
};

const hosts: Kind<readonly HostPattern[]> = {
  json: "list",
  repeatable: true,
  split: (text) => text.split(",").filter((part) => part.trim() !== ""),
  read: (texts, source) => texts.map((text) => readHost(text, source)),
};

const headers: Kind<readonly (OriginHeader | UnsetHeader)[]> = {
  json: "list",
  repeatable: true,
  read: (texts, source) => texts.map((text) => readHeader(text, source)),
};

const databases: Kind<readonly DatabaseConfig[]> = {
  json: "list",
  repeatable: true,
  // Addresses and paths have every other sign in them.
  split: (text) => text.split(/;(?=\s*[A-Za-z][\w-]*=)/).filter((part) => part.trim() !== ""),
  read(texts, source) {
    const given = texts.filter((text) => !/^\s*[\w-]*=\s*\$\{user_config\.[^{}]*\}(:ro)?\s*$/.test(text));
    const all = given.map((text) => readDatabase(text, source));
    const names = all.map(({ name }) => name.toLowerCase());
    const twice = all.find(({ name }, i) => names.indexOf(name.toLowerCase()) < i);
    if (twice === undefined) return all;
    throw new UsageError(`${source.label}: two databases are called "${twice.name}"\nRename one of them`);
  },
  anywhere: databaseAnywhere,
};

const file: Kind<string> = {
  json: "string",
  repeatable: false,
  read: ([text = ""], source) => resolvePath(text, source),
  anywhere: resolvePath,
};

/** One of a few words. */
function oneOf<Word extends string>(words: readonly Word[], noun: string): Kind<Word> {
  return {
    json: "string",
    repeatable: false,
    read([text = ""], { label }) {
      const found = words.find((word) => word === text.toLowerCase());
      if (found !== undefined) return found;
      const near = nearest(text, words, 1).map((word) => `Did you mean "${word}"? `).join("");
      throw new UsageError(`${label} is "${text}"\n${near}The ${noun} are ${words.join(", ")}`);
    },
  };
}

/** Every option, in the order of the help. */
export const OPTIONS: { readonly [K in Key]: Option<Values[K]> } = {
  allow: {
    kind: folders,
    metavar: "DIR[:ro]",
    description: "let tools use this folder; with :ro, only read it; repeatable",
    inFile: true,
  },
  modules: {
    kind: names,
    metavar: "a,b",
    description: "switch on only these modules",
    inFile: true,
  },
  without: {
    kind: names,
    metavar: "a,b",
    description: "switch these modules off",
    inFile: true,
  },
  readOnly: {
    kind: onOff,
    description: "offer only the tools that change nothing",
    inFile: true,
  },
  ignoreRoots: {
    kind: onOff,
    description: "keep all allowed folders although the client names fewer (its roots narrow them)",
    inFile: true,
  },
  protect: {
    kind: patterns,
    metavar: "PATTERN",
    description: "let no tool read or change what has this name or path, such as *.secret; repeatable",
    inFile: true,
  },
  unprotect: {
    kind: patterns,
    metavar: "PATTERN",
    description:
      "lift the protection of keys, passwords, .git and the like for this name or path; repeatable",
    inFile: true,
  },
  gitWrite: {
    kind: oneOf(GIT_WRITES, "choices"),
    metavar: "HOW",
    description: "what git may change: none, commit (unless given), or full: also fetch, push, merge, clone",
    inFile: true,
  },
  gitHooks: {
    kind: onOff,
    description: "let the hooks of repositories run when something is committed, switched or pushed",
    inFile: true,
  },
  allowHost: {
    kind: hosts,
    metavar: "HOST[:PORT]",
    description: "fetch from this host also when it is inside, or at this port; repeatable",
    inFile: true,
  },
  denyHost: {
    kind: hosts,
    metavar: "HOST",
    description: "fetch nothing from this host (*.example.com, *); the most exact name counts; repeatable",
    inFile: true,
  },
  allowPrivate: {
    kind: onOff,
    description: "fetch also from this computer and networks of one's own",
    inFile: true,
  },
  ignoreRobots: {
    kind: onOff,
    description: "fetch also what a site's robots.txt closes to programs",
    inFile: true,
  },
  webHeader: {
    kind: headers,
    metavar: "HEADER",
    description: 'send a header to one host: "HOST Name: value", ${NAME} is a variable; repeatable',
    inFile: true,
  },
  database: {
    kind: databases,
    metavar: "NAME=PLACE[:ro]",
    description:
      "a SQLite file or postgres://user@host/db to query; :ro only reads; ${NAME} is a variable; repeatable",
    inFile: true,
  },
  toolsDir: {
    kind: file,
    metavar: "DIR",
    description:
      "your own tools, one TypeScript file each; the folder tools beside clawhammer.json unless given",
    inFile: true,
  },
  toolsEnv: {
    kind: names,
    metavar: "A,B",
    description: "the environment variables your own tools may see, besides PATH, HOME and the like",
    inFile: true,
  },
  pinTools: {
    kind: onOff,
    description: "refuse a tool of your own that has changed until clawhammer trust FILE",
    inFile: true,
  },
  config: {
    kind: file,
    metavar: "FILE",
    description: "read this configuration file instead of clawhammer.json in the platform's folder",
    inFile: false,
  },
  logLevel: {
    kind: oneOf(LEVELS, "levels"),
    metavar: "LEVEL",
    description: `how much goes to the log file: ${LEVELS.join(", ")} (info unless given)`,
    inFile: true,
  },
};

/** The keys of the table, in its order. */
export const KEYS: readonly Key[] = Object.keys(OPTIONS).filter(isKey);

/** `readOnly` → `--read-only`. */
export function flagOf(key: string): string {
  return `--${words(key).join("-")}`;
}

/** `readOnly` → `CLAWHAMMER_READ_ONLY`. */
export function variableOf(key: string): string {
  return `CLAWHAMMER_${words(key).join("_").toUpperCase()}`;
}

/** Whether a name is a key of the table. */
export function isKey(name: string): name is Key {
  return Object.hasOwn(OPTIONS, name);
}

/** Whether a host left a placeholder of a bundle unexpanded: `${user_config.folder}` means "not given". */
export function isUnset(text: string): boolean {
  return /^\s*\$\{user_config\.[^{}]*\}(:ro)?\s*$/.test(text);
}

/**
 * Reads what a source gave for some keys. Values that are unset placeholders count as not given.
 * @throws {UsageError} when a value is wrong.
 */
export function readSettings(
  given: ReadonlyMap<Key, readonly string[]>,
  sourceOf: (key: Key) => Source,
): Settings {
  const settings: Settings = {};
  for (const [key, all] of given) {
    const texts = all.filter((text) => !text.split(",").every(isUnset));
    if (texts.length > 0) put(settings, key, texts, sourceOf(key));
  }
  return settings;
}

function put<K extends Key>(settings: Settings, key: K, texts: readonly string[], source: Source): void {
  settings[key] = OPTIONS[key].kind.read(texts, source);
}

function words(key: string): string[] {
  return key.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
}

/**
 * `DIR` or `DIR:ro`. A folder whose own name ends in ":ro" is written with a slash behind it. On Windows the
 * colon of a drive is no suffix: `C:ro` is a path.
 */
function readFolder(text: string, source: Source): Allowed {
  const drive = source.host.platform === "win32" && /^[A-Za-z]:ro$/.test(text);
  const readOnly = text.endsWith(":ro") && !drive;
  return { path: resolvePath(readOnly ? text.slice(0, -3) : text, source), readOnly };
}

/**
 * The folders of `CLAWHAMMER_ALLOW`, separated like PATH: ":" (";" on Windows). Where ":" separates, a part
 * that is exactly "ro" belongs to the folder before it; it is no folder itself: relative ones are refused.
 */
function splitFolders(text: string, host: Host): string[] {
  const { delimiter } = pathsOf(host);
  const parts: string[] = [];
  for (const part of text.split(delimiter)) {
    const last = parts.at(-1);
    if (delimiter === ":" && part === "ro" && last !== undefined) parts[parts.length - 1] = `${last}:ro`;
    else if (part.trim() !== "") parts.push(part);
  }
  return parts;
}
