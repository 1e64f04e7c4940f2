/**
 * A file or a folder as it was in a commit.
 * @module
 */
import { ToolError } from "../../lib/errors.ts";
import { count, counted, sizeText } from "../../lib/format.ts";
import type { Repository } from "../../lib/git/types.ts";
import {
  GIT_BLOB_BYTES_MAX,
  LINE_CHARS_MAX,
  MEDIA_BYTES_MAX,
  READ_LINES_DEFAULT,
  REPLY_CHARS_MAX,
} from "../../lib/limits.ts";
import { splitLines } from "../../lib/lines.ts";
import { sniff } from "../../lib/media.ts";
import { nearest } from "../../lib/nearest.ts";
import { showName } from "../../lib/names.ts";
import { clip, fitLines, media, type Reply, text } from "../../lib/reply.ts";
import { decode } from "../../lib/text.ts";
import { visible } from "../../lib/visible.ts";
import { next } from "./shown.ts";

/** A path in a commit. */
export interface Place {
  readonly repository: Repository;
  readonly hash: string;
  /** How the commit was called. */
  readonly ref: string;
  readonly path: string;
  /** The arguments of the call, for the one that continues. */
  readonly asked: Readonly<Record<string, unknown>>;
}

interface Lines {
  readonly offset?: number;
  readonly limit?: number;
}

/** Shows what stands at a path. */
export async function showObject(place: Place, lines: Lines): Promise<Reply> {
  const { object, type, size } = await objectAt(place);
  if (type === "tree") return await showTree(place, object, lines);
  if (type !== "blob") return text(`${titleOf(place)} is a submodule, at its commit ${object}`);
  if (size > GIT_BLOB_BYTES_MAX) {
    throw new ToolError(
      `Cannot show ${titleOf(place)}: ${sizeText(size)} are more than ${sizeText(GIT_BLOB_BYTES_MAX)}`,
      "git_show with blame shows parts of it.",
    );
  }
  const { stdout } = await place.repository.run({
    name: "cat-file",
    values: ["blob", object],
    maxBytes: GIT_BLOB_BYTES_MAX + 1,
  });
  const whole = decode(stdout)?.text;
  if (whole === undefined) return showBytes(place, stdout);
  return showLines(place, splitLines(whole), lines);
}

/** The object at a path: its hash, its type and its size in bytes. */
export async function objectAt(place: Place): Promise<{ object: string; type: string; size: number }> {
  const { repository, hash, path } = place;
  const found = await repository.run({
    name: "rev-parse",
    options: ["--verify", "--quiet"],
    values: [`${hash}:${path}`],
    okStatus: [0, 1, 128],
  });
  const object = /^([0-9a-f]{40,64})$/m.exec(found.stdout.toString("utf8"))?.[1];
  if (object === undefined) throw await noSuchPath(place);
  const options = ["--batch-check=%(objecttype) %(objectsize)"];
  const { stdout } = await repository.run({ name: "cat-file", options, input: `${object}\n` });
  const [type = "", size] = stdout.toString("utf8").trim().split(" ");
  if (size !== "missing" && size !== undefined) return { object, type, size: Number(size) };
  if (await isSubmodule(place)) return { object, type: "commit", size: 0 };
  throw new ToolError(
    `Cannot show ${titleOf(place)}: its contents are not in this repository`,
    "It is a partial clone, and nothing is fetched by the way, or it is damaged. The person can run " +
      "git fetch or git fsck there.",
  );
}

/** Whether a path is the place of another repository. */
async function isSubmodule({ repository, hash, path }: Place): Promise<boolean> {
  const at = path.lastIndexOf("/");
  const values = [`${hash}:${path.slice(0, Math.max(0, at))}`];
  const { stdout } = await repository.run({ name: "ls-tree", options: ["-z"], values });
  const entries = stdout.toString("utf8").split("\0");
  return entries.some((entry) => entry.startsWith("160000 ") && entry.endsWith(`\t${path.slice(at + 1)}`));
}

