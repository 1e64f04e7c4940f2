/**
 * The limits of git and of finding other programs; part of lib/limits.ts, through which they are imported.
 * @module
 */

const KIB = 1024;
const MIB = 1024 * KIB;

// --- Other programs and git ---

/** Milliseconds a login shell may take to tell its PATH: it is asked once, and some start slowly. */
export const SHELL_MS_MAX = 4_000;
/** Characters a login shell may print before it counts as not answering. */
export const SHELL_ANSWER_BYTES_MAX = MIB;
/** Milliseconds one command of git may take: below CALL_MS_MAX, so that the reply can name the command. */
export const GIT_MS_MAX = 40_000;
/** Milliseconds between asking git to end, so that it removes its lock files, and killing it. */
export const GIT_KILL_MS = 2_000;
/** Bytes of standard output of one command that are kept in memory. */
export const GIT_OUTPUT_BYTES_MAX = 16 * MIB;
/** Bytes of standard error that are kept. */
export const GIT_ERROR_BYTES_MAX = 16 * KIB;
/** Commands of git that run at the same time; more wait their turn. */
export const GIT_AT_ONCE_MAX = 6;
/** Milliseconds for which the settings of a repository are kept, when its own files have not changed. */
export const GIT_SETTINGS_MS = 60_000;
/** Repositories whose settings are kept. */
export const GIT_SETTINGS_KEPT_MAX = 50;
/** Filters and hooks that a repository may define: each is overridden one by one in the environment. */
export const GIT_OVERRIDES_MAX = 200;
/** Bytes of a `.git` file or another pointer inside a git directory. */
export const GIT_POINTER_BYTES_MAX = 8 * KIB;
/** Object stores a repository may borrow from, one from the other: git itself follows five. */
export const GIT_ALTERNATES_MAX = 5;
/** Folders of git directories whose contents are remembered: an object store has some 260. */
export const GIT_FOLDERS_KEPT_MAX = 5_000;
/**
 * Milliseconds without a change after which the contents of a folder are remembered: longer than the tick of
 * any file system's clock, the coarsest of which (FAT) counts two seconds.
 */
export const GIT_CALM_MS = 3_000;
/** Entries of a git directory that are looked at for links before something is changed in it. */
export const GIT_ENTRIES_MAX = 50_000;
/** Folders below an allowed one in which repositories are looked for, and folders looked into in all. */
export const GIT_DISCOVER_DEPTH_MAX = 4;
export const GIT_DISCOVER_FOLDERS_MAX = 5_000;
/** Repositories that are listed as resources. */
export const GIT_REPOSITORIES_MAX = 200;
/** Files that one reply lists as changed before it says how many more there are. */
export const GIT_FILES_SHOWN_MAX = 150;
/** Characters of names that one command takes as arguments: systems allow little more than 100,000 bytes. */
export const GIT_EXCLUDE_CHARS_MAX = 60_000;
/** Commits that `git_log` shows unless asked for fewer, and at most. */
export const GIT_LOG_DEFAULT = 20;
export const GIT_LOG_MAX = 200;
/** Bytes of a file at a revision that is looked at. */
export const GIT_BLOB_BYTES_MAX = 20 * MIB;
/** Lines whose authors are shown unless asked for fewer, and at most. */
export const GIT_BLAME_DEFAULT = 100;
export const GIT_BLAME_MAX = 1_000;
/** Stashes that `git_status` lists. */
export const GIT_STASHES_SHOWN_MAX = 10;

// --- Changing repositories ---

/** Milliseconds that the lock of another git is waited for: an editor's own commands are over by then. */
export const GIT_LOCK_MS_MAX = 3_000;
/** Milliseconds between two attempts to get it. */
export const GIT_LOCK_STEP_MS = 200;
/** Milliseconds that the commit of another server is waited for: hooks run tests, and calls end at 45 s. */
export const GIT_COMMIT_MS_MAX = 30_000;
/** Milliseconds after which its lock is left over: a commit is stopped long before, with all its hooks. */
export const GIT_HELD_MS_MAX = 600_000;
/** Files that one `git_stage` takes: more are mostly something generated. */
export const GIT_STAGE_PATHS_MAX = 20_000;
/** Paths that a reply lists one by one. */
export const GIT_PATHS_SHOWN_MAX = 60;
/** Branches that are listed, of this repository and of remotes each. */
export const GIT_BRANCHES_MAX = 100;
/** Characters of what hooks, signing programs and remotes say that a reply repeats. */
export const GIT_SAID_CHARS_MAX = 4_000;
