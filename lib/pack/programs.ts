/**
 * The executables of a bundle: which ones, where they are, and what is started on each system.
 * @module
 */
import { Buffer } from "node:buffer";
import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { errorText, ToolError, UsageError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { isCompiled } from "../runtime.ts";
import { name as program } from "../version.ts";
import { launcher } from "./launcher.ts";
import { executableName, type System, type Target, TARGETS, thisTarget } from "./targets.ts";
import type { Entry } from "./zip.ts";

/** An executable to be packed. */
export interface Program {
  readonly target: Target;
  readonly path: string;
}

/** Bytes in which an executable names its system and its dynamic loader. */
const HEAD_BYTES = 4_096;

/**
 * Finds the executables.
 * @param names The platforms asked for; none means all of the folder, or without a folder this machine's.
 * @param from The folder with executables named as the release names them.
 * @throws {UsageError} for a platform that there is none of.
 * @throws {ToolError} when an executable is missing or is none.
 */
export async function programsOf(names: readonly string[], from: string | undefined): Promise<Program[]> {
  const asked = [...new Set(names)].map(targetNamed);
  const programs = from === undefined ? [await ownProgram(asked)] : await programsIn(from, asked);
  if (programs.filter(({ target }) => target.system === "win32").length > 1) {
    throw new UsageError(
      "A bundle starts one executable on Windows, whatever the processor\n" +
        "Leave out windows-arm64: those machines run windows-x64, too",
    );
  }
  for (const { path, target } of programs) {
    const head = await headOf(path);
    if (target.magic.every((byte, i) => head[i] === byte)) continue;
    throw new ToolError(`"${path}" is no executable of ${target.name}`, "Build it, or download it again");
  }
  return programs;
}

function targetNamed(text: string): Target {
  const found = TARGETS.find(({ name }) => name === text);
  if (found !== undefined) return found;
  const all = TARGETS.map(({ name }) => name);
  const near = nearest(text, all, 1).map((name) => `Did you mean "${name}"? `).join("");
  throw new UsageError(`Unknown target "${text}"\n${near}The targets are ${all.join(", ")}`);
}

/** The executable that runs. It is the only one there is without a folder. */
async function ownProgram(asked: readonly Target[]): Promise<Program> {
  const build = 'Name the folder of a release with --from; "npm run build:all" makes one';
  if (!isCompiled()) throw new UsageError(`Run from source, there is no executable to pack\n${build}`);
  const musl = (await headOf(process.execPath)).includes("ld-musl");
  const target = thisTarget(musl);
  const other = asked.find(({ name }) => name !== target?.name);
  if (other !== undefined) {
    throw new UsageError(`This executable is not for ${other.name}\n${build}`);
  }
  if (target === undefined) throw new UsageError(`No bundle is made for ${process.platform}-${process.arch}`);
  return { target, path: process.execPath };
}

async function programsIn(folder: string, asked: readonly Target[]): Promise<Program[]> {
  const files = await readdir(folder).catch((error) => {
    throw new ToolError(
      `Cannot read the folder "${folder}": ${errorText(error)}`,
      "Name another one with --from",
    );
  });
  const there = TARGETS.filter((target) => files.includes(executableName(target)));
  const missing = asked.find((target) => !there.includes(target));
  if (missing !== undefined || there.length === 0) {
    const wanted = missing === undefined ? `${program}-OS-ARCH` : executableName(missing);
    throw new ToolError(`There is no "${wanted}" in "${folder}"`, 'Build it with "npm run build:all"');
  }
  // A bundle holds one executable for Windows, and the one for x64 runs on both processors.
  const all = there.filter(({ name }) => name !== "windows-arm64" || !there.some(isWindowsX64));
  return (asked.length > 0 ? asked : all).map((target) => ({
    target,
    path: join(folder, executableName(target)),
  }));
}

function isWindowsX64({ name }: Target): boolean {
  return name === "windows-x64";
}

/**
 * The files of the executables inside a bundle, and the one that is started on each system: the executable
 * itself, or a launcher where there are several.
 */
export function programEntries(
  programs: readonly Program[],
): { entries: Entry[]; started: Map<System, string> } {
  const entries: Entry[] = programs.map(({ target, path }) => ({
    name: `server/${executableName(target)}`,
    executable: true,
    read: () => readFile(path),
  }));
  const started = new Map<System, string>();
  for (const system of ["darwin", "win32", "linux"] as const) {
    const own = programs.filter(({ target }) => target.system === system).map(({ target }) => ({
      target,
      file: executableName(target),
    }));
    const [only, ...others] = own;
    if (only === undefined) continue;
    if (others.length === 0) {
      started.set(system, `server/${only.file}`);
      continue;
    }
    const script = `server/${program}-${system}`;
    entries.push({ name: script, executable: true, read: () => Buffer.from(launcher(own)) });
    started.set(system, script);
  }
  return { entries, started };
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path, "r").catch((error) => {
    throw new ToolError(`Cannot read "${path}": ${errorText(error)}`, "Build it, or download it again");
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
