/**
 * The search engine: ripgrep, and the built-in search where ripgrep cannot be run.
 * @module
 */
import { join, parse } from "node:path";
import process from "node:process";
import type { OpenFolder } from "../fs/types.ts";
import { isIgnored } from "../gitignore.ts";
import { REGEX_BYTES_MAX, SEARCH_MS_MAX } from "../limits.ts";
import { NOISE_FOLDERS } from "../noise.ts";
import type { Ripgrep, Run, RunEnd } from "../ripgrep.ts";
import { type Content, Contents } from "./contents.ts";
import { compileNamePattern, FirstNames, type NamePattern, patternError } from "./names.ts";
import { LineRows, PathRows } from "./rows.ts";
import { countsText, isFolder, type Surroundings, surroundings } from "./scope.ts";
import type { NameQuery, NamesFound, Outcome, Scope, SearchEngine, TextFound, TextQuery } from "./types.ts";

/**
 * Makes the engine. The built-in search is loaded when it is needed.
 *
 * ripgrep walks by name, so whoever swaps a folder for a link while it walks makes it look elsewhere. Where
 * the system can confine it to the searched folder, it finds nothing there. Where not, it only proposes
 * files: those that a verified walk has seen are read through verified descriptors and searched again, and
 * names come from that walk alone.
 */
export function createSearch(ripgrep: Ripgrep): SearchEngine {
  const builtIn = () => import("./builtin.ts");
  return {
    async findText(query, scope) {
      refuseUnsearchable(query);
      const isBelow = await isFolder(scope);
      const search = !isBelow ? textInFile : await ripgrep.confines() ? textBelow : textProposed;
      const found = await search(ripgrep, query, scope);
      if (found !== "held up" && found !== undefined) return found;
      return { ...await (await builtIn()).findText(query, scope), builtIn: found === undefined };
    },
    async findNames(query, scope) {
      const found = await ripgrep.confines() ? await namesBelow(ripgrep, query, scope) : "by hand";
      if (typeof found === "object") return found;
      return { ...await (await builtIn()).findNames(query, scope), builtIn: found === undefined };
    },
  };
}

/** Nothing of a person's configuration, and exactly the ignore rules that {@link Surroundings} completes. */
const WALK = [
  "--no-config",
  "--color=never",
  "--hidden",
  "--no-follow",
  "--no-ignore-dot",
  "--no-ignore-exclude",
  "--no-ignore-global",
  "--no-ignore-messages",
  "--no-ignore-parent",
  "--no-require-git",
  ...(process.platform === "win32" ? ["--path-separator=/"] : []),
];

/** One short row for every matching line, whatever its length: see {@link LineRows}. */
const ROWS = [
  "--null",
  "--no-heading",
  "--with-filename",
  "--line-number",
  "--column",
  "--byte-offset",
  "--max-columns=1",
  "--no-max-columns-preview",
  "--crlf",
  `--regex-size-limit=${REGEX_BYTES_MAX}`,
  `--dfa-size-limit=${10 * REGEX_BYTES_MAX}`,
];

function textArguments({ pattern, regex, ignoreCase, max }: TextQuery): string[] {
  return [
    ...ROWS,
    // ripgrep keeps the rows of a file until it is done with it; one more shows that there were more.
    `--max-count=${max + 1}`,
    ...(regex ? [] : ["--fixed-strings"]),
    ignoreCase ? "--ignore-case" : "--case-sensitive",
    `--regexp=${pattern.toWellFormed()}`,
  ];
}

/**
 * Leaves out noise folders, and files of other names. Unlike globs, a type does not override `.gitignore`.
 */
function filterArguments({ skipsNoise }: Surroundings, narrow: string | undefined): string[] {
  return [
    ...(skipsNoise ? Array.from(NOISE_FOLDERS, (name) => `--glob=!${name}/`) : []),
    ...(narrow === undefined ? [] : [`--type-add=wanted:${narrow}`, "--type=wanted"]),
  ];
}

/** A `.gitignore` is none, so ripgrep waits for it, or obeys what it should not: search without. */
type Held = "held up";

