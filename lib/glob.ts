/**
 * Glob patterns for file names: `*`, `?`, `[a-z]`, `{a,b}` and `**`, as in `.gitignore` and ripgrep.
 *
 * A pattern becomes a nondeterministic automaton whose sets of states are remembered as they are met (lazy
 * subset construction), so matching takes time linear in the name, whatever the pattern: nothing backtracks.
 * @module
 */
import { ToolError } from "./errors.ts";
import { PATTERN_CHARS_MAX } from "./limits.ts";

/** A compiled pattern. */
export interface Glob {
  readonly source: string;
  /** Whether a relative path with `/` between its components matches. */
  matches(path: string): boolean;
}

/** How a pattern is read. */
export interface GlobOptions {
  /** Whether `*.jpg` also matches `IMG_1.JPG`. Default: false. */
  readonly ignoreCase?: boolean;
}

/**
 * Compiles a pattern. Without a `/` it is matched against the last component of a path, so it matches at any
 * depth; with one, against the whole relative path. `**` as a whole component stands for any number of them.
 * A backslash takes a special character literally (on Windows it separates components, as `/` does).
 * @throws {ToolError} when the pattern is empty, too long, absolute, contains `..`, or has an unclosed `{` or
 * `[`.
 */
export function compileGlob(pattern: string, options: GlobOptions = {}): Glob {
  const fold = (text: string) => {
    const composed = text.normalize("NFC");
    return options.ignoreCase === true ? composed.toLowerCase() : composed;
  };
  const tidy = tidyPattern(pattern);
  const automaton = new Automaton(new Parser(pattern, fold(tidy)).parse());
  const wholePath = tidy.includes("/");
  return {
    source: pattern,
    matches: (path) => automaton.accepts(fold(wholePath ? path : path.slice(path.lastIndexOf("/") + 1))),
  };
}

function tidyPattern(pattern: string): string {
  const refuse = (why: string, next: string) =>
    new ToolError(`Cannot use the pattern "${pattern.slice(0, 200)}": ${why}`, next);
  if (pattern.length > PATTERN_CHARS_MAX) {
    throw refuse(
      `it has ${pattern.length.toLocaleString("en-US")} characters`,
      `At most ${PATTERN_CHARS_MAX.toLocaleString("en-US")}.`,
    );
  }
  const slashed = process.platform === "win32" ? pattern.replaceAll("\\", "/") : pattern;
  const tidy = slashed.replace(/^(\.\/+)+/, "").replace(/(?<=[^\\/])\/+$/, "");
  if (tidy === "" || tidy === ".") {
    throw refuse("it is empty", 'Name something, such as "*.md", or leave the pattern out.');
  }
  if (tidy.startsWith("/") || tidy.startsWith("~") || /^[A-Za-z]:\//.test(tidy)) {
    throw refuse(
      "it is an absolute path",
      'Give the folder as "path" and a pattern relative to it, such as "src/**/*.ts".',
    );
  }
  if (tidy.split(/[/{},]/).includes("..")) {
    throw refuse('it contains ".."', 'Give the folder as "path" and a pattern that stays below it.');
  }
  return tidy;
}

/** A state of the automaton: where it goes without reading, and where by reading one character. */
interface State {
  readonly free: number[];
  readonly steps: { readonly takes: (character: string) => boolean; readonly to: number }[];
}

/** Reads a pattern into an automaton whose first state is 0 and whose last one accepts. */
class Parser {
  private readonly states: State[] = [];
  private readonly characters: readonly string[];
  private index = 0;

  constructor(private readonly source: string, pattern: string) {
    this.characters = Array.from(pattern);
  }

  parse(): State[] {
    let end = this.sequence(this.add(), false);
    // A stray "}" is an ordinary character.
    while (this.index < this.characters.length) end = this.sequence(this.literal(end, this.take()), false);
    const last = this.add();
    this.state(end).free.push(last);
    return this.states;
  }

  /** Reads up to the end, or inside braces up to `,` or `}`. Takes and returns a state. */
  private sequence(from: number, inBraces: boolean): number {
    let at = from;
    for (;;) {
      const character = this.peek();
      if (character === undefined || character === "}" || (inBraces && character === ",")) return at;
      at = this.item(at, this.take());
    }
  }

  private item(from: number, character: string): number {
    switch (character) {
      case "\\":
        return this.literal(from, this.peek() === undefined ? "\\" : this.take());
      case "?":
        return this.step(from, (other) => other !== "/");
      case "*":
        return this.star(from);
      case "[":
        return this.step(from, this.characterClass());
      case "{":
        return this.braces(from);
      default:
        return this.literal(from, character);
    }
  }

