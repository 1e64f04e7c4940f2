/**
 * What the laws know of source text: the files of the tree, their tokens, imports, top-level statements,
 * functions.
 *
 * No parser: a scanner that skips strings, comments, templates and regular expressions, and leans on `deno
 * fmt`, which puts every top-level statement, and nothing else but closing brackets, at the first column.
 * @module
 */
import { readdir, readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the project, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** A file, real or made up by a test. */
export interface SourceFile {
  /** From the folder of the project, with slashes: `lib/call.ts`. */
  readonly path: string;
  readonly text: string;
}

/** A piece of source that is neither blank nor comment. Lines count from 1, columns from 0. */
export interface Token {
  readonly kind: "word" | "number" | "string" | "template" | "regex" | "punctuation";
  readonly text: string;
  readonly line: number;
  readonly column: number;
  /** How many brackets are open around it. */
  readonly depth: number;
}

/** An import or re-export. */
export interface Import {
  /** As written. */
  readonly specifier: string;
  /** The path of the file, unless a package or a built-in module is imported. */
  readonly path?: string;
  /** Erased by the compiler. */
  readonly typeOnly: boolean;
  /** Static, `import(…)`, or a string that names the file, as for a child process. */
  readonly how: "static" | "dynamic" | "named";
  /** The names brought in. */
  readonly names: readonly string[];
  readonly line: number;
}

/** A function with a body, from the bracket of its parameters to its end; both are indices of tokens. */
export interface Body {
  readonly start: number;
  readonly end: number;
}

const SKIPPED = ["node_modules", "dist", ".git", ".cache", "bench/results"];

/** The text files of the project that belong into the repository, in the order of their paths; read once. */
export function readTree(): Promise<readonly SourceFile[]> {
  return tree ??= readFiles();
}

let tree: Promise<readonly SourceFile[]> | undefined;

async function readFiles(): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(ROOT + folder, { withFileTypes: true })) {
      const path = folder + entry.name;
      if (SKIPPED.includes(path) || entry.name.endsWith(".log")) continue;
      if (entry.isDirectory()) await walk(`${path}/`);
      if (!entry.isFile()) continue;
      const text = await readFile(ROOT + path, "utf8");
      if (!text.includes("\0")) files.push({ path, text });
    }
  };
  await walk("");
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Whether a file is code of ours: not a fixture, which may be as odd as a test needs. */
export function isCode({ path }: SourceFile): boolean {
  return /\.(ts|mjs)$/.test(path) && !path.startsWith("test/fixtures/");
}

/** Whether a file is part of the program, and not of its tests and tools. */
export function isProduct(file: SourceFile): boolean {
  return isCode(file) && /^(main\.ts$|lib\/|tools\/)/.test(file.path);
}

const BEFORE_REGEX =
  /^(return|typeof|case|in|of|await|yield|delete|void|throw|else|do|new|instanceof|[^\w$)\]}"'`].*|)$/;
const PIECES: readonly [Token["kind"] | "blank", RegExp][] = [
  ["blank", /\s+|\/\/[^\n]*|\/\*[^]*?\*\//y],
  ["string", /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y],
  ["word", /[#@]?[\p{ID_Start}$_][\p{ID_Continue}$]*/uy],
  ["number", /\d[\w.]*/y],
  ["regex", /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y],
  ["punctuation", /=>|\.\.\.|\?\.(?!\d)|[^]/y],
];

/** The tokens of a source text. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const lineStarts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  // What closes the brackets that are open: "}" or, inside a template, "`".
  const open: string[] = [];
  let line = 1;
  let position = text.startsWith("#!") ? text.indexOf("\n") : 0;
  const push = (kind: Token["kind"], piece: string, depth: number): void => {
    while ((lineStarts[line] ?? Infinity) <= position) line++;
    tokens.push({ kind, text: piece, line, column: position - (lineStarts[line - 1] ?? 0), depth });
    position += piece.length;
  };
  while (position >= 0 && position < text.length) {
    const [kind, piece] = nextPiece(text, position, tokens.at(-1)?.text ?? "");
    if (kind === "blank") position += piece.length;
    else if (piece === "`" || (piece === "}" && open.at(-1) === "`")) {
      if (piece === "}") open.pop();
      push("template", templateChunk(text, position), open.length);
      if (tokens.at(-1)?.text.endsWith("${")) open.push("`");
    } else if ("([{".includes(piece)) {
      push("punctuation", piece, open.length);
      open.push("}");
    } else {
      if (")]}".includes(piece)) open.pop();
      push(kind, piece, open.length);
    }
  }
  return tokens;
}

function nextPiece(text: string, position: number, before: string): [Token["kind"] | "blank", string] {
  for (const [kind, pattern] of PIECES) {
    if (kind === "regex" && !BEFORE_REGEX.test(before)) continue;
    pattern.lastIndex = position;
    const piece = pattern.exec(text)?.[0];
    if (piece !== undefined) return [kind, piece];
  }
  throw new Error(`No token at ${position}`);
}

/**
 * A template from its first backtick, or from the end of a substitution, to the next substitution or its end.
 */
function templateChunk(text: string, start: number): string {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "`") return text.slice(start, i + 1);
    else if (text.startsWith("${", i)) return text.slice(start, i + 2);
  }
  return text.slice(start);
}

/** The index of the token that closes the bracket at `start`. */
export function closing(tokens: readonly Token[], start: number): number {
  const depth = tokens[start]?.depth;
  const end = tokens.findIndex((token, i) =>
    i > start && token.depth === depth && /^[)\]}]$/.test(token.text)
  );
  return end < 0 ? tokens.length - 1 : end;
}

