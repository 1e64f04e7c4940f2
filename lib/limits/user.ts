/**
 * The limits of user tools; part of lib/limits.ts, through which they are imported.
 * @module
 */

const MIB = 1024 * 1024;

/** Files of tools in one folder. */
export const USER_TOOL_FILES_MAX = 1_000;
/** Bytes of one source file of a tool. */
export const USER_SOURCE_BYTES_MAX = 2 * MIB;
/** Source files that one tool consists of, itself included; packages in node_modules do not count. */
export const USER_SOURCES_MAX = 100;
/** Tools that `tools/list` names; the others are found by `find_user_tools`. */
export const USER_TOOLS_LISTED_MAX = 100;
/** Characters of what one file defines, as data. */
export const USER_DEFINITION_CHARS_MAX = 64_000;
/** Milliseconds a file may take to be loaded and to tell what it defines. */
export const USER_LOAD_MS_MAX = 10_000;
/** Milliseconds `tools/list` waits for files that are loaded for the first time. */
export const USER_LIST_MS_MAX = 5_000;
/** Milliseconds a client may take to ask the person or its model; the call that waits ends before, mostly. */
export const USER_ASK_MS_MAX = 240_000;
/**
 * Calls of one connection that wait for answers between two requests, and those of one tool: fewer than may
 * run, so that questions nobody answers hold up no other call. The oldest is given up for a new one.
 */
export const USER_HELD_MAX = 12;
export const USER_HELD_OF_TOOL_MAX = 3;
/** Files that are loaded one after the other in one process to learn what they define. */
export const USER_DESCRIBE_BATCH = 25;
/** Of fewer new files each gets a process of its own, which then stays warm for its calls. */
export const USER_DESCRIBE_WARM_MAX = 2;
/** Calls of user tools that run at the same time, each in a process of its own; and calls of one file. */
export const USER_CALLS_AT_ONCE_MAX = 16;
export const USER_CALLS_OF_FILE_MAX = 4;
/** Processes of user tools that stay warm, and for how many milliseconds: about 45 MB each. */
export const USER_WARM_MAX = 4;
export const USER_WARM_MS = 300_000;
/** Milliseconds between two looks whether the folder of user tools is there by now. One costs nothing. */
export const USER_FOLDER_MS = 2_000;
/** Milliseconds a program of Windows may take to write down who may do what with a folder. */
export const USER_ACL_MS_MAX = 5_000;
/** Bytes of memory that one call of a user tool may use. */
export const USER_MEMORY_BYTES_MAX = 1024 * MIB;
/** Questions of one call (files, the person) that are answered at the same time; more wait. */
export const USER_QUESTIONS_AT_ONCE_MAX = 16;
/** Lines that one call of a user tool writes into the log. */
export const USER_LOG_LINES_MAX = 200;
/** Bytes of one message from a user tool: what a reply may hold, and a file it writes. */
export const USER_MESSAGE_BYTES_MAX = 24 * MIB;
/** Tools that one `find_user_tools` shows with their arguments. */
export const USER_FOUND_MAX = 30;
/** Milliseconds between something that happens in the folder and the look at it: editors write in steps. */
export const USER_WATCH_MS = 60;

// --- What people build ---

/** Milliseconds the compiler may take for one step: seconds, unless the machine is very busy. */
export const BUILD_MS_MAX = 300_000;
/** Bytes of one file of tools with all it imports: it is sent to each process that runs it. */
export const BUILT_TEXT_BYTES_MAX = 20 * MIB;
/** Bytes of output that are kept of the command of a declared tool. */
export const DECLARED_OUTPUT_BYTES_MAX = MIB;
