/**
 * The files module: reading, looking around, writing, editing, moving; folders as resources; prompts about
 * them.
 * @module
 */
import { defineModule, type Module } from "../../lib/tool.ts";
import { changeTools } from "./changes.ts";
import { editTools } from "./edit.ts";
import { listTools } from "./list.ts";
import { manageTools } from "./manage.ts";
import { filePrompts } from "./prompts.ts";
import { readTools } from "./read.ts";
import { fileResources } from "./resources.ts";
import { writeTools } from "./write.ts";

/** The module, for the list in `main.ts`. */
export const files: Module = defineModule({
  name: "files",
  title: "Files",
  instructions:
    "Files: look before you act. list_directory shows what there is (depth for a tree, sort for the " +
    "newest or largest); read_file and read_multiple_files show text without line numbers, so that it can" +
    " be copied into edit_file as it stands. Change existing files with edit_file and keep write_file for" +
    " new ones or complete rewrites. move_file and copy_file never overwrite. Every change is recorded: " +
    "list_changes shows it, undo_change takes it back. Paths are absolute, or relative to an allowed " +
    "folder. A reply that is cut ends with the call that continues it.",
  tools: [...readTools, ...listTools, ...writeTools, ...editTools, ...manageTools, ...changeTools],
  prompts: filePrompts,
  resources: fileResources,
});
