/**
 * The settings of a repository and of the person, as git reads them; and which of them refuse its use.
 * @module
 */
import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { ToolError } from "../errors.ts";
import { showName } from "../names.ts";
import { isOwn, isPersonal } from "./neutral.ts";
import type { Scope, Setting } from "./types.ts";

const SCOPES: readonly string[] = ["system", "global", "local", "worktree", "command"];

/** Understands `git config --list --show-scope -z`: scope, NUL, key, newline, value, NUL. */
export function parseSettings(output: string): Setting[] {
  const fields = output.split("\0");
  const settings: Setting[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const entry = fields[i + 1] ?? "";
    const at = entry.indexOf("\n");
    // A key without a value means "true".
    const [key, value] = at === -1 ? [entry, "true"] : [entry.slice(0, at), entry.slice(at + 1)];
    settings.push({ key, value, scope: scopeOf(fields[i] ?? "") });
  }
  return settings;
}

function scopeOf(text: string): Scope {
  const known = SCOPES.includes(text);
  return known ? text as Scope : "unknown";
}

/** The value that counts, of the repository's own settings only. */
export function ownValue(settings: readonly Setting[], key: string): string | undefined {
  return settings.findLast((setting) => isOwn(setting) && setting.key === key)?.value;
}

/** Whether git takes a value for "yes". */
export function isYes(value: string | undefined): boolean {
  return value !== undefined && (/^(true|yes|on)$/i.test(value) || Number(value) > 0);
}

/**
 * Refuses settings that come from other files, which tools may write: between our look and git's, such a
 * file could come to name a program.
 */
export function refuseIncludes(settings: readonly Setting[], top: string): void {
  const include = settings.find((one) => isOwn(one) && /^include(if\..*)?\.path$/s.test(one.key));
  if (include === undefined) return;
  throw new ToolError(
    `Cannot use the repository "${showName(top)}": its settings include the file "${
      showName(include.value.slice(0, 300))
    }"`,
    "Such a file could name programs to run without being protected like .git/config. The person can move " +
      "its lines into .git/config, or into their own ~/.gitconfig.",
  );
}

/** Refuses a work tree that is somewhere else than where its `.git` stands. */
export async function refuseOtherWorkTree(
  settings: readonly Setting[],
  top: string,
  gitDir: string,
): Promise<void> {
  const named = ownValue(settings, "core.worktree");
  if (named === undefined) return;
  const real = await realpath(resolve(gitDir, named)).catch(() => undefined);
  if (real === top) return;
  throw new ToolError(
    `Cannot use the repository "${showName(top)}": its setting core.worktree leads to another folder`,
    "Name the folder that holds its files, if that is allowed.",
  );
}

/** Whether the person trusts a repository that is not theirs: `safe.directory`, as git reads it. */
export function isTrusted(settings: readonly Setting[], top: string, home: string | undefined): boolean {
  let trusted = false;
  for (const setting of settings) {
    if (!isPersonal(setting) || setting.key !== "safe.directory") continue;
    const value = setting.value.replace(/^~(?=\/)/, home ?? "~");
    if (value === "") trusted = false;
    else if (value === "*" || value.replace(/\/$/, "") === top) trusted = true;
    else if (value.endsWith("/*") && `${top}/`.startsWith(value.slice(0, -1))) trusted = true;
  }
  return trusted;
}
