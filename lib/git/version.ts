/**
 * Which git it is, and what to say when there is none or an old one.
 * @module
 */
import { ToolError } from "../errors.ts";

/** The oldest version that keeps to the surroundings it is given (`GIT_CONFIG_GLOBAL`, June 2021). */
const OLDEST = [2, 32] as const;

/** Understands `git version 2.39.5 (Apple Git-154)`. */
export function parseVersion(text: string): number[] {
  const [, version = ""] = /(\d+(?:\.\d+)+)/.exec(text) ?? [];
  return version.split(".").map(Number);
}

/** @throws {ToolError} when the version is too old. */
export function checkVersion(version: readonly number[], platform: string): void {
  if (isAtLeast(version, ...OLDEST)) return;
  throw new ToolError(
    `Cannot use git ${version.join(".")}: the oldest that works is ${OLDEST.join(".")}`,
    `The person can install a newer one: ${install(platform)}.`,
  );
}

/** What to say when there is no git. */
export function missingGit(platform: string): ToolError {
  return new ToolError(
    "Cannot use git: it is not installed on this machine, or not where programs are looked for",
    `The person can install it: ${install(platform)}. Nothing needs to be restarted afterwards.`,
  );
}

function install(platform: string): string {
  if (platform === "darwin") return '"xcode-select --install" in Terminal, or "brew install git"';
  if (platform === "win32") return '"winget install Git.Git", or from git-scm.com/downloads';
  return '"sudo apt install git", "sudo dnf install git" or what the system has for it';
}

/** Whether a version is this one or a later one. */
export function isAtLeast(
  [major = 0, minor = 0]: readonly number[],
  sinceMajor: number,
  sinceMinor: number,
): boolean {
  return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
}
