/**
 * A repository like that of a large project, the same every time: made by `git fast-import`, because adding
 * and committing so much one by one would take hours.
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** How large it is. */
export interface History {
  readonly files: number;
  readonly commits: number;
}

/** Files in one folder, and such folders in one above. */
const FILES_A_FOLDER = 25;
const FOLDERS_A_FOLDER = 40;
/** Files that differ from the last commit, and files that git does not know. */
const CHANGED = 40;
const UNTRACKED = 10;

/** The path of a file by its number. */
export function pathOf(file: number): string {
  const folder = Math.floor(file / FILES_A_FOLDER);
  return `part-${Math.floor(folder / FOLDERS_A_FOLDER)}/folder-${folder}/module_${file}.ts`;
}

/** Makes the repository: every commit behind the first changes one or two files; some are changed again. */
export async function makeHistory(folder: string, { files, commits }: History): Promise<void> {
  await git(["init", "--quiet", "--initial-branch=main", folder], "/");
  const child = spawn("git", ["fast-import", "--quiet"], {
    cwd: folder,
    stdio: ["pipe", "ignore", "inherit"],
  });
  const ended = once(child, "close");
  for (const piece of stream(files, commits)) {
    if (!child.stdin.write(piece)) await once(child.stdin, "drain");
  }
  child.stdin.end();
  const [status] = await ended;
  if (status !== 0) throw new Error(`git fast-import ended with status ${status}`);
  await git(["reset", "--quiet", "--hard"], folder);
  for (let i = 0; i < CHANGED; i++) {
    await appendFile(join(folder, pathOf(i * 997 % files)), `export const changed${i} = true;\n`);
  }
  for (let i = 0; i < UNTRACKED; i++) await writeFile(join(folder, `part-0/new-${i}.ts`), "export {};\n");
  // Otherwise every look would have to read the files that are as young as the index.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await git(["update-index", "--refresh"], folder, [0, 1]);
}

/** The input of fast-import, in pieces. */
function* stream(files: number, commits: number): Generator<string> {
  yield commit(0);
  for (let file = 0; file < files; file++) yield change(file, 0);
  for (let number = 1; number < commits; number++) {
    yield commit(number);
    yield change(number * 7_919 % files, number);
    if (number % 3 === 0) yield change(number * 104_729 % files, number);
  }
}

function commit(number: number): string {
  const names = ["Ada", "Bob", "Cleo", "Dan"];
  const name = names[number % names.length] ?? "";
  const message = `Change number ${number}\n\nIt changes what module_${number * 7_919} does.\n`;
  return `commit refs/heads/main\ncommitter ${name} <${name}@example.test> ${
    1_700_000_000 + number * 600
  } +0000\n` +
    data(message);
}

function change(file: number, commit: number): string {
  const lines = Array.from({ length: 12 }, (_, line) => {
    return `export const value${line} = ${line === commit % 12 ? commit : file + line};\n`;
  });
  return `M 100644 inline ${pathOf(file)}\n${data(lines.join(""))}`;
}

function data(text: string): string {
  return `data ${text.length}\n${text}\n`;
}

/** Runs plain git. @throws {Error} when it fails. */
export async function git(
  args: readonly string[],
  cwd: string,
  fine: readonly number[] = [0],
): Promise<void> {
  const child = spawn("git", args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.resume();
  const [status] = await once(child, "close");
  if (!fine.includes(status)) throw new Error(`git ${args.join(" ")} ended with status ${status}`);
}
