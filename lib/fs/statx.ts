/**
 * What statx(2) of Linux says of a file. Taken apart only as far as it is asked, because making twenty
 * numbers of 64 bits costs more than asking the kernel for them.
 * @module
 */
import type { BigIntStats } from "node:fs";

/** What the file layer asks of a status. */
export type Status = Pick<
  BigIntStats,
  | "isFile"
  | "isDirectory"
  | "isSymbolicLink"
  | "dev"
  | "ino"
  | "mode"
  | "nlink"
  | "size"
  | "atime"
  | "birthtime"
  | "mtime"
  | "mtimeNs"
  | "ctimeNs"
>;

/** Words of 32 bits in a `struct statx` of <linux/stat.h>. */
export const STATX_WORDS = 64;
/** `STATX_BASIC_STATS | STATX_BTIME`: all that a status holds. */
export const STATX_ALL = 0xfff;

/** The places in it, in words. Those of 64 bits begin with their lower half on all we build for. */
const MASK = 0;
const LINKS = 4;
const MODE = 7;
const INODE = 8;
const SIZE = 10;
const ACCESSED = 16;
const BORN = 20;
const CHANGED = 24;
const MODIFIED = 28;
const DEVICE_MAJOR = 34;
const DEVICE_MINOR = 35;

/** The kind in the mode (`S_IFMT`), and three of its values. */
const KIND = 0o170000;
const FOLDER = 0o040000;
const FILE = 0o100000;
const LINK = 0o120000;

/** A `struct statx`. */
export class StatxStatus implements Status {
  readonly #words: Uint32Array;

  /** @param words STATX_WORDS words that the kernel filled. */
  constructor(words: Uint32Array) {
    this.#words = words.slice(0, DEVICE_MINOR + 1);
  }

  /** Whether the file system told all that was asked; some know no time of birth. */
  get isComplete(): boolean {
    return (this.#word(MASK) & STATX_ALL) === STATX_ALL;
  }

  isFile(): boolean {
    return this.#kind === FILE;
  }

  isDirectory(): boolean {
    return this.#kind === FOLDER;
  }

  isSymbolicLink(): boolean {
    return this.#kind === LINK;
  }

  /** The number that stat(2) gives, put together as `makedev` of the C library does. */
  get dev(): bigint {
    const [major, minor] = [BigInt(this.#word(DEVICE_MAJOR)), BigInt(this.#word(DEVICE_MINOR))];
    return (major & 0xfffff000n) << 32n | (major & 0xfffn) << 8n | (minor & 0xffffff00n) << 12n |
      (minor & 0xffn);
  }

  get ino(): bigint {
    return this.#long(INODE);
  }

  get mode(): bigint {
    return BigInt(this.#word(MODE) & 0xffff);
  }

  get nlink(): bigint {
    return BigInt(this.#word(LINKS));
  }

  get size(): bigint {
    return this.#long(SIZE);
  }

  get atime(): Date {
    return dateOf(this.#time(ACCESSED));
  }

  get birthtime(): Date {
    return dateOf(this.#time(BORN));
  }

  get mtime(): Date {
    return dateOf(this.mtimeNs);
  }

  get mtimeNs(): bigint {
    return this.#time(MODIFIED);
  }

  get ctimeNs(): bigint {
    return this.#time(CHANGED);
  }

  get #kind(): number {
    return this.#word(MODE) & KIND;
  }

  #word(at: number): number {
    return this.#words[at] ?? 0;
  }

  #long(at: number): bigint {
    return BigInt(this.#word(at + 1)) << 32n | BigInt(this.#word(at));
  }

  /** Nanoseconds since 1970, of a `struct statx_timestamp`: signed seconds, and nanoseconds. */
  #time(at: number): bigint {
    return BigInt.asIntN(64, this.#long(at)) * 1_000_000_000n + BigInt(this.#word(at + 2));
  }
}

function dateOf(nanoseconds: bigint): Date {
  return new Date(Number(nanoseconds / 1_000_000n));
}