async function noSuchPath({ repository, hash, ref, path }: Place): Promise<ToolError> {
  const { stdout } = await repository.run({
    name: "ls-tree",
    options: ["-r", "-z", "--name-only", "--full-tree"],
    revisions: [hash],
    maxBytes: 2_000_000,
  });
  const names = stdout.toString("utf8").split("\0").filter((name) => name !== "");
  const end = path.split("/").at(-1) ?? path;
  const same = names.filter((name) => name.split("/").at(-1) === end);
  const near = [...same, ...nearest(path, names.slice(0, 20_000))].slice(0, 3).map(showName);
  return new ToolError(
    `There is no "${showName(path)}" in ${visible(ref)} (${hash.slice(0, 10)})`,
    near.length > 0
      ? `Nearest: ${near.join(", ")}.`
      : 'git_show with the path "." lists what there is; git_log with this path tells what became of it.',
  );
}

async function showTree(place: Place, tree: string, { offset = 1, limit = Infinity }: Lines): Promise<Reply> {
  const { stdout } = await place.repository.run({
    name: "ls-tree",
    options: ["-z", "--long"],
    revisions: [tree],
  });
  const entries = stdout.toString("utf8").split("\0").filter((entry) => entry !== "");
  const rows = entries.map((entry) => {
    const [, mode = "", type, size = "", name = ""] = /^(\d+) (\w+) \S+ +(\S+)\t(.*)$/s.exec(entry) ?? [];
    if (type === "tree") return `${showName(name)}/`;
    if (type === "commit") return `${showName(name)}  submodule`;
    return `${showName(name)}  ${sizeText(Number(size))}${mode === "120000" ? "  link" : ""}`;
  });
  const wanted = rows.slice(offset - 1, offset - 1 + limit);
  const shown = fitLines(wanted);
  const end = offset - 1 + shown.length;
  return text(
    [`${titleOf(place)}, folder of ${counted(rows.length, "entry", "entries")}:`, ...shown].join("\n"),
    end < rows.length ? `More: ${next("git_show", place.asked, end + 1)}` : undefined,
  );
}

function showLines(
  place: Place,
  lines: readonly string[],
  { offset = 1, limit = READ_LINES_DEFAULT }: Lines,
): Reply {
  if (lines.length === 0) return text(`${titleOf(place)} is empty`);
  if (offset > lines.length) {
    throw new ToolError(
      `${titleOf(place)} has ${counted(lines.length, "line")}; there is no line ${offset}`,
      "Leave out offset to begin at its start.",
    );
  }
  const wanted = lines.slice(offset - 1, offset - 1 + limit).map((line) =>
    clip(visible(line), LINE_CHARS_MAX)
  );
  const shown = fitLines(wanted, REPLY_CHARS_MAX - 2_000);
  const end = offset - 1 + shown.length;
  const isWhole = offset === 1 && end === lines.length;
  const which = isWhole
    ? counted(end, "line")
    : `lines ${count(offset)}-${count(end)} of ${count(lines.length)}`;
  return text(
    [`${titleOf(place)}, ${which}:`, ...shown].join("\n"),
    end < lines.length ? `More: ${next("git_show", place.asked, end + 1)}` : undefined,
  );
}

function showBytes(place: Place, bytes: Uint8Array): Reply {
  const type = sniff(bytes);
  const what = `${titleOf(place)}: ${type?.name ?? "not text"}, ${sizeText(bytes.length)}`;
  if (
    type === undefined || (type.kind !== "image" && type.kind !== "audio") || bytes.length > MEDIA_BYTES_MAX
  ) {
    return text(what);
  }
  return media(type.kind, bytes, type.mimeType, what);
}

/** `src/a.ts at main (a1b2c3d4e5)`. */
export function titleOf({ path, ref, hash }: Place): string {
  return `${path === "" ? "The top" : showName(path)} at ${visible(ref)} (${hash.slice(0, 10)})`;
}
