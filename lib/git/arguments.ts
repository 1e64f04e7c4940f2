/**
 * The one builder of command lines for git. What a model chose can only become a value behind "=", a full
 * hash, a name behind `--end-of-options`, or a literal path behind `--`.
 * @module
 */
import type { Command } from "./types.ts";

/** Commands that can run programs on what they show, and the options that keep them from it. */
const SHOWING: Readonly<Record<string, readonly string[]>> = {
  "diff": ["--no-ext-diff", "--no-textconv", "--no-color"],
  "log": ["--no-ext-diff", "--no-textconv", "--no-color", "--no-show-signature"],
  "show": ["--no-ext-diff", "--no-textconv", "--no-color", "--no-show-signature"],
  "diff-tree": ["--no-ext-diff", "--no-textconv", "--no-color"],
  // A list of commits to ignore that leads elsewhere would be read aloud in the error about it.
  "blame": ["--no-textconv", "--no-ignore-revs-file"],
};

/** Commands that take no `--end-of-options`. */
const WITHOUT_END: ReadonlySet<string> = new Set(["blame", "check-attr", "check-ref-format", "update-index"]);

/** Commands whose path is the name of one file and not a pattern. */
const PLAIN_PATH: ReadonlySet<string> = new Set(["blame"]);

const HASH = "(?:[0-9a-f]{40}|[0-9a-f]{64})";
const REVISION = new RegExp(`^(?:HEAD|\\^?${HASH}|${HASH}\\.{2,3}${HASH})$`);

/**
 * The arguments of a command.
 * @throws {Error} when a part is not what it must be: a defect of ours, never of a call.
 */
export function argumentsOf(command: Command): string[] {
  const { name, subcommand, options = [], revisions = [], values = [], paths, exclude = [] } = command;
  for (const word of [name, subcommand ?? name]) {
    if (!/^[a-z][a-z-]*$/.test(word)) throw new Error(`Not a command of git: ${JSON.stringify(word)}`);
  }
  for (const option of options) {
    if (!/^-[^\0]+$/s.test(option) || option === "--") {
      throw new Error(`Not an option: ${JSON.stringify(option)}`);
    }
  }
  for (const revision of revisions) {
    if (!REVISION.test(revision)) throw new Error(`Not a hash: ${JSON.stringify(revision)}`);
  }
  for (const value of values) {
    if (value.startsWith("-") || value.includes("\0")) {
      throw new Error(`Not a plain argument: ${JSON.stringify(value)}`);
    }
  }
  const positional = [...revisions, ...values];
  return [
    "--no-pager",
    name,
    ...(subcommand === undefined ? [] : [subcommand]),
    ...SHOWING[name] ?? [],
    ...options,
    ...(positional.length === 0 || WITHOUT_END.has(name) ? [] : ["--end-of-options"]),
    ...positional,
    ...(PLAIN_PATH.has(name) ? ["--", ...paths ?? []] : pathArguments(paths, exclude)),
  ];
}

/** Paths from the top, without any of the signs that git gives a meaning in them. */
function pathArguments(paths: readonly string[] | undefined, exclude: readonly string[]): string[] {
  if (paths === undefined && exclude.length === 0) return [];
  const included = (paths ?? [""]).map((path) => `:(top,literal)${path}`);
  return ["--", ...included, ...exclude.map((path) => `:(top,literal,exclude)${path}`)];
}
