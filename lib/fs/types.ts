/**
 * What tools may do with the file system. There is no other way to it: a law forbids `node:fs` in tools.
 *
 * Every path is absolute and inside an allowed folder, or the method throws a ToolError that says so.
 * Every descriptor is verified after it was opened, and only the descriptor is used from then on.
 * @module
 */

import type { Action } from "../journal/types.ts";

/** A folder the person has allowed. */
export interface Root {
  /** The real, absolute path, links resolved when the server started. */
  readonly real: string;
  /** The absolute path as the person gave it; equal to `real` unless links were involved. */
  readonly given: string;
  /** Nothing may be written below it. */
  readonly readOnly: boolean;
}

/** What an entry is. "other": FIFO, socket or device; nothing opens those. */
export type Kind = "file" | "folder" | "link" | "other";

/** What is known of an entry without reading it. */
export interface Info {
  readonly kind: Kind;
  /** Bytes. */
  readonly size: number;
  readonly modified: Date;
  readonly accessed: Date;
  readonly created: Date;
  /** Permission bits, e.g. 0o644. */
  readonly mode: number;
  /** Number of hard links. */
  readonly links: number;
  /**
   * Which file this is and in which state: equal exactly when the file was not replaced or changed
   * meanwhile.
   */
  readonly identity: string;
}

/** An entry of a folder. */
export interface Entry {
  readonly name: string;
  readonly kind: Kind;
}

