/**
 * Whether another process still runs.
 * @module
 */
import process from "node:process";
import { errorCode } from "./errors.ts";

/** Whether a process of this number runs; when that cannot be told, it does. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}
