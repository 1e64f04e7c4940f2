/**
 * Where the command line writes. Standard output is waited for: exiting right after a large write loses data.
 * @module
 */
import { name } from "../version.ts";

/** Prints to standard output; resolves when it is written, or when nobody reads any more (`| head`). */
export function print(text: string): Promise<void> {
  return write(process.stdout, text.endsWith("\n") ? text : `${text}\n`);
}

/** Prints an error or a note to standard error, in the name of the program. */
export function complain(message: string): Promise<void> {
  return write(process.stderr, `${name}: ${message}\n`);
}

function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    const failed = () => resolve();
    stream.once("error", failed);
    stream.write(text, (error) => {
      // Where it failed, the event is still to come.
      if (!error) stream.removeListener("error", failed);
      resolve();
    });
  });
}

/** A text broken into lines of at most `width` characters, at spaces; every line after `indent` spaces. */
export function wrap(text: string, width: number, indent: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => " ".repeat(indent) + each);
}

/** Two columns: names, and what is to be said about each, wrapped beside them. */
export function columns(rows: readonly (readonly [string, string])[], width = 90): string {
  const left = Math.max(...rows.map(([name]) => name.length)) + 4;
  return rows.map(([name, text]) =>
    `  ${name.padEnd(left - 2)}${wrap(text, width, left).join("\n").trimStart()}\n`
  ).join("");
}
