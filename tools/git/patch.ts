/**
 * Differences as a reply shows them: which files changed and by how much, then the patch, a page at a time.
 *
 * One run of git gives both. The list comes first, so what the guardrails keep secret is known before any
 * line of a patch was looked at; then that run is given up and another one leaves those files out.
 * @module
 */
import { createLineReader, unquoteName } from "../../lib/git/lines.ts";
import type { Command, Repository } from "../../lib/git/types.ts";
import { count, counted } from "../../lib/format.ts";
import {
  DIFF_LINE_CHARS_MAX,
  GIT_EXCLUDE_CHARS_MAX,
  GIT_FILES_SHOWN_MAX,
  REPLY_CHARS_MAX,
} from "../../lib/limits.ts";
import { showName } from "../../lib/names.ts";
import { clip } from "../../lib/reply.ts";
import { visible } from "../../lib/visible.ts";

/** What is compared: a command of git that understands the options of `diff`. */
export type Comparison = Pick<Command, "name" | "options" | "revisions"> & { readonly paths?: string[] };

/** A file that differs. */
export interface FileChange {
  /** A: added, D: deleted, M: modified, R: renamed, T: another type, U: in conflict. */
  readonly status: string;
  readonly path: string;
  /** The old name. */
  readonly from?: string;
  /** Lines; undefined for binary files and when they were not counted. */
  readonly added?: number;
  readonly removed?: number;
  readonly binary?: boolean;
  /** Its permissions or its type changed. */
  readonly mode?: boolean;
}

/** A page of differences. */
export interface Differences {
  readonly files: readonly FileChange[];
  /** Files whose contents are secret: they are named, and nothing more. */
  readonly secret: readonly string[];
  /** The lines of the page. */
  readonly lines: readonly string[];
  /** The number of the first line that did not fit, from 1. */
  readonly next?: number;
  readonly notes: readonly string[];
}

/** Binary files about which git is asked one by one. */
const BINARIES_MAX = 20;

/** Bytes kept of a line: more than is shown of it. */
const LINE_BYTES = 4 * DIFF_LINE_CHARS_MAX;

/** Options that make a patch the same whatever is configured. */
const FORMAT = [
  ...["--raw", "--numstat", "--patch", "--find-renames", "--no-relative", "--ignore-submodules=dirty"],
  ...["--submodule=short", "--src-prefix=a/", "--dst-prefix=b/", "--unified=3"],
];

/**
 * Compares.
 * @param offset The first line of the patch that is wanted, from 1.
 * @param chars Characters of the patch that fit into the reply.
 */
export async function compare(
  repository: Repository,
  comparison: Comparison,
  offset: number,
  chars: number,
): Promise<Differences> {
  const secret = new Set<string>();
  let all: readonly FileChange[] = [];
  // What is compared may change while it is: each run judges its own list before it keeps a line.
  for (let round = 0; round < 4; round++) {
    const run = await compareOnce(repository, comparison, [...secret], offset, chars);
    if (round === 0 || run.found.length > 0) all = merged(all, run.files);
    // Leaving them out does not help when arguments cannot carry their names.
    const isStuck = run.found.length > 0 && run.found.every((path) => secret.has(path));
    for (const path of run.found) secret.add(path);
    const names = [...secret];
    if (run.found.length === 0) {
      const files = await changed(repository, comparison, counts(all, run.files), secret);
      return { files, secret: names, ...await withConflicts(repository, run) };
    }
    if (isStuck || names.join("").length > GIT_EXCLUDE_CHARS_MAX) break;
  }
  const notes = ["The patch is not shown: it cannot be told apart from files that hold secrets. Name paths."];
  return { files: all, secret: [...secret], lines: [], notes };
}

/** What one run gave. */
interface Run {
  readonly files: readonly FileChange[];
  /** Secret files in the list: nothing of the patch was kept. */
  readonly found: readonly string[];
  readonly page: Page;
}