/** A regular file, open for reading, its descriptor verified to be inside an allowed folder. */
export interface OpenFile {
  /** The path as asked. */
  readonly path: string;
  /** The path it really has, links resolved. */
  readonly real: string;
  readonly info: Info;
  /** Fills `buffer` from byte `position`; resolves with the number of bytes read, 0 at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
}

/**
 * A folder, open, its descriptor verified. Children are reached through the descriptor, never by a path
 * again.
 */
export interface OpenFolder {
  readonly path: string;
  /** The entries in the order of their names (code units). Names that are not valid UTF-8 show U+FFFD. */
  entries(): Promise<Entry[]>;
  /** What is known of a child, links not followed. */
  info(name: string): Promise<Info>;
  /** Opens a child folder; a link in its place is refused. */
  withFolder<T>(name: string, work: (folder: OpenFolder) => Promise<T>): Promise<T>;
  /** Opens a child file; a link in its place is refused. */
  withFile<T>(name: string, work: (file: OpenFile) => Promise<T>): Promise<T>;
  /**
   * Whether the guardrails let a file below it be read, by its path alone (relative, with `/`). For programs
   * that look at files themselves: what they find in the others must not be told.
   */
  mayRead(below: string): boolean;
  /** The same for writing; also false where the innermost allowed folder is for reading only. */
  mayWrite(below: string): boolean;
  /**
   * A directory path a child process can be started in: it leads to this very descriptor where the platform
   * can.
   */
  readonly processPath: string;
}

/** How a file is written. */
export interface WriteOptions {
  /** Refuse when something is there already. */
  readonly createOnly?: boolean;
  /** Refuse when the file is not exactly this one any more ({@link Info.identity}). */
  readonly replaces?: string;
}

/** The allowed part of the file system. */
export interface Files {
  readonly roots: readonly Root[];
  /**
   * The absolute, normalised path an argument means: `~` is expanded, `file:` URLs are decoded, a relative
   * path belongs to the only allowed folder, or to the one where it exists.
   * @throws {ToolError} when it is not inside an allowed folder, or is no path of this platform.
   */
  resolve(path: string): string;
  /**
   * A resolved path under the names that are on the disk, where Unicode or the kind of space differs from
   * what was asked: an exact name wins, a single equivalent is taken.
   * @throws {ToolError} when two names on the disk are equivalent.
   */
  settle(path: string): Promise<string>;
  /** Opens a regular file, links followed as long as they stay inside. */
  withFile<T>(path: string, work: (file: OpenFile) => Promise<T>): Promise<T>;
  /** Opens a folder, links followed as long as they stay inside. */
  withFolder<T>(path: string, work: (folder: OpenFolder) => Promise<T>): Promise<T>;
  /**
   * What is known of an entry; the last component is not followed when it is a link. `target`: the text of
   * a link.
   */
  info(path: string): Promise<Info & { readonly target?: string }>;
  /**
   * Writes a whole file: afterwards it is entirely old or entirely new. Missing parents are created.
   * Permissions of a replaced file are kept. A link whose target is inside stays a link.
   * @returns whether the file is new, its size in bytes before, and the folders created, outermost first.
   */
  write(
    path: string,
    bytes: Uint8Array,
    options?: WriteOptions,
  ): Promise<{ created: boolean; sizeBefore: number; folders: string[] }>;
  /**
   * Creates a folder and its missing parents. @returns the folders created, outermost first; none when it
   * existed.
   */
  createFolder(path: string): Promise<string[]>;
  /**
   * Moves or renames; refuses when the destination exists; works across file systems. Missing parents are
   * created.
   * @returns the folders created, outermost first.
   */
  move(source: string, destination: string, signal: AbortSignal): Promise<{ folders: string[] }>;
  /**
   * Copies a file or a whole folder; refuses when the destination exists; links are copied as links. Missing
   * parents are created. @returns what was copied, and the folders created, outermost first.
   */
  copy(
    source: string,
    destination: string,
    signal: AbortSignal,
  ): Promise<{ entries: number; bytes: number; folders: string[] }>;
  /** Deletes a file, a link or an empty folder; a folder with contents only when `recursive`. */
  remove(path: string, recursive: boolean, signal: AbortSignal): Promise<{ entries: number; bytes: number }>;
  /**
   * Runs `work`, in which another program changes files below a folder, and records what it changes.
   * @throws {ToolError} before `work` runs when the journal cannot be used.
   */
  recorded<T>(change: ProgramChange, signal: AbortSignal, work: () => Promise<T>): Promise<Recorded<T>>;
  /** Runs `work` while no other call of this process works exclusively on one of these paths. */
  exclusive<T>(paths: readonly string[], work: () => Promise<T>): Promise<T>;
  /** What was changed, and taking it back. */
  readonly changes: Changes;
}

/** What another program is going to change. */
export interface ProgramChange {
  /** Absolute real path of the folder. */
  readonly top: string;
  /** The files and links that may change, relative to it, with "/"; others are not looked at. */
  readonly paths: readonly string[];
  /** What it does, for the list of changes: `git_branch switch main`. */
  readonly title: string;
}

/** What became of it. */
export interface Recorded<T> {
  readonly result: T;
  /** The number of the recorded change; none when no file is different. */
  readonly id?: number;
  /** Files and links that are different, when that could be seen. */
  readonly changed?: number;
  /** How much it was, when it was too much to be kept: then nothing is recorded. */
  readonly unrecorded?: string;
}

/** A recorded change, as it is shown. */
export interface ChangeEntry {
  /** The number by which it is undone. */
  readonly id: number;
  readonly at: Date;
  readonly action: Action;
  /** Absolute real path. */
  readonly path: string;
  /** Of a move or a copy. */
  readonly destination?: string;
  readonly kind: "file" | "folder" | "link";
  /** Bytes of everything that stood there; undefined when nothing did. */
  readonly sizeBefore?: number;
  /** Bytes of everything that stood there afterwards; undefined when nothing did. */
  readonly sizeAfter?: number;
  /** Entries that were made, moved or deleted: 1 for a file. */
  readonly entries: number;
  /** "pending": under way, or its process ended and nobody could look at the files since. */
  readonly status: "pending" | "done" | "undone";
  /** The change that took it back. */
  readonly undoneBy?: number;
  /** The change it took back. */
  readonly undoes?: number;
  /** What another program did: `git_branch switch main`. Then `entries` are the files it changed. */
  readonly title?: string;
  /** A unified diff, or a sentence why there is none. */
  readonly diff?: string;
}

/** What an undo did. */
export interface Undone {
  readonly change: ChangeEntry;
  /** The number of the undo itself: undoing that brings the change back. */
  readonly id: number;
  /** What was done, as a sentence without a full stop. */
  readonly did: string;
}

/** The recorded changes of files inside the allowed folders. */
export interface Changes {
  /**
   * The newest changes first.
   * @param options `diff`: with what was changed in text files. `before`: only changes with smaller numbers.
   * @throws {ToolError} when the journal cannot be read.
   */
  list(
    limit: number,
    options?: { readonly diff?: boolean; readonly before?: number },
  ): Promise<ChangeEntry[]>;
  /**
   * Takes one change back. The undo is recorded like any other change.
   * @throws {ToolError} when something else was changed there since, naming what to undo first.
   */
  undo(id: number, signal: AbortSignal): Promise<Undone>;
}
