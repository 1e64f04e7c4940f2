/**
 * How commits, names and times are shown.
 * @module
 */
import { localTime } from "../../lib/format.ts";
import type { Repository } from "../../lib/git/types.ts";
import { showName } from "../../lib/names.ts";
import { clip } from "../../lib/reply.ts";
import type { Context } from "../../lib/tool.ts";
import { visible } from "../../lib/visible.ts";

/** Characters shown of a subject, a person's name or a list of branches. */
const FIELD_CHARS = 200;

/** A commit in a list. */
export interface Commit {
  readonly hash: string;
  readonly short: string;
  readonly parents: readonly string[];
  readonly author: string;
  readonly mail: string;
  /** When it was written. */
  readonly at: Date;
  /** Branches and tags on it: `HEAD -> main, tag: v1`. */
  readonly refs: string;
  readonly subject: string;
  /** "<" or ">" in a symmetric range: on which side it is. */
  readonly side: string;
  /** What git printed behind it: names of files. */
  readonly tail: string;
}

/** The format that {@link parseCommits} understands: no field can contain the NUL between them. */
export const COMMIT_FORMAT = `--format=${
  ["%H", "%h", "%P", "%an", "%ae", "%at", "%D", "%s", "%m", ""].map((field) => `%x00${field}`).join("")
}`;
const FIELDS = 10;

/** Understands what git prints with {@link COMMIT_FORMAT}. */
export function parseCommits(output: string): Commit[] {
  const fields = output.split("\0");
  const commits: Commit[] = [];
  for (let i = 1; i + FIELDS - 1 < fields.length + 1; i += FIELDS) {
    const [hash, short, parents, author, mail, at, refs, subject, side, tail] = fields.slice(i, i + FIELDS);
    if (hash === undefined || short === undefined) break;
    commits.push({
      hash,
      short,
      parents: parents === undefined || parents === "" ? [] : parents.split(" "),
      author: line(author),
      mail: line(mail),
      at: new Date(Number(at) * 1_000),
      refs: line(refs),
      subject: line(subject),
      side: side ?? "",
      tail: tail ?? "",
    });
  }
  return commits;
}

/** A field of a commit in one line. */
function line(text = ""): string {
  return clip(visible(text).replace(/\s+/g, " ").trim(), FIELD_CHARS);
}

/** A commit as a row: `a1b2c3d 2026-11-22 10:49 Ada Lovelace: Add the engine (main) [merge]`. */
export function commitRow(commit: Commit, ctx: Context): string {
  const { short, at, author, subject, refs, parents } = commit;
  const marks = `${refs === "" ? "" : ` (${refs})`}${parents.length > 1 ? " [merge]" : ""}`;
  return `${short} ${timeText(at, ctx)} ${author}: ${subject}${marks}`;
}

/** `2026-11-22 10:49` in the person's time zone; a time that no calendar has as it is. */
export function timeText(at: Date, ctx: Context): string {
  if (Number.isNaN(at.getTime())) return "(no valid time)";
  return localTime(at, ctx.timeZone).slice(0, 16).replace("T", " ");
}

/** The repository as a title names it. */
export function nameOf({ shown }: Repository): string {
  return showName(shown);
}

/** The call that gets the rest. */
export function next(tool: string, args: Readonly<Record<string, unknown>>, offset: number): string {
  return `${tool} ${JSON.stringify({ ...args, offset })}`;
}
