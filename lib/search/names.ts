/**
 * Patterns for file names, as a person or a model would write them: a glob, or a part of a name.
 * @module
 */
import { ToolError } from "../errors.ts";
import { compileGlob } from "../glob.ts";

/** A compiled pattern. */
export interface NamePattern {
  /** What of the path of a file matches: the file itself, and folders on the way to it (ending with `/`). */
  matches(path: string): readonly string[];
  /**
   * A simple glob without folders that every matching file's name matches, if there is one: lets ripgrep
   * leave out the others. It knows no other characters than letters, digits, `._-+ *?{,}` and `[xX]`.
   */
  readonly narrow?: string;
}

const NOTHING: readonly string[] = [];

/**
 * Names kept beyond the wanted ones before they are sorted out: sorting rarely costs less than sorting often.
 */
const SLACK = 4_096;

/** Every name matches these. */
const EVERYTHING = /^(\*\*\/)*\*\*?$/;

/** What ripgrep's globs and ours read alike. */
const SIMPLE = /^(?:[\w.\-+ *?]|\{[\w.\-+ *?]+(?:,[\w.\-+ *?]+)*\})+$/;

/**
 * Compiles a pattern. With one of `*?[{` it is a glob ({@link compileGlob}) that matches files at any depth.
 * Without one it is a part of a name: it finds files and folders whose name contains it or, when it contains
 * a `/`, files whose path does. Letter case counts only when the pattern has a capital letter.
 * @throws {ToolError} when the pattern is empty, too long, absolute, or contains `..`.
 */
export function compileNamePattern(pattern: string): NamePattern {
  const ignoreCase = pattern === pattern.toLowerCase();
  if (!/[*?[{]/.test(pattern)) return partOfName(pattern, ignoreCase);
  const trimmed = pattern.replace(/^(\.\/+)+/, "");
  const whole = trimmed.endsWith("/") ? `${trimmed}**` : trimmed;
  // Refuses what must not be searched for, in the words of the person's own pattern.
  const own = compileGlob(pattern, { ignoreCase });
  if (EVERYTHING.test(whole)) return { matches: (path) => [path] };
  const glob = whole.includes("/") ? compileGlob(`**/${whole}`, { ignoreCase }) : own;
  const last = whole.slice(whole.lastIndexOf("/") + 1);
  return {
    matches: (path) => glob.matches(path) ? [path] : NOTHING,
    ...(SIMPLE.test(last) && last !== "**" ? { narrow: ignoreCase ? eitherCase(last) : last } : {}),
  };
}

function partOfName(pattern: string, ignoreCase: boolean): NamePattern {
  // The same refusals as for globs.
  compileGlob(pattern);
  const fold = (text: string) => {
    const composed = text.normalize("NFC");
    return ignoreCase ? composed.toLowerCase() : composed;
  };
  const slashed = process.platform === "win32" ? pattern.replaceAll("\\", "/") : pattern;
  const part = fold(slashed.replace(/^(\.\/+)+/, ""));
  if (part.includes("/")) return { matches: (path) => fold(path).includes(part) ? [path] : NOTHING };
  return {
    matches(path) {
      if (!fold(path).includes(part)) return NOTHING;
      const found: string[] = [];
      for (let start = 0, end = path.indexOf("/");; start = end + 1, end = path.indexOf("/", start)) {
        const name = end === -1 ? path.slice(start) : path.slice(start, end);
        if (fold(name).includes(part)) found.push(end === -1 ? path : path.slice(0, end + 1));
        if (end === -1) return found;
      }
    },
  };
}

/** ripgrep's type globs cannot ignore case. */
function eitherCase(glob: string): string {
  return glob.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

/** Collects the first names in order, however many come, and counts them all. */
export class FirstNames {
  private kept: string[] = [];
  private readonly folders = new Set<string>();
  private files = 0;
  /** Nothing from here on can be among the first ones. */
  private bound: string | undefined;

  constructor(private readonly keep: number) {}

  /** How many different names came. A file comes once, a folder may come often. */
  get total(): number {
    return this.files + this.folders.size;
  }

  add(name: string): void {
    if (!name.endsWith("/")) this.files++;
    else if (this.folders.has(name)) return;
    else this.folders.add(name);
    if (this.bound !== undefined && name >= this.bound) return;
    this.kept.push(name);
    if (this.kept.length >= 2 * this.keep + SLACK) this.shrink();
  }

  /** The first names, in the order of their code units. */
  first(): string[] {
    this.shrink();
    return this.kept;
  }

  private shrink(): void {
    this.kept.sort();
    if (this.kept.length <= this.keep) return;
    this.bound = this.kept[this.keep];
    this.kept.length = this.keep;
  }
}

/** The error for a pattern that cannot be searched for. */
export function patternError(pattern: string, why: string, next: string): ToolError {
  return new ToolError(`Cannot search for "${pattern.slice(0, 200)}": ${why}`, next);
}
