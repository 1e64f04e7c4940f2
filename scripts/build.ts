// deno-lint-ignore-file no-console -- it speaks to a person
/**
 * Builds the executable: `dist/clawhammer` for this machine, or with `--all` one for every platform and
 * SHA256SUMS. Run by Bun, which is also the compiler.
 * @module
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, sep } from "node:path";
import process from "node:process";
import { COMPILER_FLAGS } from "../lib/build/flags.ts";
import { type InstalledPackage, readPackage } from "../lib/licenses/packages.ts";
import { collectLicenses, LICENSES_NAME } from "../lib/licenses/text.ts";
import { executableName, TARGETS } from "../lib/pack/targets.ts";
import { ripgrepFor } from "./ripgrep.ts";
import { ROOT } from "./runtimes.mjs";
import { typesText } from "./types.ts";

const DIST = join(ROOT, "dist");

/** Runs in a thread of its own, so it is a program of its own. */
const THREAD = "lib/confine/thread.ts";

/** What to compile. */
export interface Compilation {
  /** The TypeScript file that is run. */
  readonly entry: string;
  /** The executable. Its old version may be running meanwhile: it is replaced, not rewritten. */
  readonly outfile: string;
  /** A name of the list of targets; this machine when left out. */
  readonly target?: string;
  /** Files to embed, each under its own name, and programs of threads, under their paths. */
  readonly assets?: readonly string[];
  /** What {@link rehearse} recorded: the functions a start needs are then laid out together. */
  readonly order?: string;
  /** Where the compiler writes what it has read (esbuild's metafile). */
  readonly metafile?: string;
}

/**
 * Compiles one executable.
 * @returns its size in bytes
 * @throws {Error} with the compiler's output when it failed.
 */
