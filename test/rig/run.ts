/**
 * Runs programs to their end, and Clawhammer's command line in folders of its own.
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { DENO_CACHE, mainTarget } from "../client.ts";

/** How a program ended, and what it wrote. */
export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Its whole environment, where it runs (the root unless given), and its standard input. */
export interface RunOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly input?: string;
}

/** Runs a program until it has ended, its output read. @throws {Error} when it cannot be started. */
export async function run(
  command: string,
  args: readonly string[],
  { env, cwd = "/", input = "" }: RunOptions,
): Promise<Outcome> {
  const child = spawn(command, args, { cwd, env, stdio: "pipe" });
  // A program that does not read its input is no failure of the test.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code, out, err };
}

/** Where the command line of Clawhammer is tried. */
export interface Program {
  /** An allowed folder, which is also the current one. */
  readonly dir: string;
  /** The folder of logs, caches and configuration. */
  readonly home: string;
  run(args: readonly string[], options?: Partial<Pick<RunOptions, "env" | "input">>): Promise<Outcome>;
}

/** Runs `work` with the program in fresh folders, which vanish afterwards. */
export async function withProgram(work: (program: Program) => Promise<void>): Promise<void> {
  const target = mainTarget();
  const home = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-home-")));
  const dir = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-dir-")));
  try {
    await work({
      dir,
      home,
      run: (args, { input, env } = {}) =>
        run(target.command, [...target.args, ...args], {
          cwd: dir,
          env: { HOME: home, USERPROFILE: home, DENO_DIR: DENO_CACHE, ...env },
          input,
        }),
    });
  } finally {
    await rm(home, { recursive: true, force: true });
    await rm(dir, { recursive: true, force: true });
  }
}
