/**
 * The folder of user tools on the disk: whether it can be trusted, which files are in it, and reading one
 * with the local files it imports.
 *
 * What stands in this folder is run. So nobody but its owner may be able to change it: not the folders above,
 * not the folder, not the files. Windows has access lists instead of permission bits: `windows.ts`.
 * @module
 */
import { createHash } from "node:crypto";
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
} from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import process from "node:process";
import { isDeclared } from "../declared/parse.ts";
import { errorCode, errorText, ToolError } from "../errors.ts";
import { USER_SOURCE_BYTES_MAX, USER_SOURCES_MAX, USER_TOOL_FILES_MAX } from "../limits.ts";
import { trustOnWindows } from "./windows.ts";

/** A file of tools, read with what it imports from the folder. */
export interface Sources {
  /** Absolute paths to texts; the file itself comes first. */
  readonly texts: ReadonlyMap<string, string>;
  /** SHA-256 of all names and texts, in hexadecimal. */
  readonly fingerprint: string;
  /**
   * What {@link isUnchanged} compares. Empty when a file changed so recently that its times prove nothing.
   */
  readonly signatures: ReadonlyMap<string, string>;
}

/** Endings of files that define tools. */
const TOOL_FILE = /\.(ts|mts|js|mjs)$/;
/** Not tools: helpers that tools import, declarations, tests, and what editors leave. */
const NO_TOOL_FILE = /^[._]|\.d\.m?ts$|\.test\.[a-z]+$|~$/;
const CODE = /\.([mc]?[jt]s|[jt]sx|json)$/;
/** Tried, in this order, behind a specifier without an ending. */
const ENDINGS = ["", ".ts", ".js", ".mts", ".mjs", ".json", "/index.ts", "/index.js"];
/** Milliseconds after its last change within which a file may change again without a trace in its times. */
const RACY_MS = 100;

/**
 * The names of the tool files, sorted.
 * @param known See {@link trustFolder}.
 * @throws {ToolError} when the folder cannot be used: it is missing, or others can write to it.
 */
export function listToolFiles(folder: string, known?: Map<string, string>): string[] {
  trustFolder(folder, known);
  const isTool = (name: string) => (TOOL_FILE.test(name) || isDeclared(name)) && !NO_TOOL_FILE.test(name);
  const names = readdirSync(folder).filter(isTool).sort();
  if (names.length <= USER_TOOL_FILES_MAX) return names;
  throw new ToolError(
    `Cannot use "${folder}": it holds ${names.length} files, at most ${USER_TOOL_FILES_MAX} can be used`,
    "Move some of them to another folder.",
  );
}

/**
 * Reads a tool file and, as far as they are named by relative paths, the files it imports.
 * @throws {ToolError} when one of them is missing, not trusted, too large, or outside of the folder.
 */
export function readSources(folder: string, name: string): Sources {
  const texts = new Map<string, string>();
  const signatures = new Map<string, string>();
  const waiting = [join(folder, name)];
  let racy = false;
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    if (texts.has(path)) continue;
    if (texts.size === USER_SOURCES_MAX) {
      throw new ToolError(`It imports more than ${USER_SOURCES_MAX} files`, "Put some of them together.");
    }
    const { text, stats } = readTrusted(path, relative(folder, path));
    texts.set(path, text);
    signatures.set(path, signatureOf(stats));
    racy ||= Date.now() - Number(stats.ctimeMs) < RACY_MS;
    for (const specifier of /\.(json|ya?ml)$/.test(path) ? [] : relativeImports(text)) {
      const found = locate(folder, dirname(path), specifier, relative(folder, path));
      if (found !== undefined) waiting.push(found);
    }
  }
  return { texts, signatures: racy ? new Map() : signatures, fingerprint: fingerprintOf(folder, texts) };
}

/** The hash of the names and texts of a tool file and what it imports. */
export function fingerprintOf(folder: string, texts: ReadonlyMap<string, string>): string {
  const hash = createHash("sha256");
  for (const [path, text] of texts) hash.update(`${relative(folder, path)}\0${text.length}\0${text}`);
  return hash.digest("hex");
}

/** Whether no file has changed since its signature was taken: compares times and sizes, not contents. */
export function isUnchanged(signatures: ReadonlyMap<string, string>): boolean {
  if (signatures.size === 0) return false;
  for (const [path, signature] of signatures) if (signatureAt(path) !== signature) return false;
  return true;
}