  private star(from: number): number {
    const before = this.characters[this.index - 2];
    let count = 1;
    for (; this.peek() === "*"; count++) this.take();
    const atStart = before === undefined || "/{,".includes(before);
    const next = this.peek();
    if (count === 1 || !atStart || (next !== undefined && !"/,}".includes(next))) {
      return this.loop(from, (character) => character !== "/");
    }
    if (next !== "/") return this.loop(from, () => true);
    this.take();
    const inside = this.loop(from, () => true);
    const end = this.literal(inside, "/");
    this.state(from).free.push(end);
    return end;
  }

  private braces(from: number): number {
    const end = this.add();
    for (;;) {
      const branch = this.add();
      this.state(from).free.push(branch);
      this.state(this.sequence(branch, true)).free.push(end);
      if (this.peek() === undefined) throw this.unclosed("{");
      if (this.take() === "}") return end;
    }
  }

  private characterClass(): (character: string) => boolean {
    const negated = this.peek() === "!" || this.peek() === "^";
    if (negated) this.take();
    const ranges: [string, string][] = [];
    for (let first = true; first || this.peek() !== "]"; first = false) {
      const low = this.classCharacter();
      const isRange = this.peek() === "-" && ![undefined, "]"].includes(this.characters[this.index + 1]);
      if (isRange) this.take();
      ranges.push([low, isRange ? this.classCharacter() : low]);
    }
    this.take();
    const point = (character: string) => character.codePointAt(0) ?? 0;
    return (character) => {
      const within = ranges.some(([low, high]) =>
        point(low) <= point(character) && point(character) <= point(high)
      );
      return character !== "/" && within !== negated;
    };
  }

  private classCharacter(): string {
    if (this.peek() === "\\") this.take();
    if (this.peek() === undefined) throw this.unclosed("[");
    return this.take();
  }

  private unclosed(bracket: string): ToolError {
    return new ToolError(
      `Cannot use the pattern "${this.source}": "${bracket}" is not closed`,
      `Close it, or write "\\${bracket}" for the character itself.`,
    );
  }

  private literal(from: number, character: string): number {
    return this.step(from, (other) => other === character);
  }

  private step(from: number, takes: (character: string) => boolean): number {
    const to = this.add();
    this.state(from).steps.push({ takes, to });
    return to;
  }

  /** Any number of characters that `takes` accepts. */
  private loop(from: number, takes: (character: string) => boolean): number {
    const inside = this.add();
    this.state(from).free.push(inside);
    this.state(inside).steps.push({ takes, to: inside });
    return inside;
  }

  private add(): number {
    return this.states.push({ free: [], steps: [] }) - 1;
  }

  private state(index: number): State {
    const state = this.states[index];
    if (state === undefined) throw new Error(`No state ${index}`);
    return state;
  }

  private peek(): string | undefined {
    return this.characters[this.index];
  }

  private take(): string {
    return this.characters[this.index++] ?? "";
  }
}

/** A set of states, with the sets it leads to as far as they are known. */
interface StateSet {
  readonly states: readonly number[];
  readonly accepting: boolean;
  readonly next: Map<string, StateSet>;
}

/** Remembered sets and steps before they are forgotten, so that a hostile pattern cannot fill the memory. */
const REMEMBERED_MAX = 2_000;

class Automaton {
  private readonly known = new Map<string, StateSet>();
  private remembered = 0;

  constructor(private readonly states: readonly State[]) {}

  accepts(text: string): boolean {
    let current = this.setOf([0]);
    for (const character of text) {
      current = current.next.get(character) ?? this.advance(current, character);
      if (current.states.length === 0) return false;
    }
    return current.accepting;
  }

  private advance(from: StateSet, character: string): StateSet {
    const reached: number[] = [];
    for (const index of from.states) {
      for (const step of this.states[index]?.steps ?? []) if (step.takes(character)) reached.push(step.to);
    }
    const set = this.setOf(reached);
    if (++this.remembered > REMEMBERED_MAX) this.forget();
    else from.next.set(character, set);
    return set;
  }

  /** The set of these states and all that they reach without reading. */
  private setOf(start: readonly number[]): StateSet {
    const found = new Set(start);
    // A set visits what is added to it while it is walked.
    for (const index of found) for (const free of this.states[index]?.free ?? []) found.add(free);
    const states = [...found].sort((a, b) => a - b);
    const key = states.join(",");
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const set = { states, accepting: found.has(this.states.length - 1), next: new Map<string, StateSet>() };
    this.known.set(key, set);
    return set;
  }

  private forget(): void {
    for (const set of this.known.values()) set.next.clear();
    this.known.clear();
    this.remembered = 0;
  }
}