export async function compile(
  { entry, outfile, target, assets = [], order, metafile }: Compilation,
): Promise<number> {
  const folder = await mkdtemp(`${outfile}-`);
  try {
    const fresh = join(folder, basename(outfile));
    const args = ["build", entry, ...assets, ...COMPILER_FLAGS, `--outfile=${fresh}`];
    if (target !== undefined) args.push(`--target=bun-${target}`);
    if (order !== undefined) args.push(`--bytecode-order=${order}`);
    if (metafile !== undefined) args.push(`--metafile=${metafile}`);
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
    if (status !== 0) throw new Error(`Cannot compile ${entry}\n${stdout}${stderr}`);
    if (process.platform === "darwin" && (target ?? "darwin").startsWith("darwin")) sign(fresh);
    const { size } = await stat(fresh);
    await rename(fresh, outfile);
    return size;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Compiles a server, lets it start and answer as a client would make it, and records which functions ran.
 * Laying those out together spares memory that would be read around the others.
 * @param args The arguments of the server. It must end when its input does.
 * @param folder Where the recording goes.
 * @returns the recording, for {@link Compilation.order}
 */
export async function rehearse(entry: string, args: readonly string[], folder: string): Promise<string> {
  const binary = join(folder, "rehearsal");
  const order = join(folder, "order");
  await compile({ entry, outfile: binary, metafile: join(folder, METAFILE) });
  const { status } = spawnSync(binary, args, {
    cwd: folder,
    input: REHEARSAL.map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`).join(""),
    env: { BUN_BYTECODE_ORDER_OUT: order, HOME: folder },
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`The rehearsal of ${entry} ended with ${status}`);
  return order;
}

/** What the rehearsal's compiler has read, beside its recording. */
const METAFILE = "metafile.json";

/** What every client says first. */
const REHEARSAL = [
  {
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "build", version: "1" } },
  },
  { method: "notifications/initialized" },
  { id: 2, method: "tools/list" },
];

/** Our own program as JavaScript, by the names of files: what people's own servers are compiled of. */
async function bundle(folder: string): Promise<Record<string, string>> {
  const out = join(folder, "app");
  const args = [
    "build",
    "main.ts",
    THREAD,
    "--target=bun",
    "--minify",
    "--format=esm",
    "--splitting",
    "--outdir",
    out,
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot bundle main.ts\n${stdout}${stderr}`);
  const names = (await readdir(out, { recursive: true })).filter((name) => name.endsWith(".js"));
  const texts = names.map(async (name) => {
    // A program of a thread is asked for by the name of its source.
    const key = name.includes(sep) ? name.replaceAll(sep, "/").replace(/\.js$/, ".ts") : name;
    return [key, await readFile(join(out, name), "utf8")] as const;
  });
  return Object.fromEntries(await Promise.all(texts));
}

/** Compiles the product for a target of the list: with its own ripgrep, and the PDF engine. */
async function buildProduct(
  outfile: string,
  ripgrep: string,
  folder: string,
  target?: string,
): Promise<void> {
  const start = performance.now();
  const asset = join(folder, "rg.bin");
  await copyFile(await ripgrepFor(ripgrep), asset);
  const pdfium = join(ROOT, "node_modules/@hyzyla/pdfium/dist/pdfium.wasm");
  // As a file of types it would be compiled.
  const types = join(folder, "types.bin");
  await writeFile(types, await typesText());
  const app = join(folder, "app.bin");
  await writeFile(app, JSON.stringify(await bundle(folder)));
  const order = join(folder, "order");
  const assets = [asset, pdfium, THREAD, join(folder, LICENSES_NAME), types, app];
  const size = await compile({ entry: "main.ts", outfile, target, assets, order });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`Built dist/${basename(outfile)} (${(size / 1e6).toFixed(0)} MB) in ${seconds} s`);
}

/** The packages of npm that the compiler has taken something from; those of the rehearsal in `folder`. */
export async function bundledPackages(folder: string): Promise<InstalledPackage[]> {
  const { inputs } = JSON.parse(await readFile(join(folder, METAFILE), "utf8"));
  const pattern = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;
  const folders = Object.keys(inputs).flatMap((path) => pattern.exec(path)?.[0] ?? []);
  return await Promise.all([...new Set(folders)].sort().map((each) => readPackage(ROOT, each)));
}

/** Apple's kernel kills what carries no valid signature, and embedding has broken the one of the runtime. */
function sign(path: string): void {
  const { status, stderr } = spawnSync("codesign", ["--force", "--sign", "-", path], { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot sign ${path}\n${stderr}`);
}

async function buildForThisMachine(folder: string): Promise<void> {
  const outfile = join(DIST, process.platform === "win32" ? "clawhammer.exe" : "clawhammer");
  await buildProduct(outfile, `${process.platform}-${process.arch}`, folder);
}

async function buildAll(folder: string): Promise<void> {
  const sums: string[] = [];
  for (const target of TARGETS) {
    const file = executableName(target);
    // npm calls Windows otherwise. ripgrep for Linux is linked statically: one serves both C libraries.
    const ripgrep = target.name.replace("windows", "win32").replace(/-musl$/, "");
    await buildProduct(join(DIST, file), ripgrep, folder, target.name);
    const hash = createHash("sha256").update(await readFile(join(DIST, file))).digest("hex");
    sums.push(`${hash}  ${file}\n`);
  }
  await writeFile(join(DIST, "SHA256SUMS"), sums.join(""));
  await copyFile(join(folder, LICENSES_NAME), join(DIST, "LICENSES.txt"));
  console.log("Wrote dist/SHA256SUMS (check with: sha256sum -c SHA256SUMS)");
  if (process.platform !== "darwin") {
    console.log(
      "The darwin files must be signed on a Mac before they run there: codesign --force --sign - FILE",
    );
  }
}

if (import.meta.main) {
  const folder = await mkdtemp(join(tmpdir(), "clawhammer-build-"));
  try {
    await mkdir(DIST, { recursive: true });
    await rehearse("main.ts", ["serve"], folder);
    const licenses = await collectLicenses(ROOT, await bundledPackages(folder));
    await writeFile(join(folder, LICENSES_NAME), licenses);
    await (process.argv.includes("--all") ? buildAll(folder) : buildForThisMachine(folder));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
