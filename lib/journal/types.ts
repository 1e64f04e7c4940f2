/**
 * What the journal records: every change of a file, before it happens, with all that is needed to take it
 * back.
 * @module
 */
import type { OpenFile } from "../fs/types.ts";

/**
 * What was done. "restore" is the undoing of a deletion; "program" is what another program did to some files
 * below a folder, and the undoing of that.
 */
export type Action = "write" | "create" | "move" | "copy" | "delete" | "restore" | "program";

/** What stands at a path: a file, a link, or a folder with everything below. */
export interface Image {
  readonly kind: "file" | "folder" | "link";
  /**
   * Lower-case hexadecimal SHA-256. Of a file: of its bytes. Of a folder: of the names, kinds and contents
   * below. Permissions and times are no part of it: changing those is no reason to refuse an undo.
   */
  readonly digest: string;
  /** Bytes of all files. */
  readonly bytes: number;
  /** Entries: 1 for anything but a folder with something in it. */
  readonly entries: number;
  /**
   * The digest of the kept list ({@link TreeNode}): of everything below, for what is deleted; of what a
   * program changed, before and after.
   */
  readonly tree?: string;
}

/** One entry of a kept tree. */
export interface TreeNode {
  /** Relative to the top, with `/`; empty for the top itself. */
  readonly path: string;
  readonly kind: "file" | "folder" | "link";
  /** Permission bits. */
  readonly mode: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** Bytes of a file; else 0. */
  readonly size: number;
  /** Of a file the digest of its bytes; of a link its target; of a folder empty. */
  readonly content: string;
}

/** What is known of a change before it is made. */
export interface Plan {
  readonly action: Action;
  /** Absolute real path. */
  readonly path: string;
  readonly destination?: string;
  /** The allowed folders (real paths) the paths are in. */
  readonly roots: readonly string[];
  /** Folders that come into being with it, outermost first. */
  readonly folders: readonly string[];
  /** The change that this one takes back. */
  readonly undoes?: number;
  /** What another program was doing: `git_branch switch main`. */
  readonly title?: string;
}

/** What stood there before, and what will, or does, stand there after. Undefined: nothing. */
export interface Images {
  readonly before?: Image;
  readonly after?: Image;
}

/** A recorded change. */
export interface Change extends Plan, Images {
  /** Counts up, never used twice. */
  readonly id: number;
  readonly at: Date;
  /** "pending": recorded, and not known to have happened. */
  readonly status: "pending" | "done";
  /** The change that took this one back. */
  readonly undoneBy?: number;
}

/** The recording of one change: keep what it will destroy, announce it, make it, say that it is done. */
export interface Recording {
  /** Keeps the bytes of a file. Resolves with their digest. @throws {ToolError} */
  keepFile(file: OpenFile): Promise<string>;
  /** Keeps some bytes. Resolves with their digest. @throws {ToolError} */
  keepBytes(bytes: Uint8Array): Promise<string>;
  /**
   * Announces the change: when this resolves, everything kept and the entry have reached the disk.
   * @throws {ToolError} and then nothing is recorded.
   */
  announce(images: Images): Promise<Change>;
  /**
   * The change has happened; what was kept since it was announced belongs to it. Resolves in any case: an
   * entry that cannot be closed is looked at again later.
   */
  done(after?: Image): Promise<void>;
  /** The change has not happened: forgets it. Resolves in any case. */
  drop(): Promise<void>;
}

/** The journal. Opens and creates nothing before it is first used. */
export interface Journal {
  /** Begins to record a change. */
  record(plan: Plan): Recording;
  get(id: number): Promise<Change | undefined>;
  /** Changes with smaller numbers than `before`, newest first. */
  list(limit: number, before?: number): Promise<Change[]>;
  /** Changes with greater numbers that are done and not taken back, newest first. */
  later(id: number): Promise<Change[]>;
  /** The folders that were allowed for any change it holds. */
  roots(): Promise<string[]>;
  /** Announced changes whose process has ended: whether they happened must be seen from the files. */
  unfinished(): Promise<Change[]>;
  /** Closes an unfinished change: it happened, or not. `list`: what `after.tree` is the digest of. */
  close(change: Change, happened: boolean, after?: Image, list?: Uint8Array): Promise<void>;
  /**
   * Hands the kept bytes of a digest to `write`, piece by piece. @throws {ToolError} when they are damaged
   * or gone.
   */
  read(digest: string, write: (piece: Uint8Array) => Promise<void>): Promise<void>;
  /** The kept bytes of a digest when there are any, up to `max` bytes. */
  bytes(digest: string, max: number): Promise<Uint8Array | undefined>;
  /** Forgets what is too old or too much. Happens by itself now and then. */
  tidy(): Promise<void>;
  /** Runs `work`, which must not wait, while no other process runs such work. Rejects with what it throws. */
  alone<T>(work: () => T): Promise<T>;
  /** Lets go of the database; it opens again when it is needed. */
  release(): void;
}
