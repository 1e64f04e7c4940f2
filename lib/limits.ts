/**
 * Every limit of the product, with its unit in its name and its reason beside it.
 *
 * When a limit bites, the reply says what was cut and which call gets the rest.
 * @module
 */

export * from "./limits/documents.ts";
export * from "./limits/git.ts";
export * from "./limits/memory.ts";
export * from "./limits/user.ts";
export * from "./limits/web.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

// --- Replies ---

/**
 * Characters of text in one reply. Hosts count tokens: 25,000 characters stay well below their 25,000
 * tokens.
 */
export const REPLY_CHARS_MAX = 25_000;
/** Bytes of one whole result on the wire. Claude Desktop refuses a result over 1,048,576. */
export const REPLY_BYTES_MAX = 1_000_000;
/**
 * Bytes of an image or a sound before base64, which adds a third: 900,000, what a reply with full text
 * leaves.
 */
export const MEDIA_BYTES_MAX = 675_000;
/** Characters of server instructions. Claude Code cuts them at 2,048. */
export const INSTRUCTIONS_CHARS_MAX = 2_000;
/** Characters of the whole `tools/list` with every module on: it is paid in every conversation. */
export const TOOLS_LIST_CHARS_MAX = 24_000;
/** Characters of one tool in `tools/list`. */
export const TOOL_CHARS_MAX = 1_600;

// --- Calls ---

/**
 * Milliseconds one call may take. Some hosts give up at 60 seconds, and the error must reach the model
 * before.
 */
export const CALL_MS_MAX = 45_000;
/** Milliseconds granted to answer requests already read when standard input ends. */
export const DRAIN_MS_MAX = 5_000;
/** Milliseconds between two checks that the parent process is still there. */
export const PARENT_CHECK_MS = 2_000;
/** Milliseconds a client may take to tell its roots; calls wait for it, so it is short. */
export const ROOTS_MS_MAX = 3_000;
/** Milliseconds between two progress notifications of one call, so that progress never floods the wire. */
export const PROGRESS_MS_MIN = 100;

// --- The wire ---

/**
 * Bytes of one JSON-RPC line read from standard input. A larger line is skipped and answered with an error.
 */
export const LINE_BYTES_MAX = 10 * MIB;
/**
 * Requests worked on at the same time. More wait their turn, so that a script can pipe in as many as it
 * likes.
 */
export const REQUESTS_IN_FLIGHT_MAX = 256;
/** Requests that wait for one of those. More are answered with an error that asks to wait for replies. */
export const REQUESTS_WAITING_MAX = 4_096;
/**
 * Bytes of replies not yet read by the client. Above it, no further requests are read: memory stays
 * bounded.
 */
export const OUTPUT_BYTES_WAITING_MAX = 8 * MIB;
/** Bytes of replies that are joined into one write; more go at once. */
export const OUTPUT_BYTES_JOINED_MAX = 64 * KIB;
/**
 * Nesting of one JSON message. Deeper ones parse, but cannot be written back without exhausting the stack.
 */
export const JSON_DEPTH_MAX = 64;

// --- Files ---

/** Bytes of a file that is read whole into memory, as an edit must. */
export const WHOLE_FILE_BYTES_MAX = 20 * MIB;
/** Bytes of content that one write may carry. */
export const WRITE_BYTES_MAX = 9 * MIB;
/** Lines that `read_file` returns unless asked for fewer. */
export const READ_LINES_DEFAULT = 1_000;
/** Characters of one line shown before it is cut: minified files have lines of megabytes. */
export const LINE_CHARS_MAX = 2_000;
/**
 * Bytes of a file that `read_file` fetches in one go and numbers exactly; of larger ones it fetches only
 * what it shows.
 */
export const READ_WHOLE_BYTES_MAX = MIB;
/** Bytes of a file whose lines `get_file_info` counts: some tens of milliseconds. */
export const COUNT_BYTES_MAX = 64 * MIB;
/** Bytes fetched by one read of a file that is scanned. */
export const READ_CHUNK_BYTES = 64 * KIB;
/**
 * Bytes scanned to answer one question about a file (a line far inside it) before the reply says where it
 * stopped.
 */
export const SCAN_BYTES_MAX = 1024 * MIB;
/** Files that one `read_multiple_files` takes. */
export const FILES_PER_CALL_MAX = 50;
/** Entries that one listing walks before it says that there are more. */
export const LIST_ENTRIES_MAX = 20_000;
/** Entries that one page of a listing or a search for names shows unless asked for fewer. */
export const LIST_PAGE_DEFAULT = 200;
/** Folders below the one asked for that a listing descends into, at most. */
export const LIST_DEPTH_MAX = 20;
/** Edits that one `edit_file` takes. */
export const EDITS_MAX = 200;
/** Places that one edit replaces: each costs memory, and a million are a second's work. */
export const EDIT_PLACES_MAX = 1_000_000;
/** Characters of the diff an edit answers with: enough to check it, little enough to pay on every edit. */
export const DIFF_CHARS_MAX = 8_000;
/** Characters of one line in a diff or a hint; of a longer one the part around the difference is shown. */
export const DIFF_LINE_CHARS_MAX = 400;
/** Lines added and removed in one place for which the shortest diff is sought: the time is quadratic. */
export const DIFF_STEPS_MAX = 500;
/** Entries that one recursive copy or delete touches before it refuses, so that a slip stays small. */
export const TREE_ENTRIES_MAX = 100_000;
/** Folders in each other that a recursive change enters: each of them keeps a descriptor open meanwhile. */
export const TREE_DEPTH_MAX = 5_000;

