// deno-lint-ignore-file no-console explicit-module-boundary-types -- its types are in JSDoc
/**
 * Where Bun and Deno are: both come from npm, so a machine with Node and npm has everything.
 * Plain JavaScript, because Node 20 runs it before anything is installed.
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the source tree. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

const WINDOWS = process.platform === "win32";

/**
 * Runs npm and waits for it. Its JavaScript is started where it is known, because Windows starts no
 * `npm.cmd` without a shell: npm names it to the scripts it runs, and scripts/task.mjs to everything else.
 * @param {string[]} args
 * @param {import("node:child_process").SpawnSyncOptionsWithStringEncoding} options
 */
export function npm(args, options) {
  const { npm_execpath: client, npm_node_execpath: node } = process.env;
  const known = client?.endsWith("npm-cli.js") && node !== undefined;
  return known ? spawnSync(node, [client, ...args], options) : spawnSync("npm", args, options);
}

/** Tells this process and those it starts where npm is, when not npm itself started it. */
export function rememberNpm() {
  if (process.env.npm_execpath !== undefined || !WINDOWS) return;
  process.env.npm_execpath = join(dirname(process.execPath), "node_modules", "npm", "bin", "npm-cli.js");
  process.env.npm_node_execpath = process.execPath;
}

/** Makes node_modules what package-lock.json says, with `npm ci` when it is not. */
export function ensureModules() {
  const difference = firstDifference();
  if (difference === undefined) return;
  console.log(`${difference}: running npm ci`);
  const { status, error } = npm(["ci", "--no-audit", "--no-fund", "--loglevel=warn"], {
    cwd: ROOT,
    stdio: "inherit",
    encoding: "utf8",
  });
  if (status !== 0) {
    const why = error === undefined ? `it ended with status ${status}` : error.message;
    throw new Error(
      `npm ci failed: ${why}\nCheck the network and the version of npm (10 or later), then repeat.`,
    );
  }
}

/**
 * What differs first between package-lock.json and what npm noted in node_modules, as a phrase; undefined
 * when nothing does. Optional packages may be missing: they are those of other platforms.
 */
function firstDifference() {
  const note = join(ROOT, "node_modules", ".package-lock.json");
  if (!existsSync(note)) return "node_modules is missing";
  const wanted = packagesOf(join(ROOT, "package-lock.json"));
  const installed = packagesOf(note);
  for (const [path, { version, optional }] of Object.entries(wanted)) {
    if (path === "") continue;
    const found = installed[path]?.version;
    if (found === version || (found === undefined && optional)) continue;
    return `${path} is ${found ?? "missing"}, package-lock.json asks for ${version}`;
  }
  return undefined;
}

/**
 * @param {string} path
 * @returns {Record<string, { version: string, optional?: boolean, integrity?: string }>}
 */
function packagesOf(path) {
  return JSON.parse(readFileSync(path, "utf8")).packages;
}

/**
 * The program of a runtime: where its own installation puts it, or, when npm did not run installation
 * scripts, in the package of this platform. Which one that is, is found by trying: the first that says the
 * right version.
 * @param {"bun" | "deno"} name
 * @returns {string}
 */
export function findRuntime(name) {
  const { version } = JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8"));
  const tried = candidates(name).filter((path) => existsSync(path));
  for (const path of tried) {
    const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
    if (stdout?.includes(version)) return path;
  }
  throw new Error(
    `Cannot find a working ${name} ${version} for ${process.platform} ${process.arch}\n` +
      (tried.length > 0 ? `Tried: ${tried.join(", ")}\n` : "") +
      "Delete node_modules and run npm ci with optional dependencies; its output says what went wrong.",
  );
}

/** @param {"bun" | "deno"} name */
function candidates(name) {
  const modules = join(ROOT, "node_modules");
  const file = WINDOWS ? `${name}.exe` : name;
  const [scope, installed, inside] = name === "bun"
    ? ["@oven", join("bun", "bin", "bun.exe"), join("bin", file)]
    : ["@deno", join("deno", file), file];
  const folder = join(modules, scope);
  const platforms = existsSync(folder) ? readdirSync(folder).sort() : [];
  return [join(modules, installed), ...platforms.map((platform) => join(folder, platform, inside))];
}
