/**
 * The tools inside of a server that somebody built: as those of a folder, but nothing of them changes.
 * @module
 */
import { findByName } from "../aliases.ts";
import type { FindProgram } from "../declared/module.ts";
import { ToolError } from "../errors.ts";
import type { BuiltFile } from "../product.ts";
import { embeddedFile } from "../runtime.ts";
import type { Pool } from "../worker/pool.ts";
import { madeModule } from "./made.ts";
import type { UserTools } from "./types.ts";

/** The embedded file that holds the texts: fingerprints to texts, as JSON. */
export const TEXTS = "tools.bin";
/** How the paths of files begin that are on no disk. */
export const BUILT = "built:";

/** Opens the tools. Their texts are read at the first call. */
export function openBuiltTools(files: readonly BuiltFile[], pool: Pool, find: FindProgram): UserTools {
  let all: Promise<Readonly<Record<string, string>>> | undefined;
  const modules = files.map(({ file, fingerprint, data }) => {
    const path = BUILT + file;
    const texts = async () => new Map([[path, (await (all ??= readTexts()))[fingerprint] ?? ""]]);
    return madeModule({ file, path, fingerprint, data, texts }, pool, find);
  });
  const tools = modules.flatMap((module) => module.tools);
  return {
    folder: "this executable",
    modules,
    problems: [],
    refresh: () => Promise.resolve(),
    find: (name) => Promise.resolve(findByName(tools, name)),
    onChange: () => {},
    watch: () => {},
  };
}

async function readTexts(): Promise<Readonly<Record<string, string>>> {
  const file = embeddedFile(TEXTS);
  if (file === undefined) throw new ToolError("The tools are missing in this executable", "Build it again.");
  return JSON.parse(await file.text());
}
