/**
 * The short way to a file to which no link leads: Linux, openat2(2) with RESOLVE_NO_SYMLINKS. The kernel
 * walks the path and refuses every link in it, so what was opened stands exactly where the path says, and
 * nothing has to be asked about the descriptor. It takes half of the system calls of the common way.
 *
 * Whatever it cannot open for any reason is left to the common way, which finds out why.
 * @module
 */
import { Buffer } from "node:buffer";
import { type BigIntStats, closeSync, constants, fstatSync } from "node:fs";
import { openSystemLibrary } from "../runtime.ts";

/** A regular file, open for reading, at exactly the path that was asked. */
export interface Plain {
  readonly descriptor: number;
  readonly stats: BigIntStats;
}

/** Opens a file by an absolute, normalised path; undefined when the common way has to. */
export type OpenPlain = (path: string) => Plain | undefined;

/** The number of openat2, for which the C library has no function, on every processor this is built for. */
const SYS_OPENAT2 = 437;
/** "The current folder", which an absolute path does not need. */
const AT_FDCWD = -100;
/** `RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS` of <linux/openat2.h>. */
const NO_LINKS = 0x02n | 0x04n;
/** `O_CLOEXEC`, for which Node has no name: no child process inherits the file. */
const O_CLOEXEC = 0o2000000;
/** `AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT`, and `STATX_TYPE`: all that statx(2) is asked. */
const LOOK_ONLY = 0x100 | 0x800;
const STATX_TYPE = 1;
/** `sizeof(struct statx)`, where its mode stands, and what the mode of a regular file is. */
const STATX_BYTES = 256;
const STATX_MODE = 28;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
/** Bytes of the longest path the kernel takes, with its final NUL (`PATH_MAX`). */
const PATH_BYTES_MAX = 4096;

/** Makes the opener. The system's library is opened at the first use, which itself gets undefined. */
export function createOpenPlain(): OpenPlain {
  let open: ((path: string) => number) | undefined;
  let asked = false;
  return (path) => {
    if (!asked) {
      asked = true;
      void nativeOpen().then((found) => open = found);
    }
    const descriptor = open?.(path) ?? -1;
    if (descriptor < 0) return undefined;
    const stats = fstatSync(descriptor, { bigint: true });
    if (stats.isFile()) return { descriptor, stats };
    closeSync(descriptor);
    return undefined;
  };
}

/** Opens a file, or returns a negative number; undefined where the system cannot. */
async function nativeOpen(): Promise<((path: string) => number) | undefined> {
  const { syscall, statx } = await openSystemLibrary({
    syscall: { args: ["i64", "i64", "ptr", "ptr", "i64"], returns: "i32" },
    statx: { args: ["i32", "ptr", "i32", "u32", "ptr"], returns: "i32" },
  }) ?? {};
  if (syscall === undefined || statx === undefined) return undefined;
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | O_CLOEXEC;
  const how = Buffer.from(new BigUint64Array([BigInt(flags), 0n, NO_LINKS]).buffer);
  const name = Buffer.alloc(PATH_BYTES_MAX);
  const status = Buffer.alloc(STATX_BYTES);
  const open = () => Number(syscall(SYS_OPENAT2, AT_FDCWD, name, how, how.length));
  // Opening a pipe releases whoever waits to write into it, so it is not even tried on anything else than a
  // file. Whoever swaps one in after this look could have opened it as well.
  const isFile = () =>
    statx(AT_FDCWD, name, LOOK_ONLY, STATX_TYPE, status) === 0 &&
    (status.readUInt16LE(STATX_MODE) & S_IFMT) === S_IFREG;
  name.write("/\0");
  const root = open();
  if (root < 0) return undefined;
  closeSync(root);
  return (path) => {
    // A character takes at most three bytes.
    if (path.length > (PATH_BYTES_MAX - 1) / 3) return -1;
    name[name.write(path)] = 0;
    return isFile() ? open() : -1;
  };
}
