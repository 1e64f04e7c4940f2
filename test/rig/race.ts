/**
 * The race rig: runs an operation against {@link swapper.ts} and counts what leaked.
 * @module
 */
import { spawn } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** What is inside and what is outside; a leak is the second seen, or changed. */
export const INSIDE = "inside";
export const SECRET = "secret";

/** What happened in a run. */
export interface Outcome {
  attempts: number;
  /** Calls that were refused or found nothing. */
  refused: number;
  /** Calls that saw or touched the outside. */
  leaks: number;
}

/** Lays out the folders the swapper plays with. */
export async function layOut(dir: string, outside: string): Promise<void> {
  await mkdir(join(dir, "victim"));
  await writeFile(join(dir, "victim/f.txt"), INSIDE);
  await writeFile(join(outside, "f.txt"), SECRET);
  await symlink(outside, join(dir, "victim.link"));
  await writeFile(join(dir, "leaf.txt"), INSIDE);
  await symlink(join(outside, "f.txt"), join(dir, "leaf.txt.link"));
}

/**
 * Repeats `attempt` while the swapper runs, at most `attempts` times.
 * @param attempt Resolves with true when it leaked, false when it did not; rejects when it was refused.
 */
export async function race(
  dir: string,
  limits: { ms: number; attempts: number },
  attempt: (n: number) => Promise<boolean>,
): Promise<Outcome> {
  const script = fileURLToPath(new URL("./swapper.ts", import.meta.url));
  const run = "Deno" in globalThis ? ["run", "-A", "--no-check", script] : [script];
  const swapper = spawn(process.execPath, [...run, dir, String(limits.ms + 10_000)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const outcome = { attempts: 0, refused: 0, leaks: 0 };
  try {
    await new Promise((resolve, reject) => {
      swapper.stdout.once("data", resolve);
      swapper.once("exit", () => reject(new Error("the swapper ended before it began")));
    });
    const until = performance.now() + limits.ms;
    while (performance.now() < until && outcome.attempts < limits.attempts) {
      outcome.attempts++;
      try {
        if (await attempt(outcome.attempts)) outcome.leaks++;
      } catch {
        outcome.refused++;
      }
    }
  } finally {
    swapper.kill("SIGKILL");
  }
  return outcome;
}
