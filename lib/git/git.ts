/**
 * Git, assembled: see {@link Git}.
 * @module
 */
import { lstat } from "node:fs/promises";
import { isAbsolute, join, posix, relative, resolve, sep } from "node:path";
import type { Host } from "../config/host.ts";
import { ToolError } from "../errors.ts";
import { isInside, rootOf } from "../fs/roots.ts";
import type { Files, OpenFolder } from "../fs/types.ts";
import { createGate } from "../gate.ts";
import { GIT_AT_ONCE_MAX } from "../limits.ts";
import { showName } from "../names.ts";
import type { Programs } from "../programs.ts";
import { argumentsOf } from "./arguments.ts";
import { discover } from "./discover.ts";
import { diskOf } from "./disk.ts";
import { explain } from "./explain.ts";
import {
  checkAllLinks,
  foreignOwner,
  givenPath,
  type Ground,
  isGitPath,
  locate,
  type Located,
} from "./locate.ts";
import { neutralEnvironment, neutralSettings, personalEnvironment } from "./neutral.ts";
import { InterruptedError, runProcess } from "./process.ts";
import { findCommits, resolveCommits } from "./revisions.ts";
import { createSettingsMemory, type SettingsMemory } from "./memory.ts";
import {
  isTrusted,
  isYes,
  ownValue,
  parseSettings,
  refuseIncludes,
  refuseOtherWorkTree,
} from "./settings.ts";
import { underWay } from "./state.ts";
import type { Command, Git, OpenOptions, Output, Repository, Setting } from "./types.ts";
import { createSurroundings, type Surroundings } from "./surroundings.ts";
import { checkVersion, missingGit, parseVersion } from "./version.ts";

/** What git is used with. */
export interface GitOptions {
  readonly files: Files;
  readonly programs: Programs;
  readonly host: Host;
  /** Whether hooks of repositories may run. Default: no. */
  readonly hooks?: boolean;
}

/** The program, and the PATH it is given. */
interface Tool {
  readonly program: string;
  readonly searchPath: string;
  readonly version: readonly number[];
}

/** Makes git. Nothing is looked for before the first use. */
export function createGit(options: GitOptions): Git {
  const { files, programs, host } = options;
  const turn = createGate(GIT_AT_ONCE_MAX);
  const run: typeof runProcess = (start, command) => runProcess(start, command, turn);
  const settings = createSettingsMemory(host);
  const surroundings = createSurroundings(host);
  let known: Promise<Tool> | undefined;
  let ground: Ground | undefined;
  const seek = async (): Promise<Tool> => {
    const program = await programs.find("git");
    if (program === undefined) throw missingGit(host.platform);
    const searchPath = await programs.searchPath();
    const env = personalEnvironment({ ...host, home: undefined, env: {} }, searchPath);
    const start = { program, args: ["--version"], cwd: sep, env, signal: new AbortController().signal };
    return { program, searchPath, version: parseVersion((await run(start)).stdout.toString()) };
  };
  const tool = async () => {
    try {
      return await (known ??= seek());
    } catch (error) {
      // The person may install it meanwhile.
      known = undefined;
      throw error;
    }
  };
  return {
    hooks: options.hooks ?? false,
    init: async (path, signal) => await initialise(path, await tool(), options, run, signal),
    async withRepository(path, open, work) {
      const { roots } = files;
      if (ground?.roots !== roots) ground = { roots, disk: diskOf(roots) };
      const here = ground;
      const { disk } = here;
      return await withFolderOf(path, files, async (held) => {
        const asked = await disk.realpath(held.processPath);
        const shown = givenPath(asked, roots);
        const located = await locate(asked, shown, here);
        const found = await tool();
        checkVersion(found.version, host.platform);
        const opened = async (folder: OpenFolder) => {
          // The folder that is held is the one that was verified, whatever was renamed in between.
          if (await disk.realpath(folder.processPath) !== located.top) throw moved(shown);
          const parts = {
            located,
            ground: here,
            asked,
            folder,
            open,
            found,
            run,
            settings,
            surroundings,
            ...options,
          };
          const repository = await openRepository(parts);
          return await patiently(() => work(repository), open.forWriting ? 1 : READ_ROUNDS);
        };
        return located.top === asked ? await opened(held) : await files.withFolder(located.top, opened);
      });
    },
    discover: (signal) => discover(files, signal),
  };
}

/** Times that reading is tried while files change under it. */
const READ_ROUNDS = 3;

async function patiently<T>(work: () => Promise<T>, rounds: number): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (rounds <= 1 || !(error instanceof InterruptedError)) throw error;
    return await patiently(work, rounds - 1);
  }
}

