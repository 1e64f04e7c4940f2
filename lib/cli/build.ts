/**
 * `clawhammer build`: an executable of the person's own.
 * @module
 */
import { existsSync, realpathSync, statSync } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { pickModules } from "../app.ts";
import { type Bundled, bundleFiles, listSources, makeExecutable, type Source } from "../build/make.ts";
import { ToolError, UsageError } from "../errors.ts";
import { sizeText } from "../format.ts";
import { createLog } from "../log.ts";
import { isCompiled } from "../runtime.ts";
import type { Module } from "../tool.ts";
import { openPool, takenNames } from "../user/open.ts";
import { createWorkers } from "../worker/pool.ts";
import type { Invocation } from "./command.ts";
import { print } from "./output.ts";

/** What the server may be called: it names a file, a folder and an entry in the configurations of clients. */
const NAME = /^[a-z][a-z0-9-]{0,39}$/;
/** semver.org, without what follows a plus sign. */
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$/;

/** Builds the server from the files and folders that the operands name. */
export async function buildServer({ modules, line }: Invocation): Promise<number> {
  const { operands, flags, config } = line;
  const out = flags.get("--out")?.[0];
  if (operands.length === 0 || out === undefined) {
    throw new UsageError("Build what, and where to?\nWrite clawhammer build FILE | DIR -o my-server");
  }
  if (!isCompiled()) {
    throw new ToolError(
      "Only the executable can build others: it holds what they are made of",
      "From source, make it first: npm run build. Then use dist/clawhammer.",
    );
  }
  const outfile = outfileOf(out);
  const sources = operands.flatMap(sourcesOf);
  const name = flags.get("--name")?.[0] ?? basename(outfile).replace(/\.exe$/i, "").toLowerCase();
  if (!NAME.test(name) || name === "clawhammer") {
    throw new UsageError(
      `"${name}" cannot be the name of a server\n` +
        "Use small letters, digits and -, at most 40: --name my-server",
    );
  }
  const version = flags.get("--version")?.[0] ?? await versionBeside(sources) ?? "1.0.0";
  if (!VERSION.test(version)) throw new UsageError(`"${version}" is no version\nWrite it as 1.2.0`);
  const chosen = chosenModules(modules, flags.get("--modules"));
  const workers = createWorkers(createLog({ folder: undefined, level: config.logLevel }));
  // Beside the result, so that it can take its place at once.
  const work = await mkdtemp(join(dirname(outfile), `.${basename(outfile)}-`));
  try {
    const files = await bundleFiles(sources, work, openPool(workers, config.toolsEnv));
    refuseCollisions(files, chosen);
    await makeExecutable(
      { name, version, modules: chosen.map((module) => module.name) },
      files,
      outfile,
      work,
    );
    await print(await summary(outfile, `${name} ${version}`, files, chosen));
    return 0;
  } finally {
    workers.end();
    await rm(work, { recursive: true, force: true });
  }
}

function outfileOf(out: string): string {
  const path = resolve(
    process.cwd(),
    process.platform === "win32" && !/\.exe$/i.test(out) ? `${out}.exe` : out,
  );
  const folder = dirname(path);
  if (!existsSync(folder)) throw new ToolError(`There is no folder "${folder}"`, "Make it first.");
  if (existsSync(path) && !statSync(path).isFile()) {
    throw new ToolError(`"${path}" is no file`, "Name the executable to write: -o my-server");
  }
  if (existsSync(path) && realpathSync(path) === realpathSync(process.execPath)) {
    throw new ToolError(`"${path}" is this program itself`, "Name another file.");
  }
  return join(realpathSync(folder), basename(path));
}

function sourcesOf(operand: string): Source[] {
  const path = resolve(process.cwd(), operand);
  if (!existsSync(path)) {
    throw new ToolError(`There is no "${path}"`, "Name a file of tools, or a folder of them.");
  }
  const real = realpathSync(path);
  if (!statSync(real).isDirectory()) return listSources(dirname(real), basename(real));
  const found = listSources(real);
  if (found.length > 0) return found;
  throw new ToolError(`There is no file of tools in "${path}"`, "Name another folder.");
}

/** The version in the package.json beside the tools, where there is one. */
async function versionBeside([first]: readonly Source[]): Promise<string | undefined> {
  if (first === undefined) return undefined;
  const path = join(first.folder, "package.json");
  if (!existsSync(path)) return undefined;
  try {
    const { version }: { version?: unknown } = JSON.parse(await readFile(path, "utf8"));
    return typeof version === "string" ? version : undefined;
  } catch {
    throw new ToolError(`"${path}" is no JSON`, "Mend it, or give --version.");
  }
}

/** Those that were asked for. What is configured for this program says nothing about another one. */
function chosenModules(modules: readonly Module[], given: readonly string[] | undefined): readonly Module[] {
  if (given === undefined) return [];
  const names = given.flatMap((text) => text.split(",")).map((name) => name.trim()).filter((name) =>
    name !== ""
  );
  return pickModules(modules.filter(({ needs }) => needs === undefined), { modules: names, without: [] });
}

function refuseCollisions(files: readonly Bundled[], modules: readonly Module[]): void {
  const owners = new Map([...takenNames(modules)].map((name) => [name, "a module of Clawhammer"]));
  for (const { file, data } of files) {
    for (
      const name of [
        ...data.tools.map((tool) => tool.name),
        ...data.prompts.map((one) => `prompt ${one.name}`),
      ]
    ) {
      const owner = owners.get(name);
      if (owner !== undefined) {
        throw new ToolError(`${file} and ${owner} both have "${name}"`, "Give one of them another name.");
      }
      owners.set(name, file);
    }
  }
}

async function summary(
  outfile: string,
  what: string,
  files: readonly Bundled[],
  modules: readonly Module[],
): Promise<string> {
  const tools = files.flatMap(({ data }) => data.tools.map((tool) => tool.name));
  const inside = [...tools, ...modules.map((module) => `module ${module.name}`)].join(", ");
  return [
    `Wrote ${outfile} (${sizeText((await stat(outfile)).size)}): ${what} with ${inside}`,
    `Look at it: ${outfile} tools. It serves when a client starts it.`,
  ].join("\n");
}
