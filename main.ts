/**
 * The one entrypoint: the modules of Clawhammer, handed to the command line. To add a module, name it here.
 * @module
 */
import { main } from "./lib/cli/main.ts";
import type { Module } from "./lib/tool.ts";
import { files } from "./tools/files/index.ts";
import { git } from "./tools/git/index.ts";
import { memory } from "./tools/memory/index.ts";
import { search } from "./tools/search/index.ts";
import { thinking } from "./tools/thinking.ts";
import { time } from "./tools/time.ts";
import { user } from "./tools/user.ts";
import { web } from "./tools/web.ts";

/** Every module, in the order of the documentation. */
export const modules: readonly Module[] = [files, search, web, git, memory, time, thinking, user];

if (import.meta.main) await main(modules, process.argv.slice(2));