/** Makes a folder a repository. */
async function initialise(
  path: string,
  { program, searchPath }: Tool,
  { files, host }: GitOptions,
  run: typeof runProcess,
  signal: AbortSignal,
): Promise<void> {
  await files.withFolder(path, async (folder) => {
    const command = { name: "init", options: ["--quiet", "--template=", "--initial-branch=main"] };
    const start = {
      program,
      args: argumentsOf(command),
      cwd: folder.processPath,
      env: neutralEnvironment(host, searchPath, neutralSettings([], host)),
      signal,
    };
    const output = await run(start, command);
    if (output.status !== 0) throw explain("init", folder.path, output);
  });
}

/** Everything a repository is opened with. */
interface Opening extends GitOptions {
  readonly located: Located;
  readonly ground: Ground;
  readonly asked: string;
  readonly folder: OpenFolder;
  readonly open: OpenOptions;
  readonly found: Tool;
  readonly run: typeof runProcess;
  readonly settings: SettingsMemory;
  readonly surroundings: Surroundings;
}

async function openRepository(opening: Opening): Promise<Repository> {
  const { located, files, open, found, host, folder } = opening;
  const { top, gitDir, commonDir } = located;
  const shown = givenPath(top, files.roots);
  // Before something is changed, nothing is taken from memory.
  const settings = await opening.settings(
    located,
    opening.ground.disk,
    open.forWriting === true,
    () => readSettings(opening),
  );
  refuseIncludes(settings, shown);
  await refuseForeign(opening, settings);
  const bare = located.bare || (gitDir === commonDir && isYes(ownValue(settings, "core.bare")));
  if (!bare) await refuseOtherWorkTree(settings, top, gitDir);
  refuseLazy(settings, found.version, shown);
  const readOnly = [top, gitDir, commonDir].some((path) => rootOf(path, files.roots)?.readOnly !== false);
  if (open.forWriting === true) {
    if (bare) throw noWorkTree(shown);
    if (readOnly) throw onlyForReading(shown);
    await checkAllLinks(located, opening.ground);
  }
  // What only reads has nothing to compare in the letters of a language, and is quicker without them.
  const own = { ...places(located, bare), LC_ALL: open.forWriting === true ? "C.UTF-8" : "C" };
  const environmentOf = opening.surroundings(settings, own, found.searchPath);
  const run = async (command: Command): Promise<Output> => {
    const start = {
      program: found.program,
      args: argumentsOf(command),
      cwd: folder.processPath,
      env: environmentOf(command),
      signal: open.signal,
      family: open.forWriting === true,
    };
    const output = await opening.run(start, command);
    const { status } = output;
    if (status !== undefined && !(command.okStatus ?? [0]).includes(status)) {
      throw explain(command.name, shown, output);
    }
    return output;
  };
  const prefix = bare ? "" : slashed(relative(top, opening.asked));
  const repository: Repository = {
    top,
    shown,
    // Asked for by its .git, a repository is asked for as a whole.
    prefix: isGitPath(prefix) ? "" : prefix,
    gitDir,
    commonDir,
    bare,
    readOnly,
    format: ownValue(settings, "extensions.objectformat") === "sha256" ? "sha256" : "sha1",
    settings,
    version: found.version,
    run,
    resolve: (names) => resolveCommits(repository, names),
    find: async (name) => (await findCommits(repository, [name]))[0],
    mayRead: (path) => folder.mayRead(path),
    mayWrite: (path) => folder.mayWrite(path),
    underWay: () => underWay(gitDir),
    person: { ...host.env, HOME: host.home, PATH: found.searchPath },
    pathOf: (argument) => pathBelow(argument, repository, files),
  };
  return repository;
}

/** Opens the folder that is asked for; of a file, the folder it is in. */
async function withFolderOf<T>(
  path: string,
  files: Files,
  work: (folder: OpenFolder) => Promise<T>,
): Promise<T> {
  let isOpen = false;
  const working = (folder: OpenFolder) => {
    isOpen = true;
    return work(folder);
  };
  try {
    return await files.withFolder(path, working);
  } catch (error) {
    // Mostly it is a folder, so nobody asks before it turns out to be none.
    if (isOpen || !(error instanceof ToolError) || (await files.info(path)).kind !== "file") throw error;
    return await files.withFolder(resolve(path, ".."), working);
  }
}

/** All settings of every scope, in one run: the person's as they apply to this repository, and its own. */
async function readSettings({ located, folder, open, found, host, run }: Opening): Promise<Setting[]> {
  const { program, searchPath } = found;
  const output = await run({
    program,
    args: ["--no-pager", "config", "--list", "--includes", "--show-scope", "-z"],
    cwd: folder.processPath,
    env: { ...personalEnvironment(host, searchPath), ...places(located, located.bare) },
    signal: open.signal,
  });
  if (output.status !== 0) throw explain("config", located.top, output);
  return parseSettings(output.stdout.toString("utf8"));
}

/**
 * Tells git where everything is, so that it searches nothing. A plain repository is named relative to the
 * folder that is held open: nothing that is renamed meanwhile can take its place.
 */
