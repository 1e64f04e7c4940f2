/**
 * Hooks: programs in the repository that git runs around a change. They run only when the person has allowed
 * that with `--git-hooks`, only from a folder that no tool can write to, and the reply tells.
 * @module
 */
import { isAbsolute, join } from "node:path";
import { errorText, ToolError } from "../../errors.ts";
import { isInside } from "../../fs/roots.ts";
import type { OpenFolder } from "../../fs/types.ts";
import { showName } from "../../names.ts";
import type { Context } from "../../tool.ts";
import { isOwn } from "../neutral.ts";
import type { Command, Repository } from "../types.ts";
import { type Config, lastOf, pick } from "./person.ts";

/** What hooks need of the person's environment. */
const HOOK_ENV = [
  "HOME",
  "USERPROFILE",
  "APPDATA",
  "LOCALAPPDATA",
  "PATH",
  "TMPDIR",
  "LANG",
  "SSH_AUTH_SOCK",
];

/** Hooks that leave the message of a commit alone. */
const SILENT: readonly string[] = ["pre-commit", "post-commit", "post-index-change", "reference-transaction"];

/** The hooks of a change. */
export interface Hooks {
  readonly config: Config;
  readonly env: Readonly<Record<string, string>>;
  /** Whether any of them runs. */
  readonly run: boolean;
  /** Whether one of them may write another message than it is given. */
  readonly rewrites: boolean;
  /** A line for the reply: which ran, or which were left out; none when there are none. */
  readonly told: readonly string[];
}

/**
 * The hooks that git would run.
 * @param names Those that belong to the change.
 * @throws {ToolError} when the person has allowed hooks, and theirs stand where tools can write.
 */
export async function hooksOf(repo: Repository, names: readonly string[], ctx: Context): Promise<Hooks> {
  const place = placeOf(repo);
  const found = await presentHooks(place.path, names, ctx);
  const none = { config: [], env: {}, run: false, rewrites: false, told: [] };
  if (found.length === 0) return none;
  const list = found.join(", ");
  if (!ctx.git.hooks) {
    const told = `Hooks were not run (${list}): the person can allow them with --git-hooks.`;
    return { ...none, told: [told] };
  }
  if (isReachable(place.path, repo, ctx)) {
    throw new ToolError(
      `Cannot run the hooks of ${showName(repo.shown)}: they stand in ${
        showName(place.path)
      }, which tools can write to`,
      "What stands there may not be what the person put there. Ask the person to do this by hand, to " +
        "keep the " +
        'hooks in ".git/hooks" or ".husky", or to take away --git-hooks.',
    );
  }
  return {
    config: [["core.hooksPath", place.path]],
    env: pick(repo.person, HOOK_ENV),
    run: true,
    // Of those outside it is not known which there are.
    rewrites: found.some((name) => !SILENT.includes(name)),
    told: [`Hooks were run: ${list}.`],
  };
}

/** What one side adds to a command. */
interface Part {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Adds the person's and the hooks' part to a command. */
export function withParts(
  command: Command,
  ...parts: readonly Part[]
): Command {
  return {
    ...command,
    config: [...parts.flatMap(({ config }) => config), ...command.config ?? []],
    env: Object.assign({}, ...parts.map(({ env }) => env), command.env),
  };
}

/** The folder of the hooks, as git finds it. */
function placeOf(repo: Repository): { readonly path: string } {
  const named = lastOf(repo.settings.filter(isOwn), "core.hookspath") ??
    lastOf(repo.settings, "core.hookspath");
  if (named === undefined || named === "") return { path: join(repo.commonDir, "hooks") };
  const home = repo.person["HOME"] ?? repo.person["USERPROFILE"] ?? "";
  const path = named.replace(/^~(?=[/\\])/, home);
  return { path: isAbsolute(path) ? path : join(repo.top, path) };
}

/** Whether tools can write what stands in the folder. */
function isReachable(path: string, repo: Repository, { files }: Context): boolean {
  if (!files.roots.some(({ real, given }) => isInside(path, real) || isInside(path, given))) return false;
  if (isInside(path, repo.top) && !isInside(path, repo.commonDir)) {
    return repo.mayWrite(path.slice(repo.top.length + 1));
  }
  return !isInside(path, repo.commonDir);
}

/** Which of some hooks are there and can be executed. What is outside is not looked at: they all may be. */
async function presentHooks(path: string, names: readonly string[], { files }: Context): Promise<string[]> {
  if (!files.roots.some(({ real, given }) => isInside(path, real) || isInside(path, given))) {
    return [`those of ${showName(path)}`];
  }
  try {
    return await files.withFolder(path, async (folder) => {
      const here = new Set((await folder.entries()).map(({ name }) => name));
      const flags = await Promise.all(
        names.map(async (name) => here.has(name) && await isExecutable(folder, name)),
      );
      return names.filter((_, at) => flags[at]);
    });
  } catch (error) {
    // Most repositories have no such folder; what cannot be looked at is not run either.
    if (error instanceof ToolError && /no such/i.test(errorText(error))) return [];
    throw error;
  }
}

async function isExecutable(folder: OpenFolder, name: string): Promise<boolean> {
  const { kind, mode } = await folder.info(name);
  return kind === "link" || (kind === "file" && (mode & 0o111) !== 0);
}
