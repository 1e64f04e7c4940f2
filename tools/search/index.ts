/**
 * The search module: finding files by name and by what they contain.
 * @module
 */
import { defineModule, type Module, type Prompt } from "../../lib/tool.ts";
import { findFiles } from "./find_files.ts";
import { searchText } from "./search_text.ts";

const findWhere: Prompt = {
  name: "find_where",
  title: "Find where something is",
  description: "Finds the files and places that deal with something you describe in your own words",
  arguments: [
    {
      name: "what",
      description: 'What to find: "the invoice for the roof", "where logins expire"',
      required: true,
    },
    { name: "folder", description: "Folder to look in. Default: all allowed folders", required: false },
  ],
  render: ({ what, folder }) =>
    `Find where this is: ${what}
${inFolder(folder)}

Work like this:
1. Think of five to ten words that would stand in the right file or its name: synonyms, abbreviations, \
words of the author's language, names and numbers. Try the rarest first.
2. Call find_files with parts of likely names, and search_text with ignoreCase for likely words; join \
alternatives in one call with regex ("invoice|bill|receipt").
3. Too many matches: add a glob or a path, or take a rarer word. None: a shorter stem, another synonym.
4. Read the lines around the best matches with read_file. Do not answer from a file name alone.

Answer with the places, best first: path and line, one sentence on what is there, and how sure you are. \
If you did not find it, list what you searched for and where, and ask the one question that would help \
most.`,
};

const traceSymbol: Prompt = {
  name: "trace_symbol",
  title: "Trace a name through code",
  description:
    "Follows a function, type, setting or message through the code: defined, used, tested, documented",
  arguments: [
    { name: "symbol", description: "The name, exactly as it is written", required: true },
    { name: "folder", description: "Folder of the code. Default: all allowed folders", required: false },
  ],
  render: ({ symbol, folder }) =>
    `Trace "${symbol}" through the code.
${inFolder(folder)}

Work like this:
1. search_text for it with regex and word boundaries (\\b…\\b, special characters escaped). Page on \
until you have seen every match.
2. Tell apart: definition, exports and imports, uses that read or call it, uses that change it, tests, \
documentation, configuration, and mentions in texts. Other spellings (snake_case, kebab-case, camelCase) \
and names put together from strings need a search of their own.
3. Read the definition and the most important callers with read_file.

Answer with: where it is defined and what it does, in two sentences; its uses by file and line, grouped \
by kind; what would break if it were renamed or changed; and what you could not decide by reading.`,
};

function inFolder(folder: string | undefined): string {
  return folder === undefined || folder.trim() === "" ? "Look in all allowed folders." : `Look in: ${folder}`;
}

/** The search module. */
export const search: Module = defineModule({
  name: "search",
  title: "Search",
  instructions:
    "find_files finds by name, search_text by contents; both cover whole folders in one call, so search " +
    "before you list or read. Start with a rare word, narrow with path and glob, then read_file at the line.",
  tools: [findFiles, searchText],
  prompts: [findWhere, traceSymbol],
});
