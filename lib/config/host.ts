/**
 * What the configuration needs to know of the machine, as plain data, so that every platform's rules can be
 * tested on any other; and where a platform keeps a program's folders.
 * @module
 */
import { posix, win32 } from "node:path";
import { UsageError } from "../errors.ts";

/** The machine and the process, as the configuration sees them. */
export interface Host {
  /** `process.platform`: "linux", "darwin", "win32", … */
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The person's home folder, or undefined when the machine does not know it. */
  readonly home: string | undefined;
  /** The current folder, or undefined when it was deleted. */
  readonly cwd: string | undefined;
}

/** Where Clawhammer keeps its things. A folder is undefined when the platform does not say where. */
export interface Folders {
  /** Holds `clawhammer.json`. */
  readonly config?: string;
  readonly data?: string;
  readonly cache?: string;
  readonly logs?: string;
}

/** Where a value comes from: how messages call it, and which folder its relative paths belong to. */
export interface Source {
  /** `--allow`, `CLAWHAMMER_ALLOW`, `"allow" (/home/ada/.config/clawhammer/clawhammer.json:3:5)`. */
  readonly label: string;
  /** Undefined when relative paths mean nothing here and are refused. */
  readonly base: string | undefined;
  readonly host: Host;
}

/** The path rules of the host's platform. */
export function pathsOf(host: Host): typeof posix {
  return host.platform === "win32" ? win32 : posix;
}

/**
 * The platform's folders for this program: XDG Base Directory Specification 0.8 on Linux and its relatives
 * (relative values are ignored, as it demands), Apple's File System Programming Guide on macOS, the known
 * folders on Windows.
 */
export function platformFolders(host: Host): Folders {
  const paths = pathsOf(host);
  const under = (base: string | undefined, ...names: string[]) => base && paths.join(base, ...names);
  const named = (name: string) => {
    const value = host.env[name];
    return value !== undefined && paths.isAbsolute(value) ? value : undefined;
  };
  if (host.platform === "darwin") {
    const library = under(host.home, "Library");
    const support = under(library, "Application Support", "Clawhammer");
    return {
      config: support,
      data: support,
      cache: under(library, "Caches", "Clawhammer"),
      logs: under(library, "Logs", "Clawhammer"),
    };
  }
  if (host.platform === "win32") {
    const roaming = named("APPDATA") ?? under(host.home, "AppData", "Roaming");
    const local = named("LOCALAPPDATA") ?? under(host.home, "AppData", "Local");
    return {
      config: under(roaming, "Clawhammer"),
      data: under(local, "Clawhammer", "Data"),
      cache: under(local, "Clawhammer", "Cache"),
      logs: under(local, "Clawhammer", "Logs"),
    };
  }
  return {
    config: under(named("XDG_CONFIG_HOME") ?? under(host.home, ".config"), "clawhammer"),
    data: under(named("XDG_DATA_HOME") ?? under(host.home, ".local", "share"), "clawhammer"),
    cache: under(named("XDG_CACHE_HOME") ?? under(host.home, ".cache"), "clawhammer"),
    logs: under(named("XDG_STATE_HOME") ?? under(host.home, ".local", "state"), "clawhammer"),
  };
}

/**
 * The absolute path that a text means where it stands: `~` is the home folder, a relative path belongs to the
 * source's own folder.
 * @throws {UsageError} when the text is no path here.
 */
export function resolvePath(text: string, source: Source): string {
  const { host, label } = source;
  const paths = pathsOf(host);
  if (text.trim() === "") throw new UsageError(`${label} is empty\nGive a path`);
  if (text.includes("\0")) throw new UsageError(`${label} contains a NUL character\nGive a path without it`);
  if (text === "~" || text.startsWith("~/") || text.startsWith(`~${paths.sep}`)) {
    if (host.home !== undefined) return paths.join(host.home, text.slice(2));
    throw new UsageError(
      `${label}: "${text}" needs a home folder, and this machine names none\nGive the absolute path`,
    );
  }
  if (paths.isAbsolute(text)) return paths.resolve(text);
  const advice = "Give an absolute path, or one that starts with ~";
  if (source.base === undefined) throw new UsageError(`${label}: "${text}" is a relative path\n${advice}`);
  // Claude Desktop starts servers in the top folder of the disk, where "." would mean everything.
  if (source.base === paths.parse(source.base).root) {
    throw new UsageError(
      `${label}: "${text}" is a relative path, and the current folder is ${source.base}\n${advice}`,
    );
  }
  return paths.resolve(source.base, text);
}
