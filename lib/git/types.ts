/**
 * What tools may do with git repositories. There is no other way to git: one builder makes every command
 * line, one runner starts it, and no program that a repository names is ever started by a reading command.
 * @module
 */
import type { Buffer } from "node:buffer";

/** Where a setting comes from, in git's words; "system" and "global" are the person's own. */
export type Scope = "system" | "global" | "local" | "worktree" | "command" | "unknown";

/** One setting. Keys are as git lists them: section and name in lower case, the part between as written. */
export interface Setting {
  readonly key: string;
  readonly value: string;
  readonly scope: Scope;
}

/** A command of git, in parts that cannot be taken for each other. */
export interface Command {
  /** The command: "status", "cat-file". */
  readonly name: string;
  /** What stands right behind it in some: "push" of `stash push`. */
  readonly subcommand?: string;
  /**
   * Options, each beginning with "-". What a caller of ours chose may only stand behind an "=" in them, or
   * behind the letter of a short option in the same string.
   */
  readonly options?: readonly string[];
  /** `HEAD` and full hashes, also `^hash`, `hash..hash` and `hash...hash`: other names are resolved first. */
  readonly revisions?: readonly string[];
  /** Other arguments, such as the name of a branch; none may begin with "-". */
  readonly values?: readonly string[];
  /** Paths below the top, taken literally. `exclude` takes paths away from them. */
  readonly paths?: readonly string[];
  readonly exclude?: readonly string[];
  /** What it reads from standard input. */
  readonly input?: string | Uint8Array;
  /** Settings that win over the neutral ones, in order. */
  readonly config?: readonly (readonly [key: string, value: string])[];
  /** Environment that wins over the neutral one; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Statuses that are answers and not failures. Default: 0. */
  readonly okStatus?: readonly number[];
  /** Bytes of standard output that are kept; more end the command and set `cut`. */
  readonly maxBytes?: number;
  /** Takes standard output in pieces instead of keeping it; false ends the command: there is enough. */
  readonly take?: (chunk: Buffer) => boolean;
  /** Milliseconds it may take, when the common limit does not suit it. */
  readonly timeoutMs?: number;
  /**
   * Once started, it goes on to its end although the call is cancelled: it is short, and half of it would be
   * worse than all of it.
   */
  readonly finish?: boolean;
}

/** What a command did. */
export interface Output {
  /** The exit status; undefined when it was ended because there was enough. */
  readonly status: number | undefined;
  readonly stdout: Buffer;
  /** The beginning of standard error, passwords and tokens taken out. */
  readonly stderr: string;
  /** Whether it was ended before it was done, because there was enough. */
  readonly cut: boolean;
}

/** A repository that was found and verified: everything git will touch is inside the allowed folders. */
export interface Repository {
  /** The real path of the work tree, or of the repository itself when it is bare. */
  readonly top: string;
  /** The same by the names the person gave the allowed folder. */
  readonly shown: string;
  /** Where the folder that was asked for stands below the top: "" or `src/app`, with "/". */
  readonly prefix: string;
  /** Real paths of the git directory of this work tree, and of what all work trees share. */
  readonly gitDir: string;
  readonly commonDir: string;
  /** It has no work tree. */
  readonly bare: boolean;
  /** It stands in a folder allowed for reading only. */
  readonly readOnly: boolean;
  /** The hash function of its objects. */
  readonly format: "sha1" | "sha256";
  /** All settings, of every scope, the later ones winning. The repository's own contain no includes. */
  readonly settings: readonly Setting[];
  /** The environment of the person, of which a command is given only what it names. */
  readonly person: Readonly<Record<string, string | undefined>>;
  /** Version of the git that is used: [2, 39, 5]. */
  readonly version: readonly number[];
  /**
   * Runs a command at the top.
   * @throws {ToolError} when it fails, in git's own words, or takes too long.
   * @throws {CancelledError} when the signal is aborted.
   */
  run(command: Command): Promise<Output>;
  /**
   * The commits that names mean (branches, tags, hashes, `HEAD~2`, `stash@{0}`), as full hashes in the same
   * order. Nothing of a name becomes an argument of a command.
   * @throws {ToolError} naming the nearest when there is no such commit.
   */
  resolve(names: readonly string[]): Promise<string[]>;
  /** The same for one name, undefined when it means no commit. */
  find(name: string): Promise<string | undefined>;
  /** Whether the guardrails let the contents of a path below the top be read, and be written. */
  mayRead(path: string): boolean;
  mayWrite(path: string): boolean;
  /** What is under way and waits for the person (`a merge`, `a rebase (step 2 of 5)`). */
  underWay(): Promise<string | undefined>;
  /**
   * The path below the top, with "/", that an argument means: absolute, or relative to the folder that was
   * asked for where it exists there, else to the top. "" is the top itself.
   * @throws {ToolError} when it is outside the work tree.
   */
  pathOf(argument: string): Promise<string>;
}

/** How a repository is opened. */
export interface OpenOptions {
  readonly signal: AbortSignal;
  /**
   * To change it: refuses bare ones, folders allowed for reading only, and links anywhere in the git
   * directory that lead outside.
   */
  readonly forWriting?: boolean;
}

/** A repository that was found by looking around. */
export interface FoundRepository {
  /** Absolute path of its top, by the names the person gave. */
  readonly path: string;
  readonly bare: boolean;
}

/** The git repositories in the allowed folders. */
export interface Git {
  /** Whether the person lets hooks of repositories run. */
  readonly hooks: boolean;
  /**
   * Finds the repository that a folder or file belongs to and verifies it; the top folder is held open while
   * `work` runs. Repositories are not looked for above the allowed folders.
   * @param path Absolute, checked ({@link Files.resolve}).
   * @throws {ToolError} when there is none, when it reaches outside, when it is another owner's, or when no
   * git is installed.
   */
  withRepository<T>(
    path: string,
    options: OpenOptions,
    work: (repository: Repository) => Promise<T>,
  ): Promise<T>;
  /** Makes an empty repository of an existing folder, without anything from a template. */
  init(path: string, signal: AbortSignal): Promise<void>;
  /** Repositories in the allowed folders, nearest first; not a complete list of very large folders. */
  discover(signal: AbortSignal): Promise<FoundRepository[]>;
}
