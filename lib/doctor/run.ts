/**
 * Running the system's own tools for a check.
 * @module
 */
import { execFile } from "node:child_process";
import { DOCTOR_RUN_BYTES_MAX, DOCTOR_RUN_MS_MAX } from "../limits.ts";
import type { RunResult } from "./types.ts";

/** Runs a program to its end, with a time limit. Undefined when it cannot be started. */
export function runProgram(program: string, args: readonly string[]): Promise<RunResult | undefined> {
  const options = {
    cwd: process.platform === "win32" ? undefined : "/",
    timeout: DOCTOR_RUN_MS_MAX,
    maxBuffer: DOCTOR_RUN_BYTES_MAX,
    windowsHide: true,
  };
  return new Promise((resolve) => {
    const child = execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error !== null && child.exitCode === null && child.signalCode === null) resolve(undefined);
      else resolve({ status: child.exitCode, stdout, stderr });
    });
  });
}

/** What becomes of work that may never end, such as asking a network drive: undefined after a while. */
export async function within<T>(limitMs: number, work: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => timer = setTimeout(() => resolve(undefined), limitMs));
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
