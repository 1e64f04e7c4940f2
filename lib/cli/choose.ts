/**
 * The questions of `clawhammer install`: which folders, read-only or not.
 * @module
 */
import { readFileSync, statSync } from "node:fs";
import { type Host, pathsOf, resolvePath } from "../config/host.ts";
import { errorText, UsageError } from "../errors.ts";
import type { Asker } from "./ask.ts";
import { columns, print } from "./output.ts";

/** What a person chose, as flags of the server. */
export async function chooseFlags(asker: Asker, host: Host): Promise<string[]> {
  const folders = await chooseFolders(asker, host);
  const readOnly = await asker.confirm("Only read, without any tool that changes something?", false);
  return [...folders.flatMap((folder) => ["--allow", folder]), ...(readOnly ? ["--read-only"] : [])];
}

/** A folder that many want to allow. */
interface Suggestion {
  readonly name: string;
  readonly path: string;
}

/** The folders of a home that exist, under the names the platform gives them, and the current one. */
export function suggestFolders(host: Host): Suggestion[] {
  const paths = pathsOf(host);
  const { home, cwd, env } = host;
  if (home === undefined) return [];
  const moved = userFolders(host);
  const named = ["Documents", "Desktop", "Downloads"].flatMap((name) => {
    // Windows moves them into OneDrive, Linux gives them names in the person's language.
    const places = [moved.get(name), env.OneDrive && paths.join(env.OneDrive, name), paths.join(home, name)];
    const path = places.find((place) => place !== undefined && place !== "" && isFolder(place));
    return path === undefined || path === "" ? [] : [{ name, path }];
  });
  const project = cwd !== undefined && cwd !== home && cwd !== paths.parse(cwd).root &&
    !named.some(({ path }) => path === cwd);
  return [...named, ...(project ? [{ name: "this folder", path: cwd }] : [])];
}

async function chooseFolders(asker: Asker, host: Host): Promise<string[]> {
  const suggestions = suggestFolders(host);
  const rows = suggestions.map(({ name, path }, i): [string, string] => [`${i + 1}  ${name}`, path]);
  await print(
    `Which folders may be used? Nothing outside of them can be reached.\n${
      columns([...rows, ["0  none yet", ""]])
    }`,
  );
  const usual = suggestions.length > 0 ? "1" : "0";
  while (true) {
    const answer = await asker.ask(
      `Numbers or paths, with commas between, :ro for reading only [${usual}]: `,
    );
    try {
      return readChoice(answer === "" ? usual : answer, suggestions, host);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      await print(errorText(error));
    }
  }
}

/**
 * Reads an answer: `1, 2:ro, ~/code`.
 * @returns Absolute paths, with `:ro` where it was asked for.
 * @throws {UsageError} for a number that was not offered and a folder that does not exist.
 */
export function readChoice(answer: string, suggestions: readonly Suggestion[], host: Host): string[] {
  const parts = /^[\d\s:ro,]+$/.test(answer) ? answer.split(/[\s,]+/) : answer.split(",");
  const chosen = parts.map((part) => part.trim()).filter((part) => part !== "" && part !== "0").map(
    (part) => {
      const [, text = "", suffix = ""] = /^(.*?)(:ro)?$/.exec(part) ?? [];
      const number = /^\d+$/.test(text) ? Number(text) : undefined;
      const found = number === undefined ? undefined : suggestions[number - 1]?.path;
      if (number !== undefined && found === undefined) {
        throw new UsageError(`There is no number ${text}\nGive one of those above, or a path`);
      }
      const path = found ?? resolvePath(text, { label: "The folder", base: host.cwd, host });
      if (!isFolder(path)) throw new UsageError(`There is no folder "${path}"\nGive a folder that exists`);
      return path + suffix;
    },
  );
  return [...new Set(chosen)];
}

/** Where Linux desktops keep a person's folders (freedesktop.org, xdg-user-dirs): `Documents` to its path. */
function userFolders(host: Host): ReadonlyMap<string, string> {
  const { home = "", env, platform } = host;
  if (platform === "win32" || platform === "darwin") return new Map();
  try {
    const text = readFileSync(`${env.XDG_CONFIG_HOME ?? `${home}/.config`}/user-dirs.dirs`, "utf8");
    const names = new Map([["DOCUMENTS", "Documents"], ["DESKTOP", "Desktop"], ["DOWNLOAD", "Downloads"]]);
    return new Map(
      [...text.matchAll(/^XDG_(\w+)_DIR="(.*)"$/gm)].flatMap(
        ([, key = "", path = ""]): [string, string][] => {
          const name = names.get(key);
          // A folder that is switched off is the home folder itself.
          const real = path.replace(/^\$HOME(?=\/|$)/, () => home).replace(/(.)\/$/, "$1");
          return name === undefined || real === home ? [] : [[name, real]];
        },
      ),
    );
  } catch {
    return new Map();
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
