/**
 * What a person sees who starts the program on a terminal, with nothing behind its name.
 * @module
 */
import { type Host, pathsOf } from "../config/host.ts";
import { isCompiled } from "../runtime.ts";
import { shellWord } from "../shell.ts";
import { name, version } from "../version.ts";

/** Ten lines: what this is, how Claude Desktop gets it, how to try it, where help is. */
export function renderWelcome(host: Host): string {
  const [command = name, script] = isCompiled() ? [process.execPath] : process.argv;
  const folder = pathsOf(host).join(host.home ?? "/path/to", "Documents");
  const words = script === undefined ? [command] : [command, script];
  const shell = words.map((word) => shellWord(word, host)).join(" ");
  const args = [...words.slice(1), "serve", "--allow", folder];
  return `${name} ${version} gives Claude safe hands on this computer, in the folders you allow.

To connect Claude Desktop: Settings, Developer, Edit Config; add this, and restart Claude:
  { "mcpServers": { "${name}": {
      "command": ${JSON.stringify(command)},
      "args": [${args.map((arg) => JSON.stringify(arg)).join(", ")}] } } }
To try a tool right here, on this folder:
  ${shell} call list_directory path=. --allow .
To see what Claude sees: ${shell} tools
Help: ${shell} --help
`;
}
