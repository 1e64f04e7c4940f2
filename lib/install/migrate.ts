/**
 * Recognises entries that start the official reference servers, and says which of them this program can
 * replace without losing anything.
 * @module
 */
import { statSync } from "node:fs";
import { posix } from "node:path";
import type { Entry } from "../clients/config.ts";
import { type Host, pathsOf } from "../config/host.ts";
import { flagOf } from "../config/options.ts";
import type { Allowed } from "../fs/roots.ts";
import type { OfficialFile } from "../memory/official.ts";
import { memoryNotes, readMemories } from "./memories.ts";
import { type Mount, type Starter, unwrap, type Unwrapped } from "./words.ts";

/** The official servers that are known. */
export type Official = "filesystem" | "fetch" | "git" | "memory" | "time" | "sequential-thinking";

/** An entry that starts an official server. */
export interface Recognised {
  readonly name: string;
  readonly server: Official;
  readonly starter: Starter;
  /** The folders it may use, as paths of this machine. */
  readonly folders: readonly Allowed[];
  /** Our flags that do what its options did. */
  readonly flags: readonly string[];
  /** What a memory server remembers. */
  readonly memories: readonly OfficialFile[];
  /** Why it cannot be replaced; undefined when it can. */
  readonly kept?: string;
  /** What is different afterwards, as a sentence. */
  readonly notes: readonly string[];
}

/** What this installation offers, as far as replacing depends on it. */
export interface Offered {
  /** The modules that are on. */
  readonly modules: readonly string[];
  readonly readOnly: boolean;
  /** The folder for data of the server that is installed; undefined when it has none. */
  readonly data?: string | undefined;
  /** Variables that its configuration needs and does not have. */
  readonly missing?: readonly string[];
}

/** The module that does what a server did. */
const MODULES: ReadonlyMap<string, string> = new Map<Official, string>([
  ["filesystem", "files"],
  ["fetch", "web"],
  ["git", "git"],
  ["memory", "memory"],
  ["time", "time"],
  ["sequential-thinking", "thinking"],
]);

/** Finds the entries that start an official server, and judges each. */
export function recognise(entries: readonly Entry[], offered: Offered, host: Host): Recognised[] {
  return entries.flatMap((entry) => {
    const found = entry.launch && unwrap([entry.launch.command, ...entry.launch.args]);
    const server = found && officialName(found);
    if (found === undefined || server === undefined) return [];
    const refusal = keptBecause(server, entry, offered);
    const known = refusal !== undefined
      ? NO_DETAILS
      : server === "memory"
      ? memoriesOf(entry, found, host)
      : details(server, found, host);
    const { folders, flags = [], memories = [], trouble, notes } = known;
    const kept = refusal ?? trouble;
    const all = [...notes, ...forgotten(entry), ...weaker(server, offered)];
    const { starter } = found;
    const { name } = entry;
    return [{ name, server, starter, folders, flags, memories, notes: all, ...(kept && { kept }) }];
  });
}

