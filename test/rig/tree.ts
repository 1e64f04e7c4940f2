/**
 * What is in a folder, as one string: every name, kind, mode, content and link target, so that two states
 * can be compared whole.
 * @module
 */
import { createHash } from "node:crypto";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

/** One line for each entry below `folder`, sorted; `times` adds when files and folders were changed. */
export async function describeTree(folder: string, { times = false } = {}): Promise<string> {
  const lines: string[] = [];
  const walk = async (path: string) => {
    for (const name of (await readdir(join(folder, path))).sort()) {
      const inside = join(path, name);
      const stats = await lstat(join(folder, inside));
      const time = times && !stats.isSymbolicLink() ? ` ${Math.trunc(stats.mtimeMs)}` : "";
      const mode = (stats.mode & 0o7777).toString(8);
      if (stats.isSymbolicLink()) lines.push(`${inside} link ${await readlink(join(folder, inside))}`);
      else if (stats.isDirectory()) {
        lines.push(`${inside}/ ${mode}${time}`);
        await walk(inside);
      } else {
        const bytes = await readFile(join(folder, inside));
        lines.push(
          `${inside} ${mode} ${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}${time}`,
        );
      }
    }
  };
  await walk("");
  return lines.join("\n");
}
