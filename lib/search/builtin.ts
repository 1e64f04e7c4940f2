/**
 * The built-in search: slower than ripgrep, with the same results, for machines where nothing can be
 * executed.
 *
 * Differences that remain: in regular expressions `\w`, `\d`, `\s` and `\b` know ASCII only, and of lines
 * longer than {@link SEARCH_PIECE_BYTES_MAX} matches across two pieces are missed.
 * @module
 */
import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers/promises";
import { RE2JS } from "re2js";
import { errorCode, throwIfAborted, ToolError } from "../errors.ts";
import type { Entry, OpenFile, OpenFolder } from "../fs/types.ts";
import { isIgnored, type Rules, rulesInside } from "../gitignore.ts";
import {
  READ_CHUNK_BYTES,
  SCAN_BYTES_MAX,
  SEARCH_DEPTH_MAX,
  SEARCH_MS_MAX,
  SEARCH_PIECE_BYTES_MAX,
} from "../limits.ts";
import { readAt } from "../lines.ts";
import { NOISE_FOLDERS } from "../noise.ts";
import { compileNamePattern, FirstNames, patternError } from "./names.ts";
import { countsText, isFolder, surroundings } from "./scope.ts";
import { asUtf8 } from "./utf8.ts";
import type { FileLines, NameQuery, NamesFound, Outcome, Scope, TextFound, TextQuery } from "./types.ts";

/** {@link SearchEngine.findText}. */
export async function findText(query: TextQuery, scope: Scope): Promise<TextFound> {
  const matcher = compileMatcher(query);
  const files: FileLines[] = [];
  const walk = new Walk(scope);
  let room = query.max;
  const search = async (file: OpenFile, path: string, isAsked: boolean) => {
    const lines = await searchFile(await asUtf8(file), path, matcher, room, isAsked, walk);
    if (lines.lines.length === 0) return;
    files.push(lines);
    room -= lines.lines.length;
    if (room <= 0) walk.stop("max");
  };
  // One line more than wanted shows that there were more.
  room++;
  if (await isFolder(scope)) {
    const names = query.glob === undefined ? undefined : compileNamePattern(query.glob);
    const around = await surroundings(scope);
    await scope.files.withFolder(scope.path, async (top) => {
      const counts = countsText(around, top);
      await walk.enter(top, around, async (folder, name, path) => {
        if (names !== undefined && !names.matches(path).includes(path)) return;
        if (counts(path)) await folder.withFile(name, (file) => search(file, path, false));
      });
    });
  } else await scope.files.withFile(scope.path, (file) => search(file, "", true));
  return { files: trimmed(files, query.max), ...walk.outcome() };
}

/**
 * The matching lines of one text that is open already, such as the Markdown of a document.
 * @throws {ToolError} when the pattern is no regular expression that can be searched for.
 */
export async function findInFile(query: TextQuery, file: OpenFile, scope: Scope): Promise<FileLines> {
  return await searchFile(file, "", compileMatcher(query), query.max, true, new Walk(scope));
}

/** What a walk through verified folders has seen. */
export interface Seen {
  /** The files that are searched. */
  readonly files: ReadonlySet<string>;
  /**
   * Whether a `.gitignore` is no regular file. A pipe holds up whoever reads it, a link lets a file elsewhere
   * decide what is found.
   */
  readonly isOdd: boolean;
  /** Whether everything was seen. */
  readonly isWhole: boolean;
  /** Folders that could not be read. */
  readonly unreadable: number;
}

/** Looks at what would be searched, for so many milliseconds. Ends at the first odd `.gitignore`. */
export async function look(scope: Scope, ms: number): Promise<Seen> {
  const files = new Set<string>();
  const walk = new Walk(scope, ms, true);
  const around = await surroundings(scope);
  await scope.files.withFolder(scope.path, async (top) => {
    await walk.enter(top, around, (_folder, _name, path) => {
      files.add(path);
      return Promise.resolve();
    });
  });
  const { stopped, unreadable } = walk.outcome();
  return { files, isOdd: walk.isOdd, isWhole: stopped === undefined, unreadable };
}

