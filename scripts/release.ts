// deno-lint-ignore-file no-console -- it speaks to a person
/**
 * Makes everything a release consists of, in `dist/release`: the executables of all platforms, bundles for
 * Claude Desktop, install scripts, licences, a bill of materials, `server.json` and SHA256SUMS. Publishes
 * nothing; docs/releasing.md says what a maintainer does with it.
 * @module
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { dependenciesOf } from "../lib/licenses/packages.ts";
import { executableName, TARGETS } from "../lib/pack/targets.ts";
import { description, license, name, repository, version } from "../lib/version.ts";
import { registration, releasesOf } from "./release/registry.ts";
import { billOfMaterials } from "./release/sbom.ts";
import { ROOT } from "./runtimes.mjs";

const DIST = join(ROOT, "dist");
const OUT = join(DIST, "release");

/** Where releases are while package.json does not say: a name that leads nowhere. */
const PLACEHOLDER = "https://github.com/OWNER/clawhammer";

/** The platforms in the bundle for everybody: Windows starts one executable, and musl is for servers. */
const EVERYBODY = ["darwin-arm64", "darwin-x64", "windows-x64", "linux-x64", "linux-arm64"];

/** Runs a file of the repository under this Bun, with nobody's own configuration. */
function bun(args: readonly string[], home: string): string {
  const { HOME: _home, XDG_CONFIG_HOME: _config, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--no-env-file", ...args], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...env, HOME: home },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`bun ${args.join(" ")} failed\n${stdout}${stderr}`);
  return stdout;
}

/** Puts an executable beside the rest, without a second copy where the disk allows it. */
async function place(file: string): Promise<void> {
  const [from, to] = [join(DIST, file), join(OUT, file)];
  await link(from, to).catch(() => copyFile(from, to));
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

/** Bundles: one for everybody, and a small one for each platform. @returns the name of the first. */
function packAll(home: string): string {
  const pack = (file: string, targets: readonly string[]) => {
    const chosen = targets.flatMap((target) => ["--target", target]);
    bun(["main.ts", "pack", "--from", DIST, ...chosen, "--out", join(OUT, file)], home);
    console.log(`Packed ${file}`);
  };
  const everybody = `${name}-${version}.mcpb`;
  pack(everybody, EVERYBODY);
  for (const target of TARGETS) pack(`${name}-${version}-${target.name}.mcpb`, [target.name]);
  return everybody;
}

/** The install scripts, with the address of the releases in them. */
async function writeInstallers(releases: string): Promise<void> {
  for (const file of ["install.sh", "install.ps1"]) {
    const text = await readFile(join(ROOT, "scripts", "release", file), "utf8");
    await writeFile(join(OUT, file), text.replaceAll("@RELEASES@", releases), { mode: 0o755 });
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

async function main(home: string): Promise<void> {
  await rm(OUT, { recursive: true, force: true });
  await mkdir(OUT, { recursive: true });
  console.log(bun(["scripts/build.ts", "--all"], process.env.HOME ?? home).trimEnd());
  for (const target of TARGETS) await place(executableName(target));
  const everybody = packAll(home);
  const address = repository ?? PLACEHOLDER;
  await writeInstallers(releasesOf(address));
  await copyFile(join(DIST, "LICENSES.txt"), join(OUT, "LICENSES.txt"));
  const { packages: lock } = JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8"));
  const bill = billOfMaterials({
    program: { name, version, license, description },
    packages: await dependenciesOf(ROOT),
    lock,
  });
  await writeFile(join(OUT, `${name}-${version}.cdx.json`), json(bill));
  const bundle = { name: everybody, sha256: await sha256(join(OUT, everybody)) };
  const server = registration({ name, version, description, repository: address, bundle });
  await writeFile(join(OUT, "server.json"), json(server));
  const sums: string[] = [];
  for (const file of (await readdir(OUT)).sort()) sums.push(`${await sha256(join(OUT, file))}  ${file}\n`);
  await writeFile(join(OUT, "SHA256SUMS"), sums.join(""));
  console.log(`Wrote ${sums.length + 1} files to dist/release`);
  if (repository === undefined) {
    console.log(
      `package.json still names ${PLACEHOLDER}: scripts and server.json lead nowhere until it is set`,
    );
  }
}

if (import.meta.main) {
  const home = await mkdtemp(join(tmpdir(), "clawhammer-release-"));
  try {
    await main(home);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
