/**
 * ripgrep for any platform. npm installs the one of this machine; the others are fetched with npm's own
 * client and must be what package-lock.json says they are.
 * @module
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { npm, ROOT } from "./runtimes.mjs";

const CACHE = join(ROOT, ".cache", "ripgrep");

/**
 * The path of ripgrep for a platform as npm names it: `linux-x64`, `win32-arm64`.
 * @throws {Error} when the platform has none, or it cannot be fetched, or it is not the one that was locked.
 */
export async function ripgrepFor(platform: string): Promise<string> {
  const name = `@vscode/ripgrep-${platform}`;
  const file = join("bin", platform.startsWith("win32") ? "rg.exe" : "rg");
  const installed = join(ROOT, "node_modules", name, file);
  if (existsSync(installed)) return installed;

  const { version, integrity } = await locked(name);
  const unpacked = join(CACHE, `${platform}-${version}`);
  const cached = join(unpacked, "package", file);
  if (existsSync(cached)) return cached;

  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, "fetch-"));
  try {
    const archive = join(folder, fetchPackage(`${name}@${version}`, folder));
    const hash = `sha512-${createHash("sha512").update(await readFile(archive)).digest("base64")}`;
    if (hash !== integrity) {
      throw new Error(`${name}@${version} is not the locked one: ${hash}, not ${integrity}`);
    }
    // The folder is the working directory, and the name relative, because some tars take "C:" for a host.
    run("tar", ["-xzf", archive.slice(folder.length + 1)], folder);
    await rm(archive);
    await rm(unpacked, { recursive: true, force: true });
    await rename(folder, unpacked);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return cached;
}

async function locked(name: string): Promise<{ version: string; integrity: string }> {
  const { packages } = JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8"));
  const entry = packages[`node_modules/${name}`];
  if (entry === undefined) {
    throw new Error(`No ripgrep for this platform: package-lock.json does not name ${name}`);
  }
  return entry;
}

/** Fetches the archive of a package. @returns its file name. */
function fetchPackage(spec: string, folder: string): string {
  const { status, stdout, stderr } = npm([
    "pack",
    spec,
    "--json",
    "--loglevel=warn",
    "--pack-destination",
    folder,
  ], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`Cannot fetch ${spec} with npm pack\n${stderr}`);
  return JSON.parse(stdout)[0].filename;
}

function run(program: string, args: string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`);
}