async function textBelow(
  ripgrep: Ripgrep,
  query: TextQuery,
  scope: Scope,
): Promise<TextFound | Held | undefined> {
  const names = query.glob === undefined ? undefined : compileNamePattern(query.glob);
  const around = await surroundings(scope);
  return await scope.files.withFolder(scope.path, async (folder) => {
    const rows = new LineRows(query.max, wanted(around, folder, names));
    const end = await runConfined(ripgrep, scope, folder, {
      args: [...WALK, ...filterArguments(around, names?.narrow), ...textArguments(query), "--", "./"],
      take: (chunk) => rows.take(chunk),
    });
    return typeof end === "object" ? { files: rows.files, ...outcome(end, query) } : end;
  });
}

async function namesBelow(
  ripgrep: Ripgrep,
  query: NameQuery,
  scope: Scope,
): Promise<NamesFound | Held | undefined> {
  const pattern = compileNamePattern(query.pattern);
  const around = await surroundings(scope);
  const names = new FirstNames(query.keep);
  const rows = new PathRows((path) => {
    for (const name of pattern.matches(path)) {
      if (!isIgnored(around.rules, around.base + path, false)) names.add(name);
    }
    return names.total < query.max;
  });
  return await scope.files.withFolder(scope.path, async (folder) => {
    const end = await runConfined(ripgrep, scope, folder, {
      args: [...WALK, ...filterArguments(around, pattern.narrow), "--files", "--null", "--", "./"],
      take: (chunk) => rows.take(chunk),
    });
    return typeof end === "object"
      ? { names: names.first(), total: names.total, ...outcome(end, query) }
      : end;
  });
}

/**
 * Runs ripgrep confined to a folder. It opens every `.gitignore`, and waits for a writer where that is a
 * pipe; so when it waits, the folder is looked through for one.
 */
async function runConfined(
  ripgrep: Ripgrep,
  scope: Scope,
  folder: OpenFolder,
  run: Pick<Run, "args" | "take">,
): Promise<RunEnd | Held | undefined> {
  const stop = new AbortController();
  let isHeldUp = false;
  const seek = async () => {
    const { look } = await import("./builtin.ts");
    const { isOdd } = await look(
      { ...scope, signal: AbortSignal.any([scope.signal, stop.signal]) },
      SEARCH_MS_MAX,
    );
    if (!isOdd) return;
    isHeldUp = true;
    stop.abort();
  };
  try {
    return await ripgrep.run({
      ...run,
      cwd: folder.processPath,
      confined: true,
      signal: AbortSignal.any([scope.signal, stop.signal]),
      // A folder that cannot be looked through holds nothing up.
      onIdle: () => void seek().catch(() => {}),
    });
  } catch (error) {
    if (isHeldUp && !scope.signal.aborted) return "held up";
    throw error;
  } finally {
    stop.abort();
  }
}

/** Where ripgrep cannot be confined: it proposes files, and their contents are searched as we read them. */
async function textProposed(
  ripgrep: Ripgrep,
  query: TextQuery,
  scope: Scope,
): Promise<TextFound | Held | undefined> {
  const until = performance.now() + SEARCH_MS_MAX;
  const { look } = await import("./builtin.ts");
  const { files, isOdd, isWhole, unreadable } = await look(scope, SEARCH_MS_MAX / 2);
  if (isOdd) return "held up";
  const names = query.glob === undefined ? undefined : compileNamePattern(query.glob);
  const around = await surroundings(scope);
  return await scope.files.withFolder(scope.path, async (folder) => {
    const isWanted = wanted(around, folder, names);
    const proposed: string[] = [];
    const rows = new PathRows((path) => {
      if (files.has(path) && isWanted(path)) proposed.push(path);
      return proposed.length <= query.max;
    });
    const args = [...WALK, ...filterArguments(around, names?.narrow), ...textArguments(query)];
    const end = await ripgrep.run({
      args: [...args, "--files-with-matches", "--", "./"],
      cwd: folder.processPath,
      signal: scope.signal,
      ms: until - performance.now(),
      take: (chunk) => rows.take(chunk),
    });
    if (end === undefined) return undefined;
    const { stopped } = outcome(end, query);
    // What it could not read is tried again: how many there are must not be its word.
    proposed.push(...failedPaths(end).filter((path) => files.has(path) && isWanted(path)));
    const found = await textInContents(ripgrep, query, scope, {
      files: proposed.sort().map((path) => ({
        path,
        open: (work) => scope.files.withFile(join(scope.path, path), work),
      })),
      ms: Math.max(until - performance.now(), SEARCH_MS_MAX / 10),
    });
    if (found === undefined) return undefined;
    const why = found.stopped ?? stopped ?? (isWhole ? undefined : "time");
    return {
      ...found,
      unreadable: unreadable + found.unreadable,
      ...(why === undefined ? {} : { stopped: why }),
    };
  });
}