function places({ top, gitDir, commonDir, plain }: Located, bare: boolean): Record<string, string> {
  const tree: Record<string, string> = bare ? {} : { GIT_WORK_TREE: plain ? "." : top };
  if (plain) return { GIT_DIR: ".git", ...tree };
  return { GIT_DIR: gitDir, ...(gitDir === commonDir ? {} : { GIT_COMMON_DIR: commonDir }), ...tree };
}

async function refuseForeign(opening: Opening, settings: readonly Setting[]): Promise<void> {
  const { located, files, found, host, folder, open, run } = opening;
  if (isTrusted(settings, located.top, host.home)) return;
  const owner = await foreignOwner(located, opening.ground.disk);
  let isForeign = owner !== undefined;
  if (host.platform === "win32") {
    // Only git knows whose files these are there. Searching, it looks at the owner before anything else.
    const env = {
      ...personalEnvironment(host, found.searchPath),
      GIT_CEILING_DIRECTORIES: resolve(located.top, ".."),
    };
    const args = ["rev-parse", "--git-dir"];
    const start = { program: found.program, args, cwd: folder.processPath, env, signal: open.signal };
    isForeign = /dubious ownership/.test((await run(start)).stderr);
  }
  if (!isForeign) return;
  const name = givenPath(located.top, files.roots);
  const numbers = owner === undefined ? "" : ` (number ${owner}, this one is ${process.geteuid?.()})`;
  throw new ToolError(
    `Cannot use the repository "${showName(name)}": it belongs to another user${numbers}`,
    "Its settings decide what git does. The person can trust it with: git config --global --add " +
      `safe.directory ${JSON.stringify(name)}`,
  );
}

/** Old versions of git fetch what a partial clone lacks without asking, with programs that it names. */
function refuseLazy(settings: readonly Setting[], version: readonly number[], shown: string): void {
  const isPartial = settings.some(({ key, value, scope }) =>
    scope !== "global" && scope !== "system" &&
    (key === "extensions.partialclone" || key.endsWith(".partialclonefilter") ||
      (key.endsWith(".promisor") && isYes(value)))
  );
  if (!isPartial || canRefuseToFetch(version)) return;
  throw new ToolError(
    `Cannot use the repository "${showName(shown)}": it is a partial clone, and git ${
      version.join(".")
    } would fetch what it lacks without being asked`,
    "The person can install a newer git (2.45 or later).",
  );
}

/** Whether this version knows `GIT_NO_LAZY_FETCH`, which came to several series at once in May 2024. */
function canRefuseToFetch([major = 0, minor = 0, patch = 0]: readonly number[]): boolean {
  if (major !== 2) return major > 2;
  const since: Readonly<Record<number, number>> = { 39: 4, 40: 2, 41: 1, 42: 2, 43: 4, 44: 1 };
  return minor >= 45 || patch >= (since[minor] ?? Infinity);
}

/**
 * A relative path belongs to the folder that was asked for where it exists there, as with git itself; else to
 * the top, because that is how paths are shown.
 */
async function pathBelow(argument: string, repository: Repository, files: Files): Promise<string> {
  const { top, prefix, bare } = repository;
  const given = givenPath(top, files.roots);
  const outside = () =>
    new ToolError(
      `Cannot use the path "${showName(argument)}": it is not inside the repository`,
      `Name paths relative to its top, "${showName(given)}".`,
    );
  if (argument.includes("\0")) throw outside();
  if (isAbsolute(argument)) {
    const path = resolve(argument);
    const base = [top, given].find((folder) => isInside(path, folder));
    if (base === undefined || bare) throw outside();
    return slashed(relative(base, path));
  }
  const path = slashed(argument);
  const fromFolder = below(posix.join(prefix, path));
  const fromTop = below(path);
  if (fromTop === undefined || (prefix !== "" && fromFolder !== undefined && await exists(top, fromFolder))) {
    if (fromFolder === undefined) throw outside();
    return fromFolder;
  }
  return fromTop;
}

/** A path normalised, without "." and a slash at its end; undefined when it leads above the top. */
function below(path: string): string | undefined {
  const normal = posix.normalize(path).replace(/\/$/, "");
  if (normal === ".." || normal.startsWith("../") || normal.startsWith("/")) return undefined;
  return normal === "." ? "" : normal;
}

function slashed(path: string): string {
  return sep === posix.sep ? path : path.split(sep).join(posix.sep);
}

async function exists(top: string, path: string): Promise<boolean> {
  return await lstat(join(top, path)).then(() => true, () => false);
}

function moved(shown: string): ToolError {
  return new ToolError(
    `Cannot use the repository "${showName(shown)}": it was moved meanwhile`,
    "Try again.",
  );
}

function noWorkTree(shown: string): ToolError {
  return new ToolError(
    `Cannot change the repository "${showName(shown)}": it is bare, so there are no files to work on`,
    "Reading works: git_log, git_show and git_diff between two commits.",
  );
}

function onlyForReading(shown: string): ToolError {
  return new ToolError(
    `Cannot change the repository "${showName(shown)}": its folder is allowed for reading only`,
    'The person can allow it without ":ro".',
  );
}