/** Bytes of a `.gitignore` that are read; what is behind them is no list of patterns any more. */
export const IGNORE_FILE_BYTES_MAX = 64 * KIB;
/** Resources on one page of `resources/list`. */
export const RESOURCES_PAGE = 100;

// --- Search ---

/** Matches that one page of `search_text` shows unless asked for fewer. */
export const SEARCH_PAGE_DEFAULT = 50;
/** Matches collected before a search stops; they are sorted in memory, so their number is bounded. */
export const SEARCH_MATCHES_MAX = 50_000;
/** File names collected before a search for names stops. */
export const FIND_FILES_MAX = 500_000;
/** Characters of a search pattern. */
export const PATTERN_CHARS_MAX = 1_000;
/** Matches on one page of `search_text`, at most: a reply holds no more anyway. */
export const SEARCH_PAGE_MAX = 500;
/** Lines of context on each side of a match, at most: read_file shows more. */
export const SEARCH_CONTEXT_MAX = 20;
/** Characters shown of a line that matches: enough for code, and a window into minified files. */
export const SEARCH_LINE_CHARS_MAX = 240;
/** Bytes read on each side of a match to show its line and its context. */
export const SEARCH_BLOCK_BYTES = 16 * KIB;
/** Milliseconds until a search stops and shows what it has found by then: well below CALL_MS_MAX. */
export const SEARCH_MS_MAX = 30_000;
/** Searches that run at the same time: each of them uses every processor. More wait their turn. */
export const SEARCHES_AT_ONCE_MAX = 4;
/**
 * Bytes kept of what ripgrep writes to standard error: a folder of unreadable files is reported file by file.
 */
export const SEARCH_ERROR_BYTES_MAX = 64 * KIB;
/**
 * Bytes of a compiled regular expression: without a bound, `x{1000}{1000}` took ripgrep minutes and
 * gigabytes.
 */
export const REGEX_BYTES_MAX = 10 * MIB;
/** Folders in each other that the built-in search enters: every one of them keeps a descriptor open. */
export const SEARCH_DEPTH_MAX = 100;
/**
 * Bytes of a line that the built-in search looks at in one piece; in longer lines, pieces are searched by
 * themselves.
 */
export const SEARCH_PIECE_BYTES_MAX = MIB;

// --- The journal of changes ---

/** Bytes of contents that the journal keeps in all; beyond them the oldest changes are forgotten. */
export const JOURNAL_BYTES_MAX = 1024 * MIB;
/** Days after which a change is forgotten: what nobody missed for a month is not taken back any more. */
export const JOURNAL_DAYS_MAX = 30;
/** Changes kept, whatever their size: the list of them stays quick. */
export const JOURNAL_CHANGES_MAX = 100_000;
/**
 * Bytes that are kept of one change. A larger one is refused, because what cannot be taken back must be done
 * by the person: a quarter of the journal, so that no change pushes out all others.
 */
export const JOURNAL_CHANGE_BYTES_MAX = 256 * MIB;
/** Bytes of contents kept inside the database, where one flush secures them together with their entry. */
export const JOURNAL_INLINE_BYTES_MAX = 64 * KIB;
/** Bytes of such contents, and contents in all, that are gathered before they are handed to the database. */
export const JOURNAL_BATCH_BYTES = 4 * MIB;
export const JOURNAL_BATCH_FILES = 1_000;
/** Milliseconds a call waits for another process that writes to the journal or the memory. */
export const STORE_LOCK_MS_MAX = 10_000;
/**
 * Milliseconds after which an unfinished change counts as given up although a process of its number lives:
 * the number may have been given to another program by now.
 */
export const JOURNAL_PENDING_MS_MAX = 3_600_000;
/** Bytes kept since the journal was last tidied, or changes made, after which it is tidied again. */
export const JOURNAL_TIDY_BYTES = 32 * MIB;
export const JOURNAL_TIDY_CHANGES = 100;
/** Milliseconds after which a file of the journal that no entry knows is taken to be left by a crash. */
export const JOURNAL_ORPHAN_MS = 86_400_000;
/**
 * Bytes of a file that are compared to see whether it has changed; of a larger one the size and the time of
 * the last change are, because no tool of ours edits such a file, and reading gigabytes takes longer than a
 * call may.
 */
export const COMPARE_BYTES_MAX = 64 * MIB;
/** Changes that one list shows unless asked for fewer, and at most. */
export const CHANGES_PAGE_DEFAULT = 20;
export const CHANGES_PAGE_MAX = 200;
/** Bytes of a text for which a change is shown as a diff. */
export const DIFF_BYTES_MAX = MIB;

// --- The log ---

