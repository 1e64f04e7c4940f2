/**
 * Edits one file many times while others do the same. Arguments: the folder of the journal, the allowed
 * folder, this editor's name, the number of edits. Prints the words it was told are in the file now, one a
 * line.
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { createCaller } from "../../lib/call.ts";
import { createFiles } from "../../lib/fs/files.ts";
import { openRoots } from "../../lib/fs/roots.ts";
import { createJournal } from "../../lib/journal/journal.ts";
import { createRipgrep } from "../../lib/ripgrep.ts";
import { createSearch } from "../../lib/search/engine.ts";
import { reachOf, recognisingDocuments, SILENT } from "../support.ts";
import { EDITING } from "./edit.ts";

const [folder = "", dir = "", name = "", count = ""] = process.argv.slice(2);
const { roots } = openRoots([{ path: dir, readOnly: false }]);
const reach = reachOf({
  documents: recognisingDocuments(folder),
  files: createFiles(roots, { journal: createJournal({ folder }) }),
  search: createSearch(createRipgrep({ cacheFolder: folder, log: SILENT })),
});
const caller = createCaller([EDITING], { reach: () => Promise.resolve(reach), log: SILENT, readOnly: false });
for (let i = 0; i < Number(count); i++) {
  const word = `${name}${i};`;
  const edits = [{ oldText: "END", newText: `${word}\nEND` }];
  const { isError } = await caller.call("edit_file", { path: join(dir, "file.txt"), edits });
  if (!isError) process.stdout.write(`${word}\n`);
}
