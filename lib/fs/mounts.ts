/**
 * Whether folders are on local disks (Linux).
 * @module
 */
import { readFileSync } from "node:fs";
import { isInside } from "./roots.ts";

/**
 * File systems that answer from this machine. Anything else may be a network, or a program that never
 * answers.
 */
const LOCAL: ReadonlySet<string> = new Set([
  ...[
    "ext2",
    "ext3",
    "ext4",
    "xfs",
    "btrfs",
    "bcachefs",
    "f2fs",
    "zfs",
    "tmpfs",
    "ramfs",
    "overlay",
    "devtmpfs",
  ],
  ...["vfat", "exfat", "ntfs3", "hfsplus", "squashfs", "erofs", "iso9660", "udf", "proc", "sysfs", "devpts"],
]);

/** One line of the mount table. */
export interface Mount {
  readonly path: string;
  readonly type: string;
}

/**
 * Whether all of these folders, and everything that is mounted below them now, are local. Unknown counts as
 * not.
 * @param folders Real paths.
 */
export function areLocal(folders: readonly string[]): boolean {
  try {
    const mounts = parseMounts(readFileSync("/proc/self/mountinfo", "utf8"));
    return folders.every((folder) => isLocal(folder, mounts));
  } catch {
    return false;
  }
}

/** Whether one folder and everything mounted below it is local, by this mount table. */
export function isLocal(folder: string, mounts: readonly Mount[]): boolean {
  // Of several mounts on one place the last one is seen; of nested ones, the innermost.
  let holder: Mount | undefined;
  for (const mount of mounts) {
    if (isInside(folder, mount.path) && mount.path.length >= (holder?.path.length ?? 0)) holder = mount;
  }
  const below = mounts.filter((mount) => mount.path !== folder && isInside(mount.path, folder));
  return holder !== undefined && [holder, ...below].every((mount) => LOCAL.has(mount.type));
}

/**
 * Reads the mount table: proc(5), /proc/pid/mountinfo. Its paths write space, tab, newline and backslash in
 * octal.
 */
export function parseMounts(table: string): Mount[] {
  return table.split("\n").flatMap((line) => {
    const [head = "", tail] = line.split(" - ");
    const path = head.split(" ")[4];
    const type = tail?.split(" ")[0];
    if (path === undefined || type === undefined) return [];
    return [{
      path: path.replace(
        /\\([0-7]{3})/g,
        (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)),
      ),
      type,
    }];
  });
}