async function compareOnce(
  repository: Repository,
  { name, options = [], revisions, paths }: Comparison,
  exclude: readonly string[],
  offset: number,
  chars: number,
): Promise<Run> {
  const files: FileChange[] = [];
  const page = createPage(offset, chars);
  let found: string[] = [];
  let state: "list" | "counts" | "patch" = "list";
  let next = 0;
  const reader = createLineReader(LINE_BYTES, (line, missing) => {
    if (state === "list") {
      if (line.startsWith(":")) {
        const file = parseRaw(line);
        if (file !== undefined) files.push(file);
        return true;
      }
      found = secretIn(files, repository);
      if (found.length > 0) return false;
      state = "counts";
    }
    if (state === "counts") {
      if (line !== "") {
        next = takeCount(files, next, line);
        return true;
      }
      state = "patch";
      return true;
    }
    return page.add(line, missing);
  });
  await repository.run({
    name,
    options: [...FORMAT, ...options],
    revisions,
    paths: paths ?? (exclude.length > 0 ? [""] : undefined),
    exclude,
    take: (chunk) => reader.take(chunk),
  });
  reader.end();
  // A list without a patch, as of conflicts alone, is judged here.
  if (state === "list") found = secretIn(files, repository);
  return { files, found, page };
}

/**
 * Files in conflict have a patch of a kind of its own, which git does not print together with a list.
 */
async function withConflicts(
  repository: Repository,
  { files, page }: Run,
): Promise<Pick<Differences, "lines" | "next" | "notes">> {
  const paths = files.filter(({ status }) => status === "U").map(({ path }) => path);
  if (paths.length > 0 && !page.isFull() && paths.join("").length < GIT_EXCLUDE_CHARS_MAX) {
    const reader = createLineReader(LINE_BYTES, (line, missing) => page.add(line, missing));
    const options = ["--cc", "--patch", "--ignore-submodules=dirty"];
    await repository.run({ name: "diff", options, paths, take: (chunk) => reader.take(chunk) });
    reader.end();
  }
  return page.done();
}

/** Understands `:100644 100644 1111111 2222222 R086<TAB>old<TAB>new`, and `::…` of a conflict. */
function parseRaw(line: string): FileChange | undefined {
  const [head = "", first, second] = line.split("\t");
  if (first === undefined) return undefined;
  if (line.startsWith("::")) return { status: "U", path: unquoteName(first) };
  const [before, after] = head.slice(1).split(" ");
  const status = head.split(" ").at(-1)?.[0] ?? "M";
  if (second === undefined) return { status, path: unquoteName(first), mode: before !== after };
  return { status, path: unquoteName(second), from: unquoteName(first) };
}

/**
 * Takes a line of `--numstat`: `8<TAB>2<TAB>name`. They come in the order of the list and may lack files.
 * @returns where the next line belongs at the earliest.
 */
function takeCount(files: FileChange[], from: number, line: string): number {
  const [added = "", removed = "", name = ""] = line.split("\t");
  for (let i = from; i < files.length; i++) {
    const file = files[i];
    if (file === undefined || (file.from === undefined && file.path !== unquoteName(name))) continue;
    files[i] = added === "-"
      ? { ...file, binary: true }
      : { ...file, added: Number(added), removed: Number(removed) };
    return i + 1;
  }
  return from;
}

function secretIn(files: readonly FileChange[], repository: Repository): string[] {
  const names = files.flatMap(({ path, from }) => from === undefined ? [path] : [path, from]);
  return names.filter((name) => !repository.mayRead(name));
}

function merged(all: readonly FileChange[], more: readonly FileChange[]): readonly FileChange[] {
  const known = new Set(all.map(({ path }) => path));
  return [...all, ...more.filter(({ path }) => !known.has(path))];
}

/** The list of the first run with what the last one counted. */
function counts(all: readonly FileChange[], last: readonly FileChange[]): readonly FileChange[] {
  const counted = new Map(last.map((file) => [file.path, file]));
  return all.map((file) => counted.get(file.path) ?? file);
}

/**
 * The list without files that were only touched: git lists those whose times differ, but neither counts lines
 * in them nor gives a patch.
 */
