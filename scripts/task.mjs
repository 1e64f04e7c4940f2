// deno-lint-ignore-file no-console -- it speaks to a person
/**
 * The verbs of package.json and deno.json. Needs nothing but Node 20 and npm: it installs what
 * package-lock.json names and hands over to the Bun or Deno found there.
 *
 *   node scripts/task.mjs build [--all] | release | demo | test [--quick] | stress … | fmt | docs |
 *     bench NAME
 * @module
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ensureModules, findRuntime, rememberNpm, ROOT } from "./runtimes.mjs";

const USAGE = "Usage: node scripts/task.mjs " +
  "build [--all] | release | demo | test [--quick] | stress … | fmt | docs | bench NAME";

/** @type {Record<string, { flags?: string[], run: (args: string[]) => number }>} */
const VERBS = {
  build: { flags: ["--all"], run: (args) => script("scripts/build.ts", args) },
  release: { run: () => script("scripts/release.ts") },
  demo: { run: () => script("scripts/build.ts") || script("scripts/demo.ts") },
  test: { flags: ["--quick"], run: (args) => script("scripts/check.ts", args) },
  stress: { run: (args) => script("test/stress/main.ts", args) },
  fmt: { run: () => start(findRuntime("deno"), ["fmt"]) },
  docs: { flags: ["--release"], run: (args) => script("scripts/docs.ts", args) },
  bench: { flags: benchmarks(), run: (args) => script("scripts/build.ts") || script(`bench/${args[0]}.ts`) },
};

process.exitCode = main(process.argv.slice(2));

/** @param {string[]} argv */
function main([name = "", ...args]) {
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  // The stress run reads its own options.
  const unknown = name === "stress" ? undefined : args.find((arg) => !verb?.flags?.includes(arg));
  if (verb === undefined || unknown !== undefined || (name === "bench" && args.length !== 1)) {
    console.error(USAGE);
    console.error(`NAME is one of: ${benchmarks().join(", ")}`);
    return 2;
  }
  try {
    rememberNpm();
    ensureModules();
    return verb.run(args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

/**
 * Runs a TypeScript file under Bun. No `.env` file of this folder may change what is built or measured.
 * @param {string} path
 * @param {string[]} args
 */
function script(path, args = []) {
  return start(findRuntime("bun"), ["--no-env-file", path, ...args]);
}

/**
 * @param {string} program
 * @param {string[]} args
 * @returns {number} its exit status
 */
function start(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: ROOT, stdio: "inherit" });
  if (error !== undefined) throw error;
  return status ?? 1;
}

/** The names of the benchmarks. */
function benchmarks() {
  return readdirSync(join(ROOT, "bench")).filter((file) => file.endsWith(".ts")).map((file) =>
    file.slice(0, -3)
  ).sort();
}
