/**
 * Counts up its own line of a file that other processes edit as well. Arguments: the folder, the folder of
 * the journal, the name of the line, how often. Prints how many edits were reported as done, and as refused.
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
import { files as filesModule } from "../../tools/files/index.ts";
import { reachOf, recognisingDocuments, SILENT } from "../support.ts";

const [dir = "", journalFolder = "", line = "", times = ""] = process.argv.slice(2);
const { roots } = openRoots([{ path: dir, readOnly: false }]);
const files = createFiles(roots, { journal: createJournal({ folder: journalFolder }) });
const search = createSearch(createRipgrep({ cacheFolder: dir, log: SILENT }));
const caller = createCaller([filesModule], {
  log: SILENT,
  readOnly: false,
  reach: () => Promise.resolve(reachOf({ files, search, documents: recognisingDocuments(dir) })),
});

let done = 0;
let refused = 0;
let other = "";
while (done < Number(times) && other === "") {
  const { content, isError } = await caller.call("edit_file", {
    path: join(dir, "counters.txt"),
    edits: [{ oldText: `${line}: ${done}\n`, newText: `${line}: ${done + 1}\n` }],
  });
  const text = content[0]?.type === "text" ? content[0].text : "";
  if (!isError) done++;
  else if (/changed (by another program )?meanwhile|another process/.test(text)) refused++;
  else other = text;
}
process.stdout.write(JSON.stringify({ line, done, refused, other }));