/** One file is searched as text even when it looks binary: it was asked for. */
async function textInFile(
  ripgrep: Ripgrep,
  query: TextQuery,
  scope: Scope,
): Promise<TextFound | undefined> {
  const file: Content = { path: "", open: (work) => scope.files.withFile(scope.path, work) };
  return await textInContents(ripgrep, query, scope, { files: [file], asked: true });
}

async function textInContents(
  ripgrep: Ripgrep,
  query: TextQuery,
  { signal }: Scope,
  { files, asked = false, ms }: {
    readonly files: readonly Content[];
    readonly asked?: boolean;
    readonly ms?: number;
  },
): Promise<TextFound | undefined> {
  const contents = new Contents(files, asked, signal);
  const rows = new LineRows(query.max, () => true);
  const end = await ripgrep.run({
    args: ["--no-config", "--color=never", "--text", "--encoding=none", ...textArguments(query), "--", "-"],
    cwd: parse(process.execPath).root,
    signal,
    ...(ms === undefined ? {} : { ms }),
    take: (chunk) => rows.take(chunk),
    input: (write) => contents.writeTo(write),
  });
  if (end === undefined) return undefined;
  const { unreadable, ...rest } = outcome(end, query);
  const [lines] = rows.files;
  return {
    ...rest,
    files: lines === undefined ? [] : contents.split(lines),
    unreadable: unreadable + contents.unreadable,
  };
}

/** Whether a file counts, by its path. */
function wanted(
  around: Surroundings,
  folder: OpenFolder,
  names: NamePattern | undefined,
): (path: string) => boolean {
  const counts = countsText(around, folder);
  if (names === undefined) return counts;
  return (path) => names.matches(path).includes(path) && counts(path);
}

/** How a run went. @throws {ToolError} when ripgrep could not work with the pattern. */
function outcome(end: RunEnd, { pattern }: { readonly pattern: string }): Outcome {
  const lines = end.errors.split("\n");
  const unreadable = lines.filter((line) => /\(os error \d+\)/.test(line)).length;
  if (end.status === 2 && unreadable === 0 && end.errors.trim() !== "") {
    throw patternError(pattern, reason(end.errors), adviceFor(end.errors));
  }
  return { unreadable, builtIn: false, ...(end.stopped === undefined ? {} : { stopped: end.stopped }) };
}

/** The paths that ripgrep could not read. */
function failedPaths({ errors }: RunEnd): string[] {
  return Array.from(errors.matchAll(/^rg: \.\/(.+): .*\(os error \d+\)$/gm), ([, path = ""]) => path);
}

/** What ripgrep says about a pattern, without its name, its drawing and its options. */
function reason(errors: string): string {
  const stated = /^error: (.+)$/m.exec(errors)?.[1] ?? /^rg: (.+)$/m.exec(errors)?.[1] ?? errors.trim();
  return stated.slice(0, 500);
}

function adviceFor(errors: string): string {
  if (errors.includes("size limit")) {
    return "Use smaller repetition counts: {1000} copies its part 1,000 times.";
  }
  if (errors.includes("look-around")) return "Search for more than you need, and pick from the matches.";
  return "Correct it, or leave regex out to search for the text as it stands.";
}

const LINE_BY_LINE =
  "Lines are searched one by one: search for one of them, with context to see those around it.";

function refuseUnsearchable({ pattern, regex }: TextQuery): void {
  const breaksLines = /[\n\r]/.test(pattern) || (regex && /(?<!\\)(?:\\\\)*\\[nr]/.test(pattern));
  if (breaksLines) throw patternError(pattern, "it contains a line break", LINE_BY_LINE);
  if (pattern.includes("\0")) {
    throw patternError(
      pattern,
      "it contains a NUL character",
      "Only binary files do, and those are not searched.",
    );
  }
}