/** The top-level statements, each with its tokens. Depends on the layout of `deno fmt`. */
export function statements(tokens: readonly Token[]): Token[][] {
  const found: Token[][] = [];
  for (const token of tokens) {
    if (token.column === 0 && token.depth === 0 && !/^[)\]}>]/.test(token.text)) found.push([]);
    found.at(-1)?.push(token);
  }
  return found;
}

const TOKENS = new WeakMap<SourceFile, readonly Token[]>();
const IMPORTS = new WeakMap<SourceFile, readonly Import[]>();

/** The tokens of a file, which many laws ask for. */
export function tokensOf(file: SourceFile): readonly Token[] {
  return remembered(TOKENS, file, () => tokenize(file.text));
}

/** Every import, re-export and dynamic import, and every string that is the path of a source file. */
export function importsOf(file: SourceFile): readonly Import[] {
  return remembered(IMPORTS, file, () => findImports(file));
}

function remembered<T>(known: WeakMap<SourceFile, T>, file: SourceFile, find: () => T): T {
  const found = known.get(file) ?? find();
  known.set(file, found);
  return found;
}

function findImports(file: SourceFile): Import[] {
  const tokens = tokensOf(file);
  const found: Import[] = [];
  for (const statement of statements(tokens)) {
    const [first, second] = statement;
    const at = statement.findIndex((token) => token.kind === "string" && token.depth === 0);
    const specifier = statement[at];
    if (first === undefined || second === undefined || specifier === undefined) continue;
    const reexport = first.text === "export" && statement[at - 1]?.text === "from";
    if (!(first.text === "import" && !/^[.(]/.test(second.text)) && !reexport) continue;
    found.push(makeImport(file, specifier, "static", statement.slice(1, at)));
  }
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== "string" || found.some((one) => one.line === token.line && one.how === "static")) {
      continue;
    }
    const dynamic = tokens[i - 1]?.text === "(" && tokens[i - 2]?.text === "import";
    const named = /^["'](\.{1,2}|lib|test|scripts|bench)\/.*\.(ts|mjs)["']$/.test(token.text);
    if (dynamic || named) found.push(makeImport(file, token, dynamic ? "dynamic" : "named", []));
  }
  return found;
}

function makeImport(file: SourceFile, token: Token, how: Import["how"], clause: readonly Token[]): Import {
  const specifier = token.text.slice(1, -1);
  const written = clause.map((piece) => piece.text).join(" ");
  const listed = /^\{(.*)\}/.exec(written)?.[1]?.split(",").map((name) => name.trim()).filter((name) =>
    name !== ""
  );
  const typeOnly = /^type (?!from\b|,)/.test(written) ||
    (listed !== undefined && listed.length > 0 && listed.every((name) => name.startsWith("type ")));
  const names = clause.filter((piece) => piece.kind === "word" && !/^(from|as|type)$/.test(piece.text));
  const folder = /^\.{1,2}\//.test(specifier) ? posix.dirname(file.path) : how === "named" ? "" : undefined;
  return {
    specifier,
    ...(folder === undefined ? {} : { path: posix.join(folder, specifier) }),
    typeOnly,
    how,
    names: names.map((piece) => piece.text),
    line: token.line,
  };
}

/** The functions of a source text that have a body in braces, methods and arrow functions included. */
export function bodies(tokens: readonly Token[]): Body[] {
  const found: Body[] = [];
  for (const [i, token] of tokens.entries()) {
    if (token.text !== "(" || /^(if|for|while|switch|with|await)$/.test(tokens[i - 1]?.text ?? "")) continue;
    const brace = bodyAfter(tokens, closing(tokens, i));
    if (brace !== undefined && tokens[i - 1]?.text !== "catch") {
      found.push({ start: i, end: closing(tokens, brace) });
    }
  }
  return found;
}

/**
 * The brace that opens a body after the parameters that end at `end`; what stands between is a return type.
 */
function bodyAfter(tokens: readonly Token[], end: number): number | undefined {
  const depth = tokens[end]?.depth;
  const typed = tokens[end + 1]?.text === ":";
  for (let i = end + 1; i < tokens.length; i++) {
    const [token, before] = [tokens[i], tokens[i - 1]];
    if (token === undefined || depth === undefined || token.depth < depth) return undefined;
    if (token.depth > depth) continue;
    if (token.text === "{") {
      const ofType = /^([:|&<,]|is|extends|keyof)$/.test(before?.text ?? "");
      if (!ofType) return i;
      i = closing(tokens, i);
    } else if (token.text === "=>") {
      if (tokens[i + 1]?.text === "{") return i + 1;
      if (!typed) return undefined;
    } else if (!typed || /^[;=?]$/.test(token.text)) return undefined;
  }
  return undefined;
}

/**
 * Where a statement's tokens run only when a function is called: inside bodies, and behind the arrow of an
 * arrow function.
 */
export function deferred(tokens: readonly Token[]): boolean[] {
  const inside = tokens.map(() => false);
  for (const { start, end } of bodies(tokens)) inside.fill(true, start, end + 1);
  for (const [i, token] of tokens.entries()) {
    if (token.text !== "=>") continue;
    const end = tokens.findIndex((other, j) =>
      j > i && (other.depth < token.depth || (other.depth === token.depth && /^[,;)\]}]$/.test(other.text)))
    );
    inside.fill(true, i, end < 0 ? tokens.length : end);
  }
  return inside;
}

/**
 * The name of the package in a bare specifier, or undefined for a relative one and for what the runtime
 * brings.
 */
export function packageOf(specifier: string): string | undefined {
  if (/^[./]/.test(specifier) || specifier.includes(":") || isBuiltin(specifier)) return undefined;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
