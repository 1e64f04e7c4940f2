// deno-lint-ignore-file no-console -- it speaks to a person
/**
 * Writes what follows from the definitions of the tools: docs/tools.md, and the snapshots of what goes over
 * the wire. Tests fail while either differs from the definitions. With `--release`, also what the version
 * promises to those who call its tools.
 * @module
 */
import { spawnSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "./runtimes.mjs";

/** Runs Bun on the sources. @returns what it printed. @throws {Error} when it failed. */
function bun(args: readonly string[], env: Record<string, string | undefined>): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8", env });
  if (status !== 0) throw new Error(`bun ${args.join(" ")} failed\n${stdout}${stderr}`);
  return stdout;
}

/** The tests that keep snapshots: those that know how to renew them. */
async function testsWithSnapshots(): Promise<string[]> {
  const files = await readdir(join(ROOT, "test"), { recursive: true });
  const tests = files.filter((file) => file.endsWith(".test.ts")).sort().map((file) =>
    `./${join("test", file)}`
  );
  const texts = await Promise.all(tests.map((file) => readFile(join(ROOT, file), "utf8")));
  return tests.filter((_, i) => texts[i]?.includes("UPDATE_SNAPS"));
}

async function main(): Promise<void> {
  // Nobody's own configuration may show in it: no variables, and a home where there is none.
  const nowhere = join(tmpdir(), "clawhammer-docs-no-home");
  const shown = ["--git-write", "full", "--tools-dir", nowhere, "--database", `any=${nowhere}`];
  const reference = bun(["--no-env-file", "main.ts", "tools", "--markdown", ...shown], {
    HOME: nowhere,
    APPDATA: nowhere,
  });
  await writeFile(join(ROOT, "docs", "tools.md"), reference);
  console.log("Wrote docs/tools.md");
  const tests = await testsWithSnapshots();
  if (tests.length > 0) bun(["test", ...tests], { ...process.env, UPDATE_SNAPS: "1" });
  console.log(`Renewed the snapshots of ${tests.join(", ") || "no test"}`);
  if (!process.argv.includes("--release")) return;
  bun(["test", "./test/laws/versions.test.ts"], { ...process.env, RECORD_RELEASE: "1" });
  console.log("Recorded what this version promises in test/snaps/releases");
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