/** The official server of a package, module, script, image or program. */
function officialName({ starter, name }: Unwrapped): Official | undefined {
  const [, path] = /@modelcontextprotocol[/\\]server-([a-z-]+)[/\\]/.exec(name) ??
    /servers[/\\]src[/\\]([a-z-]+)[/\\]/.exec(name) ?? [];
  const bare = name.replace(/^npm:/, "").replace(/(.)(@|==|\[|~=|>=).*$/, "$1");
  const [, word] = starter === "docker"
    ? /^(?:docker\.io\/)?mcp\/([a-z-]+)(?:[:@].*)?$/.exec(name) ?? []
    : /^@modelcontextprotocol\/server-([a-z-]+)$/.exec(bare) ??
      /^mcp[-_]server[-_]([a-z_-]+)$/.exec(bare.split(/[/\\]/).at(-1) ?? "") ?? [];
  const found = (path ?? word)?.replaceAll("_", "-").replace(/^sequentialthinking$/, "sequential-thinking");
  return isOfficial(found) ? found : undefined;
}

function isOfficial(name: string | undefined): name is Official {
  return name !== undefined && MODULES.has(name);
}

function keptBecause(server: Official, entry: Entry, { modules, data }: Offered): string | undefined {
  const module = MODULES.get(server) ?? server;
  if (entry.disabled) return "it is switched off";
  if (!modules.includes(module)) return `the module "${module}" is not part of this installation`;
  if (server === "memory" && data === undefined) {
    return "this computer names no home folder to keep its memories in";
  }
  return undefined;
}

/** The values may be secret, and uninstall brings them back. */
function forgotten({ name, launch }: Entry): string[] {
  const variables = Object.keys(launch?.env ?? {}).filter((key) => key !== "MEMORY_FILE_PATH");
  return variables.length === 0
    ? []
    : [`The variables of "${name}" are not carried over: ${variables.join(", ")}`];
}

function weaker(server: Official, { readOnly }: Offered): string[] {
  if (!readOnly) return [];
  if (server === "memory") return ["With --read-only nothing more can be remembered"];
  return server === "filesystem" || server === "git"
    ? [`"${server}" could change files; with --read-only nothing can`]
    : [];
}

interface Details {
  readonly folders: readonly Allowed[];
  readonly flags?: readonly string[];
  readonly memories?: readonly OfficialFile[];
  readonly trouble?: string;
  readonly notes: readonly string[];
}

const NO_DETAILS: Details = { folders: [], notes: [] };

/** What a memory server remembers. */
function memoriesOf(entry: Entry, found: Unwrapped, host: Host): Details {
  const memories = readMemories(entry, found, host, (path) => expand(path, host));
  return "trouble" in memories
    ? { ...NO_DETAILS, trouble: memories.trouble }
    : { folders: [], memories: memories.files, notes: memories.files.flatMap(memoryNotes) };
}

/** The settings of a server that have to be kept. */
function details(server: Official, found: Unwrapped, host: Host): Details {
  const { args } = found;
  const options = args.filter((arg) => arg.startsWith("-"));
  switch (server) {
    case "filesystem":
      return foldersOf(args.filter((arg) => !arg.startsWith("-")), found, host);
    case "git": {
      const at = args.findIndex((arg) => /^(-r|--repository)(=|$)/.test(arg));
      const [, value = args[at + 1]] = (args[at] ?? "").split(/=(.*)/s);
      if (at >= 0 && value !== undefined) return foldersOf([value], found, host);
      if (found.mounts.length > 0) return foldersOf(found.mounts.map(({ target }) => target), found, host);
      return { folders: [], notes: ["It could use any repository; now only those in allowed folders"] };
    }
    case "fetch": {
      const [option] = options.filter((one) => one !== "--ignore-robots-txt");
      return option === undefined
        ? { folders: [], notes: [], flags: options.length === 0 ? [] : [flagOf("ignoreRobots")] }
        : { folders: [], notes: [], trouble: `its option ${option.replace(/=.*/, "")} has no counterpart` };
    }
    case "time": {
      const at = args.findIndex((arg) => arg.startsWith("--local-timezone"));
      const zone = at < 0 ? undefined : args[at]?.split("=")[1] ?? args[at + 1];
      const note =
        `Its own time zone ${zone} is not kept: get_time uses that of this computer, or the one asked for`;
      return { folders: [], notes: zone === undefined ? [] : [note] };
    }
    default:
      return { folders: [], notes: [] };
  }
}

/** Paths of a command line, perhaps those inside a container, as folders of this machine. */
function foldersOf(given: readonly string[], { starter, mounts }: Unwrapped, host: Host): Details {
  const sources = starter === "docker"
    ? given.flatMap((path) => throughMounts(path, mounts))
    : given.map((path) => ({ path, readOnly: false }));
  const folders: Allowed[] = [];
  for (const { path, readOnly } of sources) {
    const real = expand(path, host);
    if (real === undefined) {
      return { folders: [], notes: [], trouble: `"${path}" is no path that means the same here` };
    }
    if (isFile(real)) {
      return {
        folders: [],
        notes: [],
        trouble: `"${real}" is a single file, and only folders can be allowed`,
      };
    }
    if (!folders.some((folder) => folder.path === real)) folders.push({ path: real, readOnly });
  }
  if (given.length > 0 && folders.length === 0) {
    return { folders: [], notes: [], trouble: "its folders are inside the container only" };
  }
  return { folders, notes: [] };
}

/** The folders of this machine that a path of a container shows. */
function throughMounts(path: string, mounts: readonly Mount[]): Allowed[] {
  const inside = (child: string, parent: string) =>
    child === parent || child.startsWith(parent.replace(/\/?$/, "/"));
  const wanted = posix.normalize(path).replace(/(.)\/$/, "$1");
  const below = mounts.filter(({ target }) => inside(posix.normalize(target), wanted));
  if (below.length > 0) return below.map(({ source, readOnly }) => ({ path: source, readOnly }));
  const above = mounts.find(({ target }) => inside(wanted, posix.normalize(target)));
  if (above === undefined) return [];
  const rest = posix.relative(posix.normalize(above.target), wanted);
  return [{ path: `${above.source.replace(/[/\\]$/, "")}/${rest}`, readOnly: above.readOnly }];
}

/** The absolute path, also behind `~`, `$HOME`, `${HOME}` and `%USERPROFILE%`; undefined for others. */
function expand(path: string, host: Host): string | undefined {
  const paths = pathsOf(host);
  const home = host.home ?? "";
  const text = path
    .replace(/^~(?=$|[/\\])/, () => home)
    .replace(/^(\$HOME(?=$|[/\\])|\$\{(env:)?HOME\}|\$\{userHome\}|%USERPROFILE%)/i, () => home);
  if (/\$\{|%\w+%|^\$/.test(text) || !paths.isAbsolute(text)) return undefined;
  return paths.resolve(text);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
