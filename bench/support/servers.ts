/**
 * The servers that are compared, and the folder they serve.
 * @module
 */
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../../scripts/build.ts";
import { ROOT } from "../../scripts/runtimes.mjs";

const EXE = process.platform === "win32" ? ".exe" : "";
const NODE_SERVER = join(ROOT, "node_modules/@modelcontextprotocol/server-filesystem/dist/index.js");

/** The commands that start the servers, and what they serve. */
export interface Servers {
  /** The product with every module on. */
  readonly clawhammer: readonly string[];
  /** One tool on the same SDK, compiled the same way. */
  readonly bare: readonly string[];
  /** The official file system server, on Node. */
  readonly node: readonly string[];
  /** The allowed folder, with a `small.txt` and a folder `entries` of twenty files. */
  readonly folder: string;
  /** The home directory of every server. */
  readonly home: string;
}

/** The text of `small.txt`: 40 lines, 2 kB. */
export const SMALL_TEXT = Array.from(
  { length: 40 },
  (_, i) => `${i + 1}: a line of about fifty characters, as in code\n`,
)
  .join("");

/** Compiles the baseline, makes the folder, runs `work`, and removes both. */
export async function withServers<T>(work: (servers: Servers) => Promise<T>): Promise<T> {
  const product = join(ROOT, "dist", `clawhammer${EXE}`);
  if (!existsSync(product)) throw new Error(`No ${product}: run npm run build first`);
  const temporary = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-bench-")));
  try {
    const folder = join(temporary, "folder");
    const home = join(temporary, "home");
    const bare = join(temporary, `bare${EXE}`);
    await mkdir(home);
    await fill(folder);
    await compile({ entry: "bench/bare/server.ts", outfile: bare });
    // Both executables are written afresh: how much of a file the kernel maps at once, and so counts as
    // resident, depends on how it came into the page cache.
    const clawhammer = join(temporary, `clawhammer${EXE}`);
    await writeAfresh(product, clawhammer);
    await writeAfresh(bare, bare);
    return await work({
      clawhammer: [clawhammer, "serve", "--allow", folder],
      bare: [bare],
      node: ["node", NODE_SERVER, folder],
      folder,
      home,
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function writeAfresh(source: string, destination: string): Promise<void> {
  const bytes = await readFile(source);
  await rm(destination, { force: true });
  await writeFile(destination, bytes, { flush: true });
  await chmod(destination, 0o755);
}

async function fill(folder: string): Promise<void> {
  await mkdir(join(folder, "entries"), { recursive: true });
  await writeFile(join(folder, "small.txt"), SMALL_TEXT);
  for (let i = 1; i <= 20; i++) await writeFile(join(folder, "entries", `file-${i}.txt`), `${i}\n`);
}