/** {@link SearchEngine.findNames}. */
export async function findNames(query: NameQuery, scope: Scope): Promise<NamesFound> {
  const pattern = compileNamePattern(query.pattern);
  const names = new FirstNames(query.keep);
  const walk = new Walk(scope);
  const around = await surroundings(scope);
  await scope.files.withFolder(scope.path, async (top) => {
    await walk.enter(top, around, (_folder, _name, path) => {
      for (const name of pattern.matches(path)) names.add(name);
      if (names.total >= query.max) walk.stop("max");
      return Promise.resolve();
    });
  });
  return { names: names.first(), total: names.total, ...walk.outcome() };
}

/** Files of a folder that are searched at the same time, so that waiting for one is work on another. */
const FILES_AT_ONCE = 16;

/** What a walk does with a file: its folder, its name in it, and its path from the top. */
type Visit = (folder: OpenFolder, name: string, path: string) => Promise<void>;

/** A walk over the files below a folder, in the order of their names. */
class Walk {
  private readonly until: number;
  private pauseAt = 0;
  private unreadable = 0;
  private stopped: Outcome["stopped"];
  /** Whether a `.gitignore` is no regular file. */
  isOdd = false;

  constructor(private readonly scope: Scope, ms = SEARCH_MS_MAX, private readonly endsWhenOdd = false) {
    this.until = performance.now() + ms;
  }

  /** Lets other calls have their turn now and then. @returns whether to go on. */
  async goesOn(): Promise<boolean> {
    const now = performance.now();
    if (now > this.until) this.stop("time");
    if (now > this.pauseAt) {
      await setImmediate();
      throwIfAborted(this.scope.signal);
      this.pauseAt = performance.now() + 20;
    }
    return this.stopped === undefined;
  }

  stop(why: Outcome["stopped"]): void {
    this.stopped ??= why;
  }

  outcome(): Outcome {
    const { stopped, unreadable } = this;
    return { unreadable, builtIn: true, ...(stopped === undefined ? {} : { stopped }) };
  }

  async enter(
    top: OpenFolder,
    around: { readonly base: string; readonly rules: Rules | undefined; readonly skipsNoise: boolean },
    visit: Visit,
  ): Promise<void> {
    await this.inside(top, "", around, 0, visit);
  }

  private async inside(
    folder: OpenFolder,
    path: string,
    around: { readonly base: string; readonly rules: Rules | undefined; readonly skipsNoise: boolean },
    depth: number,
    visit: Visit,
  ): Promise<void> {
    const entries = await folder.entries();
    const own = entries.find((entry) => entry.name === ".gitignore")?.kind;
    if (own === "link" || own === "other") this.isOdd = true;
    if (this.isOdd && this.endsWhenOdd) return this.stop("max");
    const rules = await rulesInside(
      folder,
      (name) => name === ".gitignore" && own === "file",
      around.base + path,
      around.rules,
    );
    const visits: Promise<void>[] = [];
    for (const { name, kind } of entries) {
      if (!(await this.goesOn())) break;
      const below = path + name;
      if (!isWalked(kind, name, around.skipsNoise)) continue;
      if (isIgnored(rules, around.base + below, kind === "folder")) continue;
      if (kind === "file") visits.push(this.tolerantly(() => visit(folder, name, below)));
      if (kind === "folder" || visits.length === FILES_AT_ONCE) await Promise.all(visits.splice(0));
      if (kind === "folder") {
        await this.tolerantly(async () => {
          if (depth >= SEARCH_DEPTH_MAX) throw new ToolError("Too deep", "Search further down.");
          const inner = { ...around, rules };
          await folder.withFolder(name, (child) => this.inside(child, `${below}/`, inner, depth + 1, visit));
        });
      }
    }
    await Promise.all(visits);
  }

  /** What cannot be opened is counted, and does not end the walk. */
  private async tolerantly(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throwIfAborted(this.scope.signal);
      if (!(error instanceof ToolError) && errorCode(error) === undefined) throw error;
      this.unreadable++;
    }
  }
}

function isWalked(kind: Entry["kind"], name: string, skipsNoise: boolean): boolean {
  return kind === "file" || (kind === "folder" && !(skipsNoise && NOISE_FOLDERS.has(name)));
}

/** Finds the first match in a line. */
interface Matcher {
  /** Whether a piece of many lines can contain a match. */
  mayMatch(bytes: Buffer): boolean;
  /** Where the first match in a line starts, in bytes, or -1. */
  first(line: Buffer): number;
}

