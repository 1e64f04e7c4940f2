/**
 * Every limit of the product, with its unit in its name and its reason beside it.
 *
 * When a limit bites, the reply says what was cut and which call gets the rest.
 * @module
 */

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
 * Bytes of an image or a sound before base64, which adds a third: 700 kB become 933 kB, under
 * REPLY_BYTES_MAX.
 */
export const MEDIA_BYTES_MAX = 700_000;
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
/** Entries that one recursive copy or delete touches before it refuses, so that a slip stays small. */
export const TREE_ENTRIES_MAX = 100_000;

// --- Search ---

/** Matches that one page of `search_text` shows unless asked for fewer. */
export const SEARCH_PAGE_DEFAULT = 50;
/** Matches collected before a search stops; they are sorted in memory, so their number is bounded. */
export const SEARCH_MATCHES_MAX = 50_000;
/** File names collected before a search for names stops. */
export const FIND_FILES_MAX = 500_000;
/** Characters of a search pattern. */
export const PATTERN_CHARS_MAX = 1_000;

// --- The log ---

/** Bytes of the log file before it is rotated. */
export const LOG_BYTES_MAX = 5 * MIB;
/** Rotated log files that are kept. */
export const LOG_FILES_KEPT = 3;
/** Characters of one message in the log; a longer one is cut, so that one call cannot fill the file. */
export const LOG_MESSAGE_CHARS_MAX = 8_000;
/** Milliseconds between two looks at whether the log file is full or was rotated by another process. */
export const LOG_CHECK_MS = 1_000;
/** Milliseconds after which the lock of a rotation is taken to be left by a process that died. */
export const LOG_LOCK_STALE_MS = 10_000;
/**
 * Bytes written to standard error in all: a host that never reads it lets the pipe (16 to 64 KiB) fill, and
 * us hang.
 */
export const STDERR_BYTES_MAX = 12 * KIB;

// --- Time and thinking ---

/** Time zones that one `get_time` shows: more is a table nobody reads. */
export const ZONES_PER_CALL_MAX = 20;
/** Characters of one argument of `get_time`, which is a date or a list of zones. */
export const TIME_ARGUMENT_CHARS_MAX = 600;
/** Steps of one chain of thought: a higher number is a slip, not a plan. */
export const THINK_STEPS_MAX = 999;
