/**
 * Extended attributes: what other programs have attached to a file (tags, access lists, where it was
 * downloaded from) stays when the file is replaced. Linux and macOS; attr(7), xattr(2). Windows keeps
 * alternate streams only.
 *
 * Best effort: an attribute that cannot be read or set (it belongs to the system, the disk knows none) is
 * left out, because the content of the file matters more.
 * @module
 */
import { Buffer } from "node:buffer";
import {
  type NativeFunctions,
  type NativeSignature,
  openNativeLibrary,
  openSystemLibrary,
} from "../runtime.ts";

/** Copies the extended attributes of one file to another. Paths; links in the last place are not followed. */
export type CopyAttributes = (from: string, to: string) => Promise<void>;

/** Bytes of all names, and of one value: the limits of Linux. */
const ATTRIBUTE_BYTES_MAX = 64 * 1024;
/** macOS: do not follow a link in the last place (`XATTR_NOFOLLOW`). */
const NO_FOLLOW = 1;

/** How a platform spells the three calls. */
interface Calls {
  list(path: Buffer, names: Buffer): number;
  get(path: Buffer, name: Buffer, value: Buffer): number;
  set(path: Buffer, name: Buffer, value: Uint8Array): number;
}

/** Makes the copier. The system's library is opened at its first use. */
export function createAttributes(): CopyAttributes {
  let calls: Promise<Calls | undefined> | undefined;
  return async (from, to) => {
    const { list, get, set } = await (calls ??= openCalls()) ?? {};
    if (list === undefined || get === undefined || set === undefined) return;
    const [source, target] = [zeroEnded(from), zeroEnded(to)];
    const names = Buffer.alloc(ATTRIBUTE_BYTES_MAX);
    const length = list(source, names);
    if (length <= 0) return;
    const value = Buffer.alloc(ATTRIBUTE_BYTES_MAX);
    for (const name of names.toString("latin1", 0, length).split("\0").filter((name) => name !== "")) {
      const key = Buffer.from(`${name}\0`, "latin1");
      const size = get(source, key, value);
      if (size >= 0) set(target, key, value.subarray(0, size));
    }
  };
}

async function openCalls(): Promise<Calls | undefined> {
  if (process.platform === "darwin") {
    return darwinCalls(await openNativeLibrary("/usr/lib/libSystem.B.dylib", DARWIN));
  }
  return linuxCalls(await openSystemLibrary(LINUX));
}

const LINUX: Readonly<Record<string, NativeSignature>> = {
  llistxattr: { args: ["ptr", "ptr", "i64"], returns: "i64" },
  lgetxattr: { args: ["ptr", "ptr", "ptr", "i64"], returns: "i64" },
  lsetxattr: { args: ["ptr", "ptr", "ptr", "i64", "i32"], returns: "i32" },
};

function linuxCalls(library: NativeFunctions | undefined): Calls | undefined {
  const { llistxattr, lgetxattr, lsetxattr } = library ?? {};
  if (llistxattr === undefined || lgetxattr === undefined || lsetxattr === undefined) return undefined;
  return {
    list: (path, names) => Number(llistxattr(path, names, names.length)),
    get: (path, name, value) => Number(lgetxattr(path, name, value, value.length)),
    set: (path, name, value) => Number(lsetxattr(path, name, orNull(value), value.length, 0)),
  };
}

const DARWIN: Readonly<Record<string, NativeSignature>> = {
  listxattr: { args: ["ptr", "ptr", "i64", "i32"], returns: "i64" },
  getxattr: { args: ["ptr", "ptr", "ptr", "i64", "u32", "i32"], returns: "i64" },
  setxattr: { args: ["ptr", "ptr", "ptr", "i64", "u32", "i32"], returns: "i32" },
};

function darwinCalls(library: NativeFunctions | undefined): Calls | undefined {
  const { listxattr, getxattr, setxattr } = library ?? {};
  if (listxattr === undefined || getxattr === undefined || setxattr === undefined) return undefined;
  return {
    list: (path, names) => Number(listxattr(path, names, names.length, NO_FOLLOW)),
    get: (path, name, value) => Number(getxattr(path, name, value, value.length, 0, NO_FOLLOW)),
    set: (path, name, value) => Number(setxattr(path, name, orNull(value), value.length, 0, NO_FOLLOW)),
  };
}

/** An empty buffer has no address to pass. */
function orNull(value: Uint8Array): Uint8Array | null {
  return value.length === 0 ? null : value;
}

function zeroEnded(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}
