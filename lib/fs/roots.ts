/**
 * Allowed folders, and what a path argument means by its letters alone. Whether it really stays inside is
 * decided later, on the open descriptor (`open.ts`); this check is early and friendly, not the boundary.
 * @module
 */
import { lstatSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, isAbsolute, join, normalize, parse, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { errorCode, ToolError } from "../errors.ts";
import type { Root } from "./types.ts";

/** A folder as the configuration names it: an absolute path, and whether it may be written. */
export interface Allowed {
  readonly path: string;
  readonly readOnly: boolean;
}

/** A configured folder that cannot be used now, and why: `no such folder`. */
export interface MissingRoot {
  readonly path: string;
  readonly why: string;
}

/**
 * Resolves the allowed folders once, at start. A folder that is missing is reported, not fatal: an unplugged
 * disk must not take the other folders away.
 */
export function openRoots(allow: readonly Allowed[]): { roots: Root[]; missing: MissingRoot[] } {
  const roots = new Map<string, Root>();
  const missing: MissingRoot[] = [];
  for (const { path, readOnly } of allow) {
    try {
      const given = resolve(path);
      // Synchronous on purpose: at start nothing else could run, and waking the thread pool costs more than
      // this.
      const real = realpathSync.native(given);
      if (!statSync(real).isDirectory()) missing.push({ path, why: "not a folder" });
      // The same folder given twice keeps the stricter of both wishes.
      else roots.set(real, { real, given, readOnly: readOnly || roots.get(real)?.readOnly === true });
    } catch (error) {
      missing.push({
        path,
        why: errorCode(error) === "ENOENT" ? "no such folder" : `${errorCode(error) ?? error}`,
      });
    }
  }
  return { roots: [...roots.values()], missing };
}

/** Where a path really is; the path itself when that cannot be told, because nothing is there. */
export function realOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

/** Whether `path` is `folder` or below it. Both absolute and normalised; compared by whole components. */
export function isInside(path: string, folder: string): boolean {
  if (path === folder) return true;
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** The allowed folder that decides about a real path: the innermost one that holds it. */
export function rootOf(real: string, roots: readonly Root[]): Root | undefined {
  let best: Root | undefined;
  for (const root of roots) {
    if (isInside(real, root.real) && (best === undefined || root.real.length > best.real.length)) best = root;
  }
  return best;
}

/**
 * The absolute, normalised path an argument means. See {@link Files.resolve}.
 * @throws {ToolError} when it is no usable path or is outside by its letters.
 */
export function resolvePath(argument: string, roots: readonly Root[]): string {
  if (roots.length === 0) {
    throw new ToolError(
      `Cannot use "${show(argument)}": no folder is allowed`,
      'The person can allow one by adding "--allow", "/path/to/folder" to the arguments of Clawhammer. ' +
        "If that was done, the client's own roots exclude it; --ignore-roots lifts that.",
    );
  }
  const path = isPlain(argument) ? argument : normalPath(absolutePath(argument, roots));
  if (roots.some((root) => isInside(path, root.given) || isInside(path, root.real))) return path;
  throw outside(argument, roots);
}

/** Whether a path is absolute and normalised as it stands, as nearly all are. Windows has more to ask. */
function isPlain(argument: string): boolean {
  // No name is empty or begins with a dot, and none has a NUL or may have half a character.
  return sep === "/" && /^(?:\/[^/.\0\ud800-\udfff][^/\0\ud800-\udfff]*)+$/.test(argument);
}

/** A path without empty names, dots, and a separator at its end. */
function normalPath(path: string): string {
  const normal = normalize(path);
  return normal.length > parse(normal).root.length && normal.endsWith(sep) ? normal.slice(0, -1) : normal;
}

/** The error for a path outside. It names the path as it was asked and the allowed folders, nothing else. */
export function outside(argument: string, roots: readonly Root[]): ToolError {
  const names = roots.map((root) => root.given).join(", ");
  return new ToolError(
    `Cannot use "${show(argument)}": it is outside the allowed folders`,
    `Allowed: ${names}.`,
  );
}

/** A path as it is shown inside quotes: control characters escaped, overlong ones cut. */
export function show(path: string): string {
  // deno-lint-ignore no-control-regex
  const escaped = path.replace(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return escaped.length > 500 ? `${escaped.slice(0, 500)}…` : escaped;
}

function absolutePath(argument: string, roots: readonly Root[]): string {
  if (argument === "") {
    throw new ToolError(
      "Cannot use an empty path",
      `Allowed: ${roots.map((root) => root.given).join(", ")}.`,
    );
  }
  if (argument.includes("\0")) {
    throw new ToolError(
      `Cannot use "${show(argument)}": it contains a NUL character`,
      "Send the path without it.",
    );
  }
  if (/^file:/i.test(argument)) return fromUrl(argument);
  if (argument === "~" || argument.startsWith("~/") || argument.startsWith(`~${sep}`)) {
    return join(home(argument), argument.slice(1));
  }
  if (process.platform === "win32") refuseWindowsForms(argument);
  else if (/^[A-Za-z]:[\\/]/.test(argument) || argument.startsWith("\\\\")) {
    throw new ToolError(
      `Cannot use "${show(argument)}": that is a Windows path, and this machine is not Windows`,
      `Allowed: ${roots.map((root) => root.given).join(", ")}.`,
    );
  }
  return isAbsolute(argument) ? argument : fromRelative(argument, roots);
}

function home(argument: string): string {
  try {
    return homedir();
  } catch {
    throw new ToolError(
      `Cannot use "${show(argument)}": the home folder is not known`,
      "Send an absolute path.",
    );
  }
}

function fromUrl(argument: string): string {
  try {
    return fileURLToPath(argument);
  } catch {
    throw new ToolError(
      `Cannot use "${show(argument)}": it is no valid file: URL`,
      "Send a plain absolute path.",
    );
  }
}

/**
 * A relative path belongs to the only allowed folder. With several, `name/…` belongs to the folder called
 * `name`, or to the only one that has such an entry.
 */
function fromRelative(argument: string, roots: readonly Root[]): string {
  const [only] = roots;
  if (roots.length === 1 && only !== undefined) return join(only.given, argument);
  const [first = "", ...rest] = normalize(argument).split(sep);
  const named = roots.filter((root) => basename(root.given) === first);
  if (named.length === 1 && named[0] !== undefined) return join(named[0].given, ...rest);
  const holding = roots.filter((root) => first !== ".." && first !== "." && exists(join(root.given, first)));
  if (holding.length === 1 && holding[0] !== undefined) return join(holding[0].given, argument);
  throw new ToolError(
    `Cannot tell which folder "${show(argument)}" belongs to: ${roots.length} folders are allowed`,
    `Send an absolute path. Allowed: ${roots.map((root) => root.given).join(", ")}.`,
  );
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/**
 * Forms that Windows resolves to something else than they seem: device names, alternate data streams,
 * drive-relative paths, trailing dots and spaces, and the verbatim and device prefixes.
 * Written against the documentation ("Naming Files, Paths, and Namespaces"); not run on Windows here.
 */
export function refuseWindowsForms(argument: string): void {
  const refuse = (why: string) => {
    throw new ToolError(
      `Cannot use "${show(argument)}": ${why}`,
      "Send a plain absolute path such as C:\\folder\\file.txt.",
    );
  };
  if (/^[\\/]{2}[?.][\\/]/.test(argument)) refuse("device and verbatim paths are refused");
  if (/^[A-Za-z]:(?![\\/])/.test(argument)) refuse("it is relative to the current folder of a drive");
  const withoutDrive = argument.replace(/^[A-Za-z]:/, "");
  if (withoutDrive.includes(":")) refuse("it names an alternate data stream");
  for (const component of withoutDrive.split(/[\\/]/)) {
    if (/^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\.|$)/i.test(component)) {
      refuse(`"${component}" is the name of a device`);
    }
    if (/[. ]$/.test(component) && component !== "." && component !== "..") {
      refuse(`"${component}" ends in a dot or a space`);
    }
  }
}