/** The signature of what stands at a path now. */
export function signatureAt(path: string): string {
  try {
    return signatureOf(lstatSync(path, { bigint: true }));
  } catch (error) {
    return errorCode(error) ?? "?";
  }
}

/**
 * Makes sure that nobody else can change what stands in a folder.
 * @param known What need not be looked at again as long as it stays as it is; on Windows a look takes time.
 * @throws {ToolError} naming who can, and the command that mends it.
 */
export function trustFolder(folder: string, known: Map<string, string> = new Map()): void {
  let real: string;
  try {
    real = realpathSync(folder);
    if (!lstatSync(real).isDirectory()) {
      throw new ToolError(`Cannot use "${folder}": it is no folder`, "Name a folder.");
    }
  } catch (error) {
    if (error instanceof ToolError) throw error;
    const why = errorCode(error) === "ENOENT" ? "there is no such folder" : errorText(error);
    throw new ToolError(`Cannot use "${folder}": ${why}`, `Make it: mkdir -m 700 "${folder}"`);
  }
  if (process.platform === "win32") return trustOnWindows(real, signatureAt, known);
  for (let path = real;; path = dirname(path)) {
    const stats = lstatSync(path, { bigint: true });
    // In a folder like /tmp everybody may make files, but nobody may replace those of others.
    const shared = path !== real && (stats.mode & 0o1000n) !== 0n;
    trust(path, stats, path === real ? `"${path}"` : `"${path}", which holds "${folder}",`, shared);
    if (path === dirname(path)) return;
  }
}

function trust(path: string, stats: BigIntStats, what: string, shared = false): void {
  const uid = process.getuid?.();
  if (uid === undefined) return;
  const owner = Number(stats.uid);
  if (owner !== uid && owner !== 0) {
    throw new ToolError(
      `${what} belongs to another user (${owner}), who could change what is run`,
      `Make it yours: chown ${uid} "${path}"`,
    );
  }
  if ((stats.mode & 0o022n) === 0n || shared) return;
  throw new ToolError(
    `${what} can be changed by others (its mode is ${(stats.mode & 0o777n).toString(8)})`,
    `Take that away: chmod go-w "${path}"`,
  );
}

/** Reads a file through one descriptor: what was checked is what is read. */
function readTrusted(path: string, name: string): { text: string; stats: BigIntStats } {
  let descriptor: number;
  try {
    descriptor = openSync(
      path,
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    );
  } catch (error) {
    if (errorCode(error) === "ELOOP") {
      throw new ToolError(
        `"${name}" is a link`,
        "Put the file itself there: what it leads to is not guarded.",
      );
    }
    throw new ToolError(`Cannot read "${name}": ${errorText(error)}`, "Make it readable, or remove it.");
  }
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    if (!stats.isFile()) throw new ToolError(`"${name}" is no file`, "Remove it.");
    trust(path, stats, `"${name}"`);
    if (stats.size > USER_SOURCE_BYTES_MAX) {
      throw new ToolError(
        `"${name}" has ${stats.size} bytes, at most ${USER_SOURCE_BYTES_MAX} are read`,
        "Split it, or read its data when it is called.",
      );
    }
    return { text: readFileSync(descriptor, "utf8"), stats };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * The relative specifiers in a text that look like imports. Not a parser: one inside of a comment only costs
 * a look, and one that is computed is loaded from the disk as it is then.
 */
function relativeImports(text: string): string[] {
  const found = text.matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*["'](\.{1,2}\/[^"'\n]+)["']/g);
  return [...found].map(([, specifier = ""]) => specifier);
}

/** The file a relative specifier means; undefined when there is none, which the runtime says better. */
function locate(folder: string, from: string, specifier: string, importer: string): string | undefined {
  const base = resolve(from, specifier);
  if (base !== folder && !base.startsWith(folder + sep)) {
    throw new ToolError(
      `"${importer}" imports "${specifier}", which is outside of the folder of tools`,
      "Put it into the folder: only there it is guarded against changes by tools.",
    );
  }
  // What TypeScript calls ./a.js may be ./a.ts.
  const candidates = [...ENDINGS.map((ending) => base + ending), base.replace(/\.(m?)js$/, ".$1ts")];
  return candidates.find((path) => {
    try {
      return CODE.test(path) && !lstatSync(path).isDirectory();
    } catch {
      return false;
    }
  });
}

function signatureOf({ dev, ino, size, mode, uid, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mode, uid, mtimeNs, ctimeNs].join(":");
}