function compileMatcher({ pattern, regex, ignoreCase }: TextQuery): Matcher {
  if (!regex && !ignoreCase) {
    const literal = Buffer.from(pattern, "utf8");
    return { mayMatch: (bytes) => bytes.includes(literal), first: (line) => line.indexOf(literal) };
  }
  const flags = RE2JS.MULTILINE | (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(regex ? pattern : RE2JS.quote(pattern), flags);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw patternError(
      pattern,
      why.replace(/^error parsing regexp: /, ""),
      "Correct it, or leave regex out to search for the text as it stands.",
    );
  }
  // What such an expression says of the ends of a line it would not find in a piece of many lines.
  const needsLines = regex && /\$|\\[zA]|\(\?[a-zA-Z]*-/.test(pattern);
  return {
    mayMatch: (bytes) => needsLines || compiled.matcher(bytes).find(),
    first(line) {
      const match = compiled.matcher(line);
      return match.find() ? match.start() : -1;
    },
  };
}

/** Searches one file. Unless it was asked for itself, a NUL ends the search, as in ripgrep. */
async function searchFile(
  file: OpenFile,
  path: string,
  matcher: Matcher,
  max: number,
  isAsked: boolean,
  walk: Walk,
): Promise<FileLines> {
  const found: FileLines = { path, lines: [], columns: [], offsets: [] };
  const lines = new LineScanner(found, matcher, max);
  // One byte more than the file has shows its end.
  const chunk = Buffer.allocUnsafe(Math.min(READ_CHUNK_BYTES, file.info.size + 1));
  for (let position = 0; position < SCAN_BYTES_MAX;) {
    const bytes = await readAt(file, chunk, position);
    const nul = isAsked ? -1 : bytes.indexOf(0);
    // ripgrep does not show anything of a file that begins like a binary one.
    if (nul !== -1 && position === 0) return found;
    const isLast = bytes.length < chunk.length;
    lines.take(nul === -1 ? bytes : bytes.subarray(0, nul), isLast || nul !== -1);
    if (nul !== -1 && found.lines.length > 0) found.binaryFrom = position + nul;
    if (nul !== -1 || isLast || found.lines.length >= max || !(await walk.goesOn())) break;
    position += bytes.length;
  }
  return found;
}

/** Takes a file apart into lines and notes those that match. */
class LineScanner {
  private rest: Buffer = Buffer.alloc(0);
  /** Where `rest` starts in the file, and its line in the file. */
  private offset = 0;
  private line = 1;
  /**
   * Where the line of `rest` starts, when pieces of it were searched already, and whether one of them
   * matched.
   */
  private lineStart = 0;
  private isDone = false;

  constructor(
    private readonly found: FileLines,
    private readonly matcher: Matcher,
    private readonly max: number,
  ) {}

  take(chunk: Buffer, isLast: boolean): void {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const complete = isLast || bytes.length > SEARCH_PIECE_BYTES_MAX
      ? bytes.length
      : bytes.lastIndexOf(0x0a) + 1;
    this.scan(bytes.subarray(0, complete));
    // A copy: the chunk is used again for the next one.
    this.rest = Buffer.from(bytes.subarray(complete));
    this.offset += complete;
  }

  private scan(bytes: Buffer): void {
    const mayMatch = bytes.length > 0 && this.matcher.mayMatch(bytes);
    for (let at = 0; at < bytes.length && this.found.lines.length < this.max;) {
      const end = bytes.indexOf(0x0a, at);
      if (mayMatch && !this.isDone) this.match(bytes.subarray(at, end === -1 ? bytes.length : end), at);
      if (end === -1) return;
      this.line++;
      this.isDone = false;
      at = end + 1;
      this.lineStart = this.offset + at;
    }
  }

  private match(line: Buffer, at: number): void {
    const text = line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
    const index = this.matcher.first(text);
    if (index === -1) return;
    this.found.lines.push(this.line);
    this.found.columns.push(this.offset + at + index - this.lineStart + 1);
    this.found.offsets.push(this.lineStart);
    this.isDone = true;
  }
}

/** The files up to `max` lines in all. */
function trimmed(files: readonly FileLines[], max: number): FileLines[] {
  let room = max;
  return files.flatMap((file) => {
    const keep = Math.min(room, file.lines.length);
    room -= keep;
    if (keep === 0) return [];
    return [{
      ...file,
      lines: file.lines.slice(0, keep),
      columns: file.columns.slice(0, keep),
      offsets: file.offsets.slice(0, keep),
    }];
  });
}
