/**
 * The memories of the official memory server: where an entry keeps them, and taking them over.
 * @module
 */
import { readdirSync, type Stats, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import type { Entry } from "../clients/config.ts";
import { type Host, pathsOf } from "../config/host.ts";
import { errorText } from "../errors.ts";
import { count, counted } from "../format.ts";
import { realOf } from "../fs/roots.ts";
import { MEMORY_FAULTS_SHOWN, MEMORY_NAME_CHARS_MAX } from "../limits.ts";
import { memoryFolder } from "../memory/lazy.ts";
import { importOfficial, type OfficialFile, readOfficialFile } from "../memory/official.ts";
import { clip } from "../reply.ts";
import { visible } from "../visible.ts";
import { type Mount, programName, type Unwrapped } from "./words.ts";

/** The variable that names the file. */
const VARIABLE = "MEMORY_FILE_PATH";
/** The names it has beside the program of the server when no variable names it, the newer one first. */
const USUAL = ["memory.jsonl", "memory.json"];
/** Where the image has the program. */
const IN_IMAGE = "/app/dist";
const PACKAGE = ["node_modules", "@modelcontextprotocol", "server-memory", "dist"];

/** What an entry remembers, or why that cannot be had. */
export type Memories =
  | { readonly files: readonly OfficialFile[] }
  | { readonly trouble: string };

/**
 * Reads the memories of an entry.
 * @param expand Makes a path of a configuration one of this machine; undefined when it is none.
 */
export function readMemories(
  entry: Entry,
  found: Unwrapped,
  host: Host,
  expand: (path: string) => string | undefined,
): Memories {
  const places = found.starter === "docker"
    ? placesInContainer(entry, found, host, expand)
    : placesHere(entry, found, host, expand);
  if ("trouble" in places) return places;
  const paths = [...new Set(places.paths.flatMap((path) => isThere(path) ? [realOf(path)] : []))];
  if (paths.length === 0) {
    return {
      trouble: `its memories were not found: ${
        places.paths.length === 0 ? places.where : either(places.paths)
      }`,
    };
  }
  try {
    return { files: paths.map(readOfficialFile) };
  } catch (error) {
    return { trouble: `its memories cannot be imported: ${errorText(error).split("\n")[0]}` };
  }
}

/** What will be imported from a file, and what not, as sentences. */
export function memoryNotes({ path, entities, observations, relations, ...rest }: OfficialFile): string[] {
  const facts = [
    counted(entities.length, "entity", "entities"),
    counted(observations.length, "observation"),
    counted(relations.length, "relation"),
  ].join(", ");
  const { faults, merged, fields } = rest;
  return [
    `Imports ${facts} from "${path}", which stays as it is`,
    ...(faults.length === 0 ? [] : [faultsText(faults)]),
    ...(merged.length === 0 ? [] : [
      `Names that differ only in capitals or in what nobody sees become one: ${
        listing(merged.map(({ name, into }) => `"${shortly(name)}" and "${shortly(into)}"`))
      }`,
    ]),
    ...(fields.length === 0 ? [] : [
      `Fields that are not imported, because the official server drops them, too: ${
        listing(fields.map(shortly))
      }`,
    ]),
  ];
}

/** Imports files into the memory of a server. @returns what was done, as sentences. */
export async function importMemories(files: readonly OfficialFile[], data: string): Promise<string[]> {
  const { createMemory } = await import("../memory/memory.ts");
  const memory = createMemory({ folder: memoryFolder(data) });
  const said: string[] = [];
  try {
    for (const file of files) {
      const { entities, mentioned, observations, relations, known, kept } = await importOfficial(
        file,
        memory,
      );
      const old = known.entities + known.observations + known.relations;
      said.push(
        `imported ${counted(entities.length + mentioned.length, "entity", "entities")}, ${
          counted(observations, "observation")
        }, ${counted(relations, "relation")} into "${memoryFolder(data)}"${
          old === 0 ? "" : `; ${count(old)} more were known already`
        }`,
        ...(kept.length === 0 ? [] : [
          `types that were known are kept: ${
            listing(kept.map(({ name, type, told }) => `"${name}" is "${type}", not "${told}"`))
          }`,
        ]),
      );
    }
  } finally {
    memory.release();
  }
  return said;
}

function faultsText(faults: OfficialFile["faults"]): string {
  const shown = faults.slice(0, MEMORY_FAULTS_SHOWN).map(({ line, why }) => `line ${line} (${visible(why)})`);
  const lines = [...new Set(faults.slice(MEMORY_FAULTS_SHOWN).map(({ line }) => line))];
  const more = lines.length === 0 ? "" : `, and in ${listing(lines.map((line) => `line ${line}`), 200)}`;
  return `${counted(faults.length, "fault")} in it, and what is there is not imported: ${
    shown.join(", ")
  }${more}`;
}

/** A name that may have any length, most of it invisible. */
function shortly(name: string): string {
  return clip(visible(name.slice(0, 1_000)), MEMORY_NAME_CHARS_MAX);
}

function listing(items: readonly string[], max = MEMORY_FAULTS_SHOWN): string {
  const more = items.length - max;
  return items.slice(0, max).join(", ") + (more > 0 ? `, and ${count(more)} more` : "");
}

/** Paths where the file can be. */
type Places = { readonly paths: readonly string[]; readonly where: string } | { readonly trouble: string };

function placesHere(
  { launch }: Entry,
  found: Unwrapped,
  host: Host,
  expand: (path: string) => string | undefined,
): Places {
  const named = assigned(launch?.args ?? []) ?? launch?.env?.[VARIABLE];
  if (named !== undefined && named !== "") {
    const path = expand(named);
    if (path !== undefined) return { paths: [path], where: path };
    if (/[$%]/.test(named)) {
      return { trouble: `its ${VARIABLE}, "${named}", is no path that means the same here` };
    }
  }
  // A relative path belongs to the folder of the program.
  const names = named === undefined || named === "" ? [USUAL] : [[named]];
  const folders = programFolders(launch?.command ?? "", launch?.args ?? [], launch?.env ?? {}, found, host);
  const paths = folders.flatMap((folder) =>
    names.flatMap((each) => {
      const candidates = each.map((name) => join(folder, name));
      return candidates.find(isThere) ?? candidates[0] ?? [];
    })
  );
  return { paths, where: `where its program is installed is not known` };
}

/** Folders that can hold the program of the server: beside it is its file. */
function programFolders(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { starter, name }: Unwrapped,
  host: Host,
): string[] {
  const paths = pathsOf(host);
  const installed = globalFolders(host);
  if (starter === "node") return paths.isAbsolute(name) ? [dirname(name)] : [];
  if (starter === "itself") return paths.isAbsolute(command) ? [dirname(realOf(command))] : installed;
  const isNpm = [command, ...args].some((word) => /^(npx|npm)$/.test(programName(word)));
  if (!isNpm) return [];
  const at = args.findIndex((word) => /^--cache(=|$)/.test(word));
  const option = at < 0 ? undefined : args[at]?.split(/=(.*)/s)[1] ?? args[at + 1];
  const variable = Object.entries(env).find(([key]) => key.toLowerCase() === "npm_config_cache")?.[1];
  const usual = host.platform === "win32"
    ? paths.join(host.env.LOCALAPPDATA ?? paths.join(host.home ?? "", "AppData", "Local"), "npm-cache")
    : paths.join(host.home ?? "/", ".npm");
  const cache = paths.join(option ?? variable ?? usual, "_npx");
  const runs = namesIn(cache).map((hash) => join(cache, hash, ...PACKAGE));
  return [...runs, ...installed].filter(isFolder);
}

/** Where npm installs programs for everybody, and version managers do. */
function globalFolders({ platform, home = "/", env }: Host): string[] {
  const libraries = platform === "win32" ? [join(env.APPDATA ?? join(home, "AppData", "Roaming"), "npm")] : [
    ...["/usr/local/lib", "/usr/lib", "/opt/homebrew/lib", join(home, ".npm-global", "lib")],
    ...namesIn(join(home, ".nvm", "versions", "node")).map((version) =>
      join(home, ".nvm", "versions", "node", version, "lib")
    ),
  ];
  return libraries.map((library) => join(library, ...PACKAGE)).filter(isFolder);
}

function placesInContainer(
  { launch }: Entry,
  { mounts, volumes }: Unwrapped,
  host: Host,
  expand: (path: string) => string | undefined,
): Places {
  const args = launch?.args ?? [];
  if (args.some((word) => /^--env-file(=|$)/.test(word))) {
    return { trouble: "its variables stand in a file (--env-file), which is not read" };
  }
  // A variable of the entry reaches the container only when its name alone is given on.
  const named = assigned(args) ?? (args.includes(VARIABLE) ? launch?.env?.[VARIABLE] : undefined);
  const wanted = (named === undefined ? USUAL : [named]).map((name) => posix.resolve(IN_IMAGE, name));
  const inside = wanted.find((path) => deepest([...mounts, ...volumes], path) !== undefined) ?? "";
  const mount = deepest(mounts, inside);
  const volume = deepest(volumes, inside);
  const within = ({ source, target }: Mount) =>
    wanted.map((path) => posix.relative(target, path)).filter((rest) => !rest.startsWith(".."))
      .map((rest) => rest === "" ? source : `${source.replace(/[/\\]$/, "")}/${rest}`);
  if (mount !== undefined && mount.target.length >= (volume?.target.length ?? 0)) {
    const paths = within(mount).flatMap((path) => expand(path) ?? []);
    const there = paths.find(isThere) ?? paths[0];
    return there === undefined
      ? { trouble: `"${mount.source}" is no path that means the same here` }
      : { paths: [there], where: there };
  }
  if (volume === undefined) return { trouble: "its memories are inside the container only" };
  const folders = volumeFolders(volume.source, host);
  const there = folders.flatMap((source) => within({ ...volume, source })).find(isThere);
  if (there !== undefined) return { paths: [there], where: there };
  const file = posix.join("/m", posix.relative(volume.target, inside));
  return {
    trouble: `its memories are in the docker volume "${volume.source}", which cannot be read from here. ` +
      `Copy them: docker run --rm -v ${volume.source}:/m --entrypoint cat mcp/memory ${file} > m.jsonl; ` +
      `then an entry with "npx -y @modelcontextprotocol/server-memory" and the absolute path of that file ` +
      `in ${VARIABLE} can be replaced`,
  };
}

/** Where docker and podman keep a volume on Linux, when this user may look there. */
function volumeFolders(name: string, { platform, home = "/" }: Host): string[] {
  if (platform !== "linux" || !/^[\w.-]+$/.test(name)) return [];
  const data = join(home, ".local", "share");
  return [
    "/var/lib/docker/volumes",
    join(data, "docker", "volumes"),
    join(data, "containers", "storage", "volumes"),
  ]
    .map((folder) => join(folder, name, "_data"));
}

/** The mount that shows a path of the container. */
function deepest(mounts: readonly Mount[], path: string): Mount | undefined {
  const holds = ({ target }: Mount) => path === target || path.startsWith(target.replace(/\/?$/, "/"));
  return mounts.map((mount) => ({ ...mount, target: posix.normalize(mount.target) }))
    .filter(holds).toSorted((a, b) => b.target.length - a.target.length)[0];
}

/** The value of the variable on a command line: of `env` and of docker. */
function assigned(args: readonly string[]): string | undefined {
  return args.map((word) => /^(?:--env=|-e=?)?MEMORY_FILE_PATH=(.+)$/.exec(word)?.[1])
    .find((value) => value !== undefined);
}

function either(paths: readonly string[]): string {
  return paths.map((path) => `there is no file "${path}"`).slice(0, 3).join(", ");
}

function isThere(path: string): boolean {
  return look(path) !== undefined;
}

function isFolder(path: string): boolean {
  return look(path)?.isDirectory() === true;
}

/** What is at a path; undefined for nothing, and for what this user may not see. */
function look(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
