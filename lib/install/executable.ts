/**
 * How a client starts this very program, and whether it stands where it will still be tomorrow.
 * @module
 */
import { access, constants, readFile, realpath } from "node:fs/promises";
import type { Launch } from "../clients/types.ts";
import { type Host, pathsOf } from "../config/host.ts";
import { runProgram } from "../doctor/run.ts";
import { errorCode } from "../errors.ts";
import { isCompiled, runtimeName } from "../runtime.ts";
import { shellWord } from "../shell.ts";
import { name as program, title } from "../version.ts";

/** The program as a client starts it. */
export interface Executable {
  /** What stands before the flags of `serve`. */
  readonly launch: Launch;
  /** How a person calls it in a shell: by its name where PATH leads to it, by its path elsewhere. */
  readonly command: string;
  /** Why it must not be installed from here, and what to do; undefined when it may. */
  readonly refusal?: string;
  /** What may go wrong later. */
  readonly warnings: readonly string[];
}

/** Finds the program. */
export async function thisExecutable(host: Host): Promise<Executable> {
  if (!isCompiled()) {
    const { execPath, argv: [, script = ""] } = process;
    const permissions = ["env", "read", "write", "run", "sys"].map((name) => `--allow-${name}`);
    const first = runtimeName().startsWith("Deno") ? ["run", ...permissions] : [];
    return {
      launch: { command: execPath, args: [...first, script, "serve"] },
      command: program,
      warnings: ["It is started from its source: the entry works as long as the source and the runtime stay"],
    };
  }
  const command = await lastingPath(process.execPath, host);
  return {
    launch: { command, args: ["serve"] },
    command: callOf(command, host),
    ...await judgePath(command, host),
  };
}

function callOf(path: string, host: Host): string {
  const paths = pathsOf(host);
  const reached = (host.env.PATH ?? "").split(paths.delimiter).includes(paths.dirname(path));
  return reached ? paths.basename(path).replace(/\.exe$/i, "") : shellWord(path, host);
}

/**
 * The path under which an executable survives its updates: a link on PATH that leads to it, as Homebrew and
 * Nix make them, before the file in a folder that carries a version.
 */
export async function lastingPath(executable: string, host: Host): Promise<string> {
  const paths = pathsOf(host);
  const real = await realpath(executable).catch(() => executable);
  for (const folder of (host.env.PATH ?? "").split(paths.delimiter)) {
    if (!paths.isAbsolute(folder)) continue;
    const candidate = paths.join(
      folder,
      paths.basename(executable).replace(/^clawhammer.*?(\.exe)?$/i, "clawhammer$1"),
    );
    if (await realpath(candidate).catch(() => undefined) === real) return candidate;
  }
  return executable;
}

/** Whether a path will last. */
export async function judgePath(
  path: string,
  host: Host,
): Promise<{ readonly refusal?: string; readonly warnings: readonly string[] }> {
  const move = moveTo(path, host);
  if (host.platform === "darwin" && path.includes("/AppTranslocation/")) {
    return {
      refusal: `macOS runs it from a hiding place that changes with every start\n${move}`,
      warnings: [],
    };
  }
  if (host.platform === "darwin" && path.startsWith("/Volumes/") && await isReadOnly(path)) {
    return { refusal: `It stands on a disk image, which goes when it is ejected\n${move}`, warnings: [] };
  }
  const warnings: string[] = [];
  if (isTemporary(path, host)) warnings.push(`"${path}" is in a temporary folder, which is emptied. ${move}`);
  const downloads = host.home && pathsOf(host).join(host.home, "Downloads") + pathsOf(host).sep;
  if (downloads && path.startsWith(downloads)) {
    warnings.push(`"${path}" is among your downloads, where it is easily deleted. ${move}`);
  }
  if (await isQuarantined(path, host)) {
    warnings.push(
      `The system still treats it as a download and may not start it. Allow it with: ${
        unquarantine(path, host)
      }`,
    );
  }
  return { warnings };
}

/** The command that takes the mark of a download away. */
export function unquarantine(path: string, host: Host): string {
  return host.platform === "win32"
    ? `powershell -Command "Unblock-File -LiteralPath '${path.replaceAll("'", "''")}'"`
    : `xattr -d com.apple.quarantine ${shellWord(path, host)}`;
}

/**
 * Whether the system marks a file as downloaded (macOS: quarantine, Windows: the zone it came from, in a
 * stream beside the file).
 */
export async function isQuarantined(path: string, { platform }: Host, run = runProgram): Promise<boolean> {
  if (platform === "win32") {
    return /^ZoneId=[34]/m.test(await readFile(`${path}:Zone.Identifier`, "utf8").catch(() => ""));
  }
  if (platform !== "darwin") return false;
  return (await run("/usr/bin/xattr", ["-p", "com.apple.quarantine", path]))?.status === 0;
}

/** Whether a path is in a folder that the system empties by itself. */
export function isTemporary(path: string, host: Host): boolean {
  const { TMPDIR, TEMP, TMP } = host.env;
  const usual = host.platform === "win32"
    ? []
    : ["/tmp", "/var/tmp", "/private/tmp", "/var/folders", "/private/var/folders", "/dev/shm"];
  const paths = pathsOf(host);
  return [...usual, TMPDIR, TEMP, TMP].some((folder) => {
    if (folder === undefined || !paths.isAbsolute(folder)) return false;
    const inside = paths.relative(folder, path);
    return inside !== "" && !inside.startsWith("..") && !paths.isAbsolute(inside);
  });
}

async function isReadOnly(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK);
    return false;
  } catch (error) {
    return errorCode(error) === "EROFS";
  }
}

/** The commands that put it where programs of a person stand. */
function moveTo(path: string, host: Host): string {
  if (host.platform === "win32") {
    const folder = `$env:LOCALAPPDATA\\Programs\\${title}`;
    const target = `${folder}\\${program}.exe`;
    return `Move it first (PowerShell): mkdir -Force "${folder}"; move "${path}" "${target}"; ` +
      `& "${target}" install`;
  }
  // A disk image and a hiding place cannot be moved from.
  const target = `~/.local/bin/${program}`;
  return `Copy it first: mkdir -p ~/.local/bin && cp ${shellWord(path, host)} ${target} && ${target} install`;
}
