/**
 * Makes many changes in a folder of its own while others use the same journal. Arguments: the folder of the
 * journal, the allowed folder, the number of changes, bytes the journal may keep.
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { createFiles } from "../../lib/fs/files.ts";
import { openRoots } from "../../lib/fs/roots.ts";
import { createJournal } from "../../lib/journal/journal.ts";

const [folder = "", dir = "", changes = "", bytes = ""] = process.argv.slice(2);
const journal = createJournal({ folder, bounds: { bytes: Number(bytes) } });
const { roots } = await openRoots([{ path: dir, readOnly: false }]);
const files = createFiles(roots, { journal });
const never = new AbortController().signal;
for (let i = 0; i < Number(changes); i++) {
  const path = join(dir, `f${i % 5}`);
  // Both processes keep the same contents now and then, inside the database and beside it.
  const content = new Uint8Array(i % 3 === 0 ? 100_000 : 50).fill(i % 10);
  if (i % 20 === 19) await files.remove(path, false, never);
  else await files.write(path, content);
  if (i % 10 === 9) await journal.tidy();
}
