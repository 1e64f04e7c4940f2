/**
 * Commits file after file through the tools, as one of several servers in the same repository.
 * Arguments: the allowed folder, the repository, the person's home, a name for its files, how many, and
 * "hooks" when hooks may run. Prints a JSON line for each commit: its message and the reply.
 * @module
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { toolsOver } from "./git-tools.ts";

const [dir = "", repo = "", home = "", name = "", count = "", hooks = ""] = process.argv.slice(2);
const call = toolsOver({ dir, home }, { hooks: hooks === "hooks" });
for (let i = 0; i < Number(count); i++) {
  const file = `${name}-${i}.txt`;
  const message = `Add ${file}\n\nBy ${name}, number ${i}.\n`;
  await writeFile(join(repo, file), message);
  const staged = await call("git_stage", { repo, paths: [file] });
  if (staged.isError) throw new Error(staged.text);
  const { text, isError } = await call("git_commit", { repo, message });
  process.stdout.write(`${JSON.stringify({ file, message, text, isError })}\n`);
}
