/**
 * Makes executables of people's own, by the compiler inside of this one: with nothing installed, and offline.
 * @module
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { isDeclared } from "../declared/parse.ts";
import { ToolError } from "../errors.ts";
import { BUILD_MS_MAX, BUILT_TEXT_BYTES_MAX } from "../limits/user.ts";
import type { BuiltFile, Product } from "../product.ts";
import { embeddedFile, embeddedFiles } from "../runtime.ts";
import { BUILT, TEXTS } from "../user/built.ts";
import { describeFiles, type Found } from "../user/discover.ts";
import { listToolFiles, readSources } from "../user/folder.ts";
import type { Pool } from "../worker/pool.ts";
import { COMPILER_FLAGS } from "./flags.ts";

/** The embedded files that hold our own program, and the types for editors. */
const APP = "app.bin";
const TYPES = "types.bin";

/** A file of tools on the disk. */
export interface Source {
  readonly folder: string;
  readonly file: string;
}

/** A file of tools with everything it imports, as one text. */
export interface Bundled extends BuiltFile {
  readonly text: string;
}

/**
 * Bundles files of tools, and loads each result to learn what it defines.
 * @throws {ToolError} naming all problems.
 */
export async function bundleFiles(sources: readonly Source[], work: string, pool: Pool): Promise<Bundled[]> {
  const found: Found[] = [];
  for (const source of sources) {
    // Who else could change the file could have anything run.
    const read = readSources(source.folder, source.file);
    if (isDeclared(source.file)) {
      found.push({ file: source.file, sources: read });
      continue;
    }
    const text = await bundleFile(source, work);
    const path = `${BUILT}${source.file}`;
    const fingerprint = createHash("sha256").update(`${path}\0${text}`).digest("hex");
    const texts = new Map([[path, text]]);
    found.push({ file: source.file, sources: { texts, fingerprint, signatures: new Map<string, string>() } });
  }
  const bundled: Bundled[] = [];
  const problems: string[] = [];
  for await (const { file, sources: { texts, fingerprint }, data, problem } of describeFiles(found, pool)) {
    const [text = ""] = texts.values();
    if (data !== undefined) bundled.push({ file, fingerprint, data, text });
    else problems.push(`${file}: ${problem?.what}. ${problem?.next}`);
  }
  if (problems.length > 0) throw new ToolError("Some tools cannot be used", problems.join("\n"));
  return bundled.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** The files that operands name: each a file, or a folder with all its files of tools. */
export function listSources(folder: string, file?: string): Source[] {
  const names = listToolFiles(folder);
  return (file === undefined ? names : [file]).map((name) => ({ folder, file: name }));
}

async function bundleFile({ folder, file }: Source, work: string): Promise<string> {
  const out = await mkdtemp(join(work, "bundle-"));
  await runCompiler(
    [
      "build",
      join(folder, file),
      "--target=bun",
      "--format=esm",
      "--external=clawhammer",
      `--outdir=${out}`,
    ],
    out,
    `Cannot bundle ${file}`,
  );
  const names = await readdir(out);
  const [name] = names;
  if (name === undefined || names.length > 1) {
    throw new ToolError(
      `${file} imports what cannot be put into it: ${names.filter((one) => !one.endsWith(".js")).join(", ")}`,
      'Import texts with { type: "text" }, and packages that are JavaScript alone.',
    );
  }
  const text = await readFile(join(out, name), "utf8");
  if (text.length <= BUILT_TEXT_BYTES_MAX) return text;
  throw new ToolError(
    `${file} has ${text.length} characters with all it imports`,
    "Import smaller packages.",
  );
}

/** Compiles the executable. @returns its size in bytes. */
export async function makeExecutable(
  product: Omit<Product, "files">,
  files: readonly Bundled[],
  outfile: string,
  work: string,
): Promise<void> {
  const app = join(work, "app");
  await mkdir(app);
  const chunks: Record<string, string> = JSON.parse(await embedded(APP).text());
  const defined: Product = {
    ...product,
    files: files.map(({ file, fingerprint, data }) => ({ file, fingerprint, data })),
  };
  for (const [name, text] of Object.entries(chunks)) {
    await mkdir(dirname(join(app, name)), { recursive: true });
    await writeFile(join(app, name), withProduct(text, defined));
  }
  // What runs in a thread is a program of its own, and known by the name of its source.
  const threads = Object.keys(chunks).filter((name) => name.endsWith(".ts"));
  const texts = Object.fromEntries(files.map(({ fingerprint, text }) => [fingerprint, text]));
  await writeFile(join(app, TEXTS), JSON.stringify(texts));
  // Everything that is embedded here goes along, but what only makes other tools and servers.
  const assets = embeddedFiles().filter(({ name }) => name !== APP && name !== TYPES && name !== TEXTS);
  for (const asset of assets) await writeFile(join(app, asset.name), await asset.bytes());
  const fresh = join(work, basename(outfile));
  await runCompiler(
    [
      "build",
      ...["main.js", ...threads, TEXTS, ...assets.map(({ name }) => name)],
      ...COMPILER_FLAGS,
      `--outfile=${fresh}`,
    ],
    app,
    "Cannot compile the executable",
  );
  if (process.platform === "darwin") await signForApple(fresh, work);
  await replace(fresh, outfile);
}

/**
 * The text of a chunk, with the product in the place of the name that lib/product.ts asks for. It can be
 * larger than an argument of the compiler.
 */
function withProduct(text: string, product: Product): string {
  // Put together here, so that the chunk of this very function is not taken for that of lib/product.ts.
  const mark = ["CLAWHAMMER", "PRODUCT"].join("_");
  return text.includes(`typeof ${mark}`) ? `const ${mark} = ${JSON.stringify(product)};\n${text}` : text;
}

function embedded(name: string): Blob {
  const file = embeddedFile(name);
  if (file !== undefined) return file;
  throw new ToolError(
    "Only the executable can build others: it holds what they are made of",
    "From source, make it first: npm run build. Then: dist/clawhammer build …",
  );
}

/** Runs the compiler that this executable is, too. @throws {ToolError} with what it said when it failed. */
async function runCompiler(args: readonly string[], cwd: string, what: string): Promise<void> {
  const { code, output } = await run(process.execPath, args, cwd, { BUN_BE_BUN: "1" });
  if (code === 0) return;
  throw new ToolError(what, output.trim().slice(0, 4_000) || `The compiler ended with ${code}`);
}

/** Apple's kernel kills what carries no valid signature, and embedding has broken the one of the runtime. */
async function signForApple(path: string, cwd: string): Promise<void> {
  const { code, output } = await run("/usr/bin/codesign", ["--force", "--sign", "-", path], cwd, {});
  if (code !== 0) throw new ToolError("Cannot sign the executable", output.trim());
}

/** Runs a program in an environment of its own: what is set here must not change what is built. */
function run(command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>>) {
  return new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    // The compiler keeps what it makes of sources in a cache, for which it wants a home.
    const own = { ...env, HOME: cwd, TMPDIR: cwd, BUN_INSTALL_CACHE_DIR: join(cwd, "cache") };
    const child = spawn(command, args, {
      cwd,
      env: own,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: BUILD_MS_MAX,
    });
    let output = "";
    child.stdout.on("data", (chunk) => output += chunk);
    child.stderr.on("data", (chunk) => output += chunk);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** Puts the file in its place at once: an old version may be running meanwhile. */
async function replace(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch {
    // Windows keeps a program that runs where it is, but lets it be renamed.
    const old = join(dirname(to), `.old-${basename(to)}`);
    await rm(old, { force: true });
    await rename(to, old).catch(() => {});
    await copyFile(from, to);
    await rm(old, { force: true }).catch(() => {});
  }
}