/** Bytes of the log file before it is rotated. */
export const LOG_BYTES_MAX = 5 * MIB;
/** Milliseconds a log line may wait before it is written; warnings and errors do not wait. */
export const LOG_WAIT_MS = 50;
/** Characters of log lines that wait before they are written at once. */
export const LOG_WAIT_CHARS_MAX = 16 * KIB;
/** Rotated log files that are kept. */
export const LOG_FILES_KEPT = 3;
/** Characters of one message in the log; a longer one is cut, so that one call cannot fill the file. */
export const LOG_MESSAGE_CHARS_MAX = 8_000;
/** Milliseconds between two looks at whether the log file is full or was rotated by another process. */
export const LOG_CHECK_MS = 1_000;
/** Milliseconds after which the lock of a rotation is taken to be left by a process that died. */
export const LOG_LOCK_STALE_MS = 10_000;
/** Lines that `clawhammer logs` shows unless asked for more or fewer: two screens. */
export const LOG_PAGE_DEFAULT = 100;
/** Milliseconds between two looks for new lines of a log that is followed. */
export const LOG_FOLLOW_MS = 250;
/**
 * Bytes written to standard error in all: a host that never reads it lets the pipe (16 to 64 KiB) fill, and
 * us hang.
 */
export const STDERR_BYTES_MAX = 12 * KIB;

// --- The doctor ---

/** Milliseconds and bytes of output that a program of the system is granted for a check. */
export const DOCTOR_RUN_MS_MAX = 10_000;
export const DOCTOR_RUN_BYTES_MAX = MIB;
/** Milliseconds an allowed folder is granted to answer: a network drive that is gone never does. */
export const FOLDER_ANSWER_MS_MAX = 8_000;
/** Files of a folder that are looked at for being only in the cloud, and milliseconds that may take. */
export const CLOUD_FILES_MAX = 2_000;
export const CLOUD_LOOK_MS_MAX = 2_000;
/** Bytes up to which a file without blocks may simply be small: file systems keep such files in its entry. */
export const CLOUD_SMALL_BYTES = 8 * KIB;
/** Bytes free for the journal below which a person should know, and below which changes will soon fail. */
export const DISK_FREE_BYTES_LOW = 1024 * MIB;
export const DISK_FREE_BYTES_MIN = 64 * MIB;
/** Milliseconds back that count as recent, and errors of a log that are shown. */
export const LOG_RECENT_MS = 86_400_000;
export const LOG_RECENT_SHOWN = 3;
/** Bytes read from the end of a client's log. */
export const CLIENT_LOG_BYTES_MAX = 256 * KIB;
/** Lines of each log that a report about a problem holds. */
export const REPORT_LOG_LINES = 200;

// --- Completion ---

/** Values that one completion offers: the protocol allows 100. */
export const COMPLETIONS_MAX = 100;

// --- Time and thinking ---

/** Time zones that one `get_time` shows: more is a table nobody reads. */
export const ZONES_PER_CALL_MAX = 20;
/** Characters of one argument of `get_time`, which is a date or a list of zones. */
export const TIME_ARGUMENT_CHARS_MAX = 600;
/** Steps of one chain of thought: a higher number is a slip, not a plan. */
export const THINK_STEPS_MAX = 999;

// --- Worker processes ---

/** Bytes of one message of a worker: a document of 50 MB and what was made of it, with room. */
export const WORKER_FRAME_BYTES_MAX = 128 * MIB;
/** Milliseconds a worker has to stop a cancelled call by itself before it is ended. */
export const WORKER_STOP_MS = 300;
/** Milliseconds within which a worker that was idle must show that it still listens; else it is replaced. */
export const WORKER_PING_MS = 250;
/** Milliseconds a new worker may take until it listens. */
export const WORKER_START_MS_MAX = 15_000;
/** Milliseconds between two looks at the memory of busy workers; idle ones are looked at every tenth time. */
export const WORKER_MEMORY_CHECK_MS = 100;
/** Characters kept of what a worker printed last: they say why it ended. */
export const WORKER_OUTPUT_CHARS = 2_000;

// --- Clients and their configurations ---

/** Bytes of a client's configuration: the largest ones hold a history and have some megabytes. */
export const CLIENT_CONFIG_BYTES_MAX = 64 * MIB;
/** Milliseconds a server may take to show its tools before a proof fails: a first start may be scanned. */
export const PROOF_MS_MAX = 20_000;
/** Characters kept of the end of what a server writes to standard error while it is proved. */
export const PROOF_STDERR_CHARS_MAX = 4_000;
/** Milliseconds a proved server may take to end by itself when its input ends. */
export const PROOF_END_MS_MAX = 2_000;
/** Backups of configurations that are kept, besides those an uninstall needs. */
export const BACKUPS_KEPT = 20;
/** Milliseconds to wait for another installation, and after which its lock is taken to be left by a crash. */
export const INSTALL_LOCK_MS_MAX = 10_000;
export const INSTALL_LOCK_STALE_MS = 60_000;
/** Times a change of a configuration is made anew because another program changed the file meanwhile. */
export const INSTALL_TRIES_MAX = 5;
