/**
 * Asking macOS and Windows where an open file really is, through the foreign function interface.
 *
 * Written against the documentation, not run: the product is built on Linux, which needs none of this. When
 * anything is unexpected the path counts as unknown, and the caller resolves it again instead.
 * @module
 */
import { Buffer } from "node:buffer";
import type { BigIntStats } from "node:fs";
import { type NativeFunctions, openNativeLibrary } from "../runtime.ts";

/** Asks the system for the real path of an open descriptor; undefined when it cannot be told. */
export interface Native {
  realPath(descriptor: number, path: string, stats: BigIntStats): Promise<string | undefined>;
}

/** What this platform offers; undefined where there is nothing to ask. */
export function createNative(platform: string = process.platform): Native | undefined {
  if (platform === "darwin") return darwin();
  return platform === "win32" ? windows() : undefined;
}

/** `PROC_PIDFDVNODEPATHINFO` of <sys/proc_info.h>: a descriptor's vnode with its path. */
const VNODE_PATH_INFO = 2;
/** `sizeof(struct vnode_fdinfowithpath)`: proc_fileinfo (24) + vnode_info (152) + vip_path (1024). */
const VNODE_PATH_BYTES = 1200;
const VNODE_PATH_OFFSET = 176;

/**
 * macOS: `proc_pidfdinfo` (libproc, <libproc.h>). It tells the same as fcntl's F_GETPATH, but takes a fixed
 * number of arguments; a variadic function cannot be called through a foreign function interface on Apple
 * silicon.
 */
function darwin(): Native | undefined {
  const library = lazily(() =>
    openNativeLibrary("/usr/lib/libSystem.B.dylib", {
      proc_pidfdinfo: { args: ["i32", "i32", "i32", "ptr", "i32"], returns: "i32" },
    })
  );
  return {
    async realPath(descriptor) {
      const functions = await library();
      const info = Buffer.alloc(VNODE_PATH_BYTES);
      const written = functions?.proc_pidfdinfo?.(
        process.pid,
        descriptor,
        VNODE_PATH_INFO,
        info,
        info.length,
      );
      if (written !== VNODE_PATH_BYTES) return undefined;
      const end = info.indexOf(0, VNODE_PATH_OFFSET);
      if (end <= VNODE_PATH_OFFSET) return undefined;
      // The data volume is shown at its mount point by some versions; people and realpath name it without.
      return info.toString("utf8", VNODE_PATH_OFFSET, end).replace(/^\/System\/Volumes\/Data(?=\/)/, "");
    },
  };
}

/** `FILE_FLAG_BACKUP_SEMANTICS`: lets CreateFileW open folders too. */
const BACKUP_SEMANTICS = 0x02000000;
const SHARE_ALL = 7;
const OPEN_EXISTING = 3;
/** Longest path of Windows, in UTF-16 units. */
const WINDOWS_PATH_UNITS = 32_768;
/** `sizeof(BY_HANDLE_FILE_INFORMATION)`; its volume serial number is at 28, its file index at 44. */
const HANDLE_INFORMATION_BYTES = 52;

/**
 * Windows: the path is opened once more without any access (`CreateFileW`), the handle is asked for its final
 * path (`GetFinalPathNameByHandleW`) and for the identity of its file (`GetFileInformationByHandle`), which
 * must be that of the descriptor. So the path belongs to the very file that is open, whatever was swapped
 * between.
 */
function windows(): Native {
  const library = lazily(() =>
    openNativeLibrary("kernel32.dll", {
      CreateFileW: { args: ["ptr", "u32", "u32", "ptr", "u32", "u32", "ptr"], returns: "i64" },
      GetFinalPathNameByHandleW: { args: ["i64", "ptr", "u32", "u32"], returns: "u32" },
      GetFileInformationByHandle: { args: ["i64", "ptr"], returns: "i32" },
      CloseHandle: { args: ["i64"], returns: "i32" },
    })
  );
  return {
    async realPath(_descriptor, path, stats) {
      const functions = await library();
      if (functions === undefined) return undefined;
      const name = Buffer.from(`${path}\0`, "utf16le");
      const handle = functions.CreateFileW?.(name, 0, SHARE_ALL, null, OPEN_EXISTING, BACKUP_SEMANTICS, null);
      if (handle === undefined || BigInt(handle) === -1n) return undefined;
      try {
        return sameFile(functions, handle, stats) ? finalPath(functions, handle) : undefined;
      } finally {
        functions.CloseHandle?.(handle);
      }
    },
  };
}

function sameFile(functions: NativeFunctions, handle: number | bigint, stats: BigIntStats): boolean {
  const information = Buffer.alloc(HANDLE_INFORMATION_BYTES);
  if (functions.GetFileInformationByHandle?.(handle, information) === 0) return false;
  const index = (BigInt(information.readUInt32LE(44)) << 32n) | BigInt(information.readUInt32LE(48));
  return BigInt(information.readUInt32LE(28)) === BigInt.asUintN(32, stats.dev) && index === stats.ino;
}

function finalPath(functions: NativeFunctions, handle: number | bigint): string | undefined {
  const buffer = Buffer.alloc(2 * WINDOWS_PATH_UNITS);
  const units = Number(functions.GetFinalPathNameByHandleW?.(handle, buffer, WINDOWS_PATH_UNITS, 0) ?? 0);
  if (units === 0 || units >= WINDOWS_PATH_UNITS) return undefined;
  const path = buffer.toString("utf16le", 0, 2 * units);
  // The answer carries the verbatim prefix, \\?\C:\… or \\?\UNC\server\share\….
  return path.replace(/^\\\\\?\\UNC\\/, "\\\\").replace(/^\\\\\?\\/, "");
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}
