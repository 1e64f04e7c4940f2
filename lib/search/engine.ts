/**
 * The search engine: ripgrep, and the built-in search where ripgrep cannot be run.
 * @module
 */
import { basename, dirname } from "node:path";
import process from "node:process";
import { REGEX_BYTES_MAX } from "../limits.ts";
import { NOISE_FOLDERS } from "../noise.ts";
import type { Ripgrep, RunEnd } from "../ripgrep.ts";
import { isIgnored } from "../gitignore.ts";
import { compileNamePattern, FirstNames, patternError } from "./names.ts";
import { LineRows, PathRows } from "./rows.ts";
import { countsText, isFolder, type Surroundings, surroundings } from "./scope.ts";
import type { NameQuery, NamesFound, Outcome, Scope, SearchEngine, TextFound, TextQuery } from "./types.ts";

/** Makes the engine. The built-in search is loaded when it is needed. */
export function createSearch(ripgrep: Ripgrep): SearchEngine {
  const builtIn = () => import("./builtin.ts");
  return {
    async findText(query, scope) {
      refuseUnsearchable(query);
      const found = await isFolder(scope)
        ? await textBelow(ripgrep, query, scope)
        : await textInFile(ripgrep, query, scope);
      return found ?? await (await builtIn()).findText(query, scope);
    },
    async findNames(query, scope) {
      return await namesBelow(ripgrep, query, scope) ?? await (await builtIn()).findNames(query, scope);
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

async function textBelow(
  ripgrep: Ripgrep,
  query: TextQuery,
  scope: Scope,
): Promise<TextFound | undefined> {
  const names = query.glob === undefined ? undefined : compileNamePattern(query.glob);
  const around = await surroundings(scope);
  return await scope.files.withFolder(scope.path, async (folder) => {
    const counts = countsText(around, folder);
    const isWanted = names === undefined
      ? counts
      : (path: string) => names.matches(path).includes(path) && counts(path);
    const rows = new LineRows(query.max, isWanted);
    const end = await ripgrep.run({
      args: [...WALK, ...filterArguments(around, names?.narrow), ...textArguments(query), "--", "./"],
      cwd: folder.processPath,
      signal: scope.signal,
      take: (chunk) => rows.take(chunk),
    });
    return end === undefined ? undefined : { files: rows.files, ...outcome(end, query) };
  });
}

/** One file is searched as text even when it looks binary: it was asked for. */
async function textInFile(
  ripgrep: Ripgrep,
  query: TextQuery,
  scope: Scope,
): Promise<TextFound | undefined> {
  const real = await scope.files.withFile(scope.path, (file) => Promise.resolve(file.real));
  return await scope.files.withFolder(dirname(real), async (folder) => {
    const rows = new LineRows(query.max, () => true);
    const end = await ripgrep.run({
      args: [...WALK, "--text", "--no-mmap", ...textArguments(query), "--", `./${basename(real)}`],
      cwd: folder.processPath,
      signal: scope.signal,
      take: (chunk) => rows.take(chunk),
    });
    if (end === undefined) return undefined;
    return { files: rows.files.map((file) => ({ ...file, path: "" })), ...outcome(end, query) };
  });
}

async function namesBelow(
  ripgrep: Ripgrep,
  query: NameQuery,
  scope: Scope,
): Promise<NamesFound | undefined> {
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
    const end = await ripgrep.run({
      args: [...WALK, ...filterArguments(around, pattern.narrow), "--files", "--null", "--", "./"],
      cwd: folder.processPath,
      signal: scope.signal,
      take: (chunk) => rows.take(chunk),
    });
    if (end === undefined) return undefined;
    return { names: names.first(), total: names.total, ...outcome(end, query) };
  });
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
