/**
 * `clawhammer trust`: a tool of the person's own may run as it is now.
 * @module
 */
import { existsSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { ToolError, UsageError } from "../errors.ts";
import { listToolFiles, readSources } from "../user/folder.ts";
import { writePins } from "../user/store.ts";
import type { Invocation } from "./command.ts";
import { print } from "./output.ts";

/** Remembers the contents of the files that are named. */
export async function trust({ line }: Invocation): Promise<number> {
  const { toolsDir, folders, pinTools } = line.config;
  if (line.operands.length === 0) {
    throw new UsageError(
      'Which tool?\nWrite clawhammer trust FILE; "clawhammer tools" names those that changed',
    );
  }
  if (toolsDir === undefined) throw new UsageError("There is no folder of tools\nName one with --tools-dir");
  if (!existsSync(toolsDir.path)) {
    throw new ToolError(
      `There is no folder of tools "${toolsDir.path}"`,
      "Name another one with --tools-dir",
    );
  }
  const folder = realpathSync(toolsDir.path);
  const names = listToolFiles(folder);
  const pins: Record<string, string> = {};
  for (const operand of line.operands) {
    const name = names.find((candidate) => candidate === operand || isAt(folder, candidate, operand));
    if (name === undefined) {
      throw new ToolError(
        `"${operand}" is no tool in "${folder}"`,
        `There are: ${names.slice(0, 30).join(", ") || "none"}`,
      );
    }
    pins[join(folder, name)] = readSources(folder, name).fingerprint;
  }
  await writePins(folders.data, pins);
  const note = pinTools
    ? ""
    : "\nTools are not pinned yet: --pin-tools, or pinTools in the configuration, does that.";
  await print(`Trusted as it is now: ${Object.keys(pins).join(", ")}${note}`);
  return 0;
}

function isAt(folder: string, name: string, operand: string): boolean {
  const path = resolve(process.cwd(), operand);
  return existsSync(dirname(path)) && join(realpathSync(dirname(path)), name) === join(folder, name) &&
    path.endsWith(name);
}