async function changed(
  repository: Repository,
  comparison: Comparison,
  files: readonly FileChange[],
  secret: ReadonlySet<string>,
): Promise<readonly FileChange[]> {
  const isTouched = async ({ status, path, added, binary, mode }: FileChange) => {
    if (status !== "M" || mode === true || secret.has(path) || added !== undefined) return false;
    if (binary !== true) return true;
    const { stdout } = await repository.run({
      ...comparison,
      options: ["--patch", "--ignore-submodules=dirty", ...comparison.options ?? []],
      paths: [path],
      maxBytes: 1,
    });
    return stdout.length === 0;
  };
  // The lines of binary files are not counted, so each of these is asked about: the first of them.
  const binaries = new Set(files.filter(({ binary }) => binary === true).slice(0, BINARIES_MAX));
  const touched = await Promise.all(files.map(async (file) => {
    return (file.binary !== true || binaries.has(file)) && await isTouched(file);
  }));
  return files.filter((_, index) => touched[index] !== true);
}

/** A page that fills up. */
interface Page {
  /** Takes the next line of the patch; false when the page is full. */
  add(line: string, missing: number): boolean;
  isFull(): boolean;
  done(): Pick<Differences, "lines" | "next" | "notes">;
}

function createPage(offset: number, chars: number): Page {
  const lines: string[] = [];
  let number = 0;
  let used = 0;
  let full = false;
  const ends = { crlf: false, lf: false };
  return {
    isFull: () => full,
    add(line, missing) {
      // Hashes of contents say nothing to a reader. Lines of contents never begin with a letter.
      if (/^index [0-9a-f,]+\.\.[0-9a-f]+/.test(line)) return true;
      number++;
      if (number < offset) return true;
      const shown = shownLine(line, missing, ends);
      if (used + shown.length + 1 > chars && lines.length > 0) {
        full = true;
        return false;
      }
      lines.push(shown);
      used += shown.length + 1;
      return true;
    },
    done: () => ({
      lines,
      ...(full ? { next: number } : {}),
      notes: ends.crlf && ends.lf ? ["Some of these lines end in CRLF, others in LF."] : [],
    }),
  };
}

function shownLine(line: string, missing: number, ends: { crlf: boolean; lf: boolean }): string {
  const isContent = /^[ +-]/.test(line) && !/^(---|\+\+\+) /.test(line);
  const isCrlf = line.endsWith("\r");
  if (isContent && isCrlf) ends.crlf = true;
  else if (isContent) ends.lf = true;
  const shown = clip(visible(isCrlf ? line.slice(0, -1) : line), DIFF_LINE_CHARS_MAX);
  return missing > 0 ? `${shown} [and ${count(missing)} bytes more]` : shown;
}

/** `3 files, +12 -4`. */
export function totals(files: readonly FileChange[]): string {
  const sum = (key: "added" | "removed") => files.reduce((all, file) => all + (file[key] ?? 0), 0);
  return `${counted(files.length, "file")}, +${count(sum("added"))} -${count(sum("removed"))}`;
}

/** One row a file, as many as are useful; the rest by their number. */
export function fileRows({ files, secret }: Pick<Differences, "files" | "secret">): string[] {
  const rows = files.slice(0, GIT_FILES_SHOWN_MAX).map((file) => {
    const { status, path, from, added, removed, binary } = file;
    const name = from === undefined ? showName(path) : `${showName(from)} -> ${showName(path)}`;
    const isSecret = secret.includes(path) || (from !== undefined && secret.includes(from));
    const size = status === "U"
      ? "in conflict"
      : isSecret
      ? "contents not shown: a file of this name holds secrets"
      : binary === true
      ? "binary"
      : added === undefined
      ? ""
      : `+${added} -${removed}`;
    return `${status} ${name}  ${size}`.trimEnd();
  });
  const more = files.length - rows.length;
  return more > 0 ? [...rows, `… and ${counted(more, "more file")}: name paths to see them`] : rows;
}

/** Characters of a patch in a reply with these rows before it. */
export function roomFor(rows: readonly string[]): number {
  const used = rows.reduce((sum, row) => sum + row.length + 1, 0);
  return Math.max(2_000, REPLY_CHARS_MAX - 1_500 - used);
}

/** As many lines as fit. */
export function fit(lines: readonly string[], chars: number): { shown: string[]; end: number } {
  let used = 0;
  let end = 0;
  for (const line of lines) {
    used += line.length + 1;
    if (used > chars && end > 0) break;
    end++;
  }
  return { shown: lines.slice(0, end), end };
}
