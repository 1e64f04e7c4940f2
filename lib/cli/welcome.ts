/**
 * What a person sees who starts the program on a terminal, with nothing behind its name.
 * @module
 */
import type { Host } from "../config/host.ts";
import { isCompiled } from "../runtime.ts";
import { shellWord } from "../shell.ts";
import { name, version } from "../version.ts";

/** Ten lines: what this is, how Claude Desktop gets it, how to try it, where help is. */
export function renderWelcome(host: Host): string {
  const [command = name, script] = isCompiled() ? [process.execPath] : process.argv;
  const words = script === undefined ? [command] : [command, script];
  const shell = words.map((word) => shellWord(word, host)).join(" ");
  return `${name} ${version} gives Claude safe hands on this computer, in the folders you allow.

To connect Claude Desktop, which asks for the folders first:
  ${shell} install
To try a tool right here, on this folder:
  ${shell} call list_directory path=. --allow .
To see what Claude sees: ${shell} tools
Help: ${shell} --help
`;
}
