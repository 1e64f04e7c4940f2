/**
 * The packages of npm that the program is made of, read from where they are installed.
 * @module
 */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A package as it is installed. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, as its manifest says; `NOASSERTION` where it says none. */
  readonly license: string;
  readonly home: string | undefined;
  /** Its folder, relative to the folder of the source: `node_modules/zod`. */
  readonly folder: string;
  /** The folders of the packages it needs. */
  readonly needs: readonly string[];
  /** The texts of its licence and notices. */
  readonly texts: readonly string[];
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly homepage?: string;
  readonly repository?: string | { readonly url?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * The packages that the dependencies of a program lead to, sorted by name.
 * @param root The folder with `package.json` and `node_modules`.
 * @throws {Error} when one is not installed.
 */
export async function dependenciesOf(root: string): Promise<InstalledPackage[]> {
  const { dependencies = {} } = await readManifest(root);
  const found = new Map<string, InstalledPackage>();
  const waiting = Object.keys(dependencies).map((name) => folderOf(root, "", name));
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    if (found.has(folder)) continue;
    const read = await readPackage(root, folder);
    found.set(folder, read);
    waiting.push(...read.needs);
  }
  return [...found.values()].sort((a, b) => (a.folder < b.folder ? -1 : 1));
}

/** Reads one installed package. */
export async function readPackage(root: string, folder: string): Promise<InstalledPackage> {
  const manifest = await readManifest(join(root, folder));
  const { repository } = manifest;
  const source = typeof repository === "string" ? repository : repository?.url;
  return {
    name: manifest.name ?? folder,
    version: manifest.version ?? "",
    license: manifest.license ?? "NOASSERTION",
    home: manifest.homepage ??
      source?.replace(/^git\+|\.git$/g, "").replace(/^github:/, "https://github.com/"),
    folder,
    needs: Object.keys(manifest.dependencies ?? {}).map((name) => folderOf(root, folder, name)),
    texts: await textsOf(join(root, folder)),
  };
}

/** Where the module resolution of Node.js finds a package: inside the one that needs it, or further up. */
function folderOf(root: string, from: string, name: string): string {
  const inside = [from, "node_modules", name].filter((part) => part !== "").join("/");
  if (existsSync(join(root, inside, "package.json"))) return inside;
  if (from === "") throw new Error(`${name} is not installed; run npm ci`);
  const above = from.replace(/\/?node_modules\/(@[^/]+\/)?[^/]+$/, "");
  return folderOf(root, above === from ? dirname(from) : above, name);
}

async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
}

async function textsOf(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /^(licen[cs]e|copying|notice)(\b|[.-])/i.test(name));
  return await Promise.all(
    names.sort().map(async (name) => (await readFile(join(folder, name), "utf8")).trim()),
  );
}
