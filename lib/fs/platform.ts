/**
 * What the platform can say about an open descriptor. The one place to extend for another platform.
 *
 * Linux: a path is first opened with O_PATH, which has no effect on what it names (a pipe gets no reader, a
 * device is not touched). `/proc/self/fd/N` tells what the kernel really found, `/proc/self/fd/N/name` is a
 * child of exactly that folder, and opening `/proc/self/fd/N` opens exactly that file, whatever is swapped
 * meanwhile. macOS and Windows: the descriptor is opened for reading, without blocking, and the system is
 * asked for its path (`native.ts`). Where nothing can be asked (Deno without every permission), the path is
 * resolved again, several times, and must always lead to the same device and inode; that narrows the race of
 * a swapped link, it does not close it.
 * @module
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstat,
  lstatSync,
  open,
  openSync,
  read,
  readdir,
  readdirSync,
  readlinkSync,
  readSync,
} from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { errorCode } from "../errors.ts";
import { hasSystemDescriptors } from "../runtime.ts";
import { createNative, type Native } from "./native.ts";
import { createShortWays, type ShortWays } from "./plain.ts";
import type { Status } from "./statx.ts";

const openAsync = promisify(open);
const lstatAsync = promisify(lstat);
const readdirAsync = promisify(readdir);

/** Opens an entry without any effect on it (Linux, open(2)); Node has no name for this flag. */
const O_PATH = 0o10000000;
// Windows lacks these flags; there they are 0 and mean nothing.
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
/** A pipe without a writer would block the thread that opens it, and a terminal would become ours. */
const CALM = (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
/** Bytes that one read may take without a thread: a local disk gives them in well under a millisecond. */
const IMMEDIATE_BYTES_MAX = 256 * 1024;
/**
 * Times a path is resolved where nothing else is possible: whoever swaps links must win every one of them.
 */
const ROUNDS = 3;

/** Something that was found and is held, not yet judged. */
export interface Located {
  readonly descriptor: number;
  readonly stats: Status;
  /** Where it really is; undefined when that cannot be told for certain. */
  readonly real: string | undefined;
  /** Whether the descriptor itself reads; else it is reopened for that. */
  readonly readable?: boolean;
}

/** A value, or the promise of one: what waits for a disk that may be far away, and what does not. */
export type Soon<T> = T | Promise<T>;

/** What differs between platforms. The short ways exist only where the system has them. */
export interface Platform extends Partial<ShortWays> {
  /**
   * Finds and holds what a path leads to. With `follow` false a link in the last place is itself what is
   * found.
   */
  locate(path: string, follow: boolean): Soon<Located>;
  /** A descriptor that reads exactly what was located. The located one is closed in any case. */
  reopen(located: Located): Soon<number>;
  /** What `lstat` says. */
  lstat(path: string): Soon<Status>;
  /** The entries of a folder, in no order. */
  readdir(path: string): Soon<Dirent[]>;
  /** Reads into `buffer` from byte `position`; `first` when nothing of this file was read yet. */
  read(descriptor: number, buffer: Uint8Array, position: number, first: boolean): Soon<number>;
  /** A path that leads to the entry `name` of a held folder; the empty name leads to the folder itself. */
  at(descriptor: number, real: string, name: string): string;
  /** A path by which a child process can enter a held folder: its own /proc/self would be another process. */
  processPath(descriptor: number, real: string): string;
}

/**
 * The platform this program runs on.
 * @param isLocal Whether all allowed folders are on local disks: then nothing has to wait in another thread.
 */
export function createPlatform(isLocal: boolean): Platform {
  if (!hasSystemDescriptors()) return portable(createNative());
  return isLocal ? { ...linux, ...immediate, ...createShortWays() } : linux;
}

/** Work that waits in the thread pool: a dead network drive stops the call, not the server. */
const patient = {
  lstat: (path: string) => lstatAsync(path, { bigint: true }),
  readdir: (path: string) => readdirAsync(path, { withFileTypes: true }),
  read: (descriptor: number, buffer: Uint8Array, position: number): Promise<number> =>
    new Promise((resolve, reject) => {
      read(descriptor, buffer, 0, buffer.length, position, (error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    }),
};

/**
 * The same without threads: handing a call to another thread and back takes ten times as long as a local disk
 * takes to answer it. Only the first piece of a file is read like this, so that a long scan lets others in.
 */
const immediate: Partial<Platform> = {
  locate(path, follow) {
    for (let round = 0; round < ROUNDS; round++) {
      const located = judged(openSync(path, O_PATH | (follow ? 0 : NO_FOLLOW)));
      if (!isGone(located)) return located;
      closeSync(located.descriptor);
    }
    throw gone();
  },
  reopen({ descriptor }) {
    try {
      return openSync(`/proc/self/fd/${descriptor}`, constants.O_RDONLY | CALM);
    } finally {
      closeSync(descriptor);
    }
  },
  lstat: (path) => lstatSync(path, { bigint: true }),
  readdir: (path) => readdirSync(path, { withFileTypes: true }),
  read: (descriptor, buffer, position, first) =>
    first && buffer.length <= IMMEDIATE_BYTES_MAX
      ? readSync(descriptor, buffer, 0, buffer.length, position)
      : patient.read(descriptor, buffer, position),
};

/** What an O_PATH descriptor holds, and where. */
function judged(descriptor: number): Located {
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    return { descriptor, stats, real: realPathOf(descriptor) };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Undefined when it is longer than the system can say: who came there step by step knows where that is. */
function realPathOf(descriptor: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch (error) {
    if (errorCode(error) === "ENAMETOOLONG") return undefined;
    throw error;
  }
}

/**
 * Whether it was deleted, or replaced, since it was opened: then the kernel adds a word to its name, and
 * what is protected would not be known by that any more.
 */
function isGone({ stats, real }: Located): boolean {
  if (!real?.endsWith(" (deleted)")) return false;
  const there = lstatSync(real, { bigint: true, throwIfNoEntry: false });
  return there?.ino !== stats.ino || there.dev !== stats.dev;
}

function gone(): Error {
  return Object.assign(new Error("no such file or folder"), { code: "ENOENT" });
}

const linux: Platform = {
  ...patient,
  async locate(path, follow) {
    for (let round = 0; round < ROUNDS; round++) {
      const located = judged(await openAsync(path, O_PATH | (follow ? 0 : NO_FOLLOW)));
      if (!isGone(located)) return located;
      closeSync(located.descriptor);
    }
    throw gone();
  },
  async reopen({ descriptor }) {
    try {
      return await openAsync(`/proc/self/fd/${descriptor}`, constants.O_RDONLY | CALM);
    } finally {
      closeSync(descriptor);
    }
  },
  at: (descriptor, _real, name) => join(`/proc/self/fd/${descriptor}`, name),
  processPath: (descriptor) => `/proc/${process.pid}/fd/${descriptor}`,
};

function portable(native: Native | undefined): Platform {
  return {
    ...patient,
    async locate(path, follow) {
      const descriptor = await openAsync(path, constants.O_RDONLY | CALM | (follow ? 0 : NO_FOLLOW));
      try {
        const stats = fstatSync(descriptor, { bigint: true });
        const real = await native?.realPath(descriptor, path, stats) ?? await resolveAgain(path, stats);
        return { descriptor, stats, real };
      } catch (error) {
        closeSync(descriptor);
        throw error;
      }
    },
    reopen: ({ descriptor }) => Promise.resolve(descriptor),
    at: (_descriptor, real, name) => join(real, name),
    processPath: (_descriptor, real) => real,
  };
}

async function resolveAgain(path: string, stats: BigIntStats): Promise<string | undefined> {
  let known: string | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const real = await realpath(path);
    const again = await stat(real, { bigint: true });
    if (again.dev !== stats.dev || again.ino !== stats.ino || (known ?? real) !== real) return undefined;
    known = real;
  }
  return known;
}
