/**
 * Finding programs of the machine, also those off the thin PATH that Claude Desktop starts servers with: the
 * PATH we were given, the PATH of the person's login shell (asked once, with a time limit), the usual places.
 *
 * Nothing inside an allowed folder is ever run, also not by way of a link: a file that a tool may write must
 * not become a program.
 * @module
 */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename } from "node:path";
import { type Host, pathsOf } from "./config/host.ts";
import { errorCode } from "./errors.ts";
import { isInside } from "./fs/roots.ts";
import type { Root } from "./fs/types.ts";
import { SHELL_ANSWER_BYTES_MAX, SHELL_MS_MAX } from "./limits.ts";

/** Finds programs. */
export interface Programs {
  /** The absolute path of a program (`git`), or undefined when there is none that may be run. */
  find(name: string): Promise<string | undefined>;
  /** A PATH for child processes: every folder looked in that holds no file a tool may write. */
  searchPath(): Promise<string>;
}

/** What programs are looked for with. */
export interface ProgramsOptions {
  readonly host: Host;
  /** The allowed folders, in which nothing is a program. */
  readonly allowed: readonly Root[];
  /** Asks a login shell for its PATH; undefined when it does not tell. Tests give their own. */
  readonly askShell?: (shell: string, host: Host) => Promise<string | undefined>;
  /** Whether a file is there and may be executed. Tests ask for places of other platforms. */
  readonly isProgram?: (path: string) => Promise<boolean>;
}

/** Shells that take `-i -l -c`. */
const SHELLS: ReadonlySet<string> = new Set(["bash", "zsh", "fish", "sh", "dash", "ksh"]);

/**
 * Folders of Apple's developer tools. What stands in /usr/bin under these programs' names only finds them,
 * and opens a window that offers to install them when they are missing.
 */
const APPLE_TOOLS = [
  "/var/db/xcode_select_link/usr/bin",
  "/Library/Developer/CommandLineTools/usr/bin",
  "/Applications/Xcode.app/Contents/Developer/usr/bin",
];
const APPLE_STUBS: ReadonlySet<string> = new Set(["git", "python3", "pip3", "make", "clang", "cc", "swift"]);

/** Makes the finder. Nothing is looked at before the first question. */
export function createPrograms(options: ProgramsOptions): Programs {
  const { host, allowed } = options;
  const paths = pathsOf(host);
  const found = new Map<string, string>();
  let shell: Promise<string[]> | undefined;
  const split = (searchPath: string | undefined) =>
    (searchPath ?? "").split(paths.delimiter).map((folder) => folder.replace(/^"(.*)"$/, "$1"))
      .filter((folder) => paths.isAbsolute(folder));
  const given = split(host.env.PATH);
  const ask = async () => {
    const path = host.env.SHELL;
    // A login shell reads files that tools may write when the home folder itself is allowed.
    const isHomeAllowed = host.home === undefined || await isWritable(host.home, allowed);
    if (host.platform === "win32" || path === undefined || isHomeAllowed) return [];
    if (!SHELLS.has(basename(path)) || await usable(path, allowed) === undefined) return [];
    return split(await (options.askShell ?? askShell)(path, host));
  };
  const look = async (name: string, folders: readonly string[]) => {
    const file = host.platform === "win32" ? `${name}.exe` : name;
    for (const folder of folders) {
      const isStub = host.platform === "darwin" && folder === "/usr/bin" && APPLE_STUBS.has(name);
      for (const place of isStub ? APPLE_TOOLS : [folder]) {
        const program = await usable(paths.join(place, file), allowed, options.isProgram);
        if (program !== undefined) return program;
      }
    }
    return undefined;
  };
  return {
    async find(name) {
      const known = found.get(name);
      if (known !== undefined) return known;
      const program = await look(name, given) ?? await look(name, await (shell ??= ask())) ??
        await look(name, usualPlaces(host));
      // What is missing is looked for again: the person may install it meanwhile.
      if (program !== undefined) found.set(name, program);
      return program;
    },
    async searchPath() {
      const all = [...given, ...await (shell ?? []), ...usualPlaces(host)];
      const folders: string[] = [];
      for (const folder of new Set(all)) if (!(await isWritable(folder, allowed))) folders.push(folder);
      return folders.join(paths.delimiter);
    },
  };
}

/** Where programs usually are, best first. */
function usualPlaces({ platform, env, home }: Host): string[] {
  if (platform === "win32") {
    const under = (base: string | undefined, ...names: string[]) =>
      base === undefined || base === "" ? [] : names.map((name) => `${base}\\${name}`);
    return [
      ...under(env.ProgramW6432 ?? env.ProgramFiles, "Git\\cmd"),
      ...under(env["ProgramFiles(x86)"], "Git\\cmd"),
      ...under(env.LOCALAPPDATA, "Programs\\Git\\cmd", "Microsoft\\WinGet\\Links"),
      ...under(home, "scoop\\shims", "scoop\\apps\\git\\current\\cmd"),
      ...under(env.ProgramData, "chocolatey\\bin", "scoop\\shims"),
      ...under(env.SystemRoot, "System32"),
    ];
  }
  const ofHome = home === undefined ? [] : [`${home}/.nix-profile/bin`, `${home}/.local/bin`];
  return [
    ...["/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin", "/opt/local/bin"],
    ...["/home/linuxbrew/.linuxbrew/bin", "/run/current-system/sw/bin", "/snap/bin"],
    ...ofHome,
  ];
}

/** The path itself when it is a program that no tool may have written. */
async function usable(
  path: string,
  allowed: readonly Root[],
  isProgram = isExecutable,
): Promise<string | undefined> {
  return await isProgram(path) && !(await isWritable(path, allowed)) ? path : undefined;
}

/** Whether a path is a file that may be run. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile() && mayRun(path);
  } catch {
    return false;
  }
}

/**
 * Synchronous, because the other way never answers under Deno that may not know the user. There it throws
 * something without a code, and whoever is started will say what is missing.
 */
function mayRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    return errorCode(error) === undefined;
  }
}

/** Whether a path stands, or leads, into an allowed folder. What does not exist counts by its letters. */
async function isWritable(path: string, allowed: readonly Root[]): Promise<boolean> {
  const real = await realpath(path).catch(() => path);
  return allowed.some((root) =>
    [path, real].some((one) => isInside(one, root.real) || isInside(one, root.given))
  );
}

/** Asks a shell, as a terminal would start it, for its PATH. Whatever else it prints is ignored. */
function askShell(shell: string, { env, home }: Host): Promise<string | undefined> {
  const mark = "clawhammer-environment";
  const child = spawn(shell, ["-i", "-l", "-c", `echo ${mark}; /usr/bin/env; echo ${mark}`], {
    cwd: "/",
    env: { HOME: home, USER: env.USER, LOGNAME: env.LOGNAME, SHELL: shell, TERM: "dumb", PATH: env.PATH },
    stdio: ["ignore", "pipe", "ignore"],
    // A group of its own: without a terminal to stop for, and ended as a whole.
    detached: true,
  });
  return new Promise((resolve) => {
    let text = "";
    const end = (answer?: string) => {
      clearTimeout(timer);
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // It is gone already.
      }
      resolve(answer);
    };
    const timer = setTimeout(end, SHELL_MS_MAX);
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const [, answer, rest] = text.split(`${mark}\n`);
      if (rest !== undefined) end(/^PATH=(.*)$/m.exec(answer ?? "")?.[1]);
      else if (text.length > SHELL_ANSWER_BYTES_MAX) end();
    });
    child.once("error", () => end());
    child.once("close", () => end());
  });
}
