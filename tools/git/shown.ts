/**
 * How commits, names and times are shown.
 * @module
 */
import { localTimes } from "../../lib/format.ts";
import type { Repository } from "../../lib/git/types.ts";
import { showName } from "../../lib/names.ts";
import { clip } from "../../lib/reply.ts";
import type { Context } from "../../lib/tool.ts";
import { visible } from "../../lib/visible.ts";

/** Characters shown of a hash: one of a million others shares ten in one of a million repositories. */
const HASH_CHARS = 10;
/** Characters shown of a subject, a person's name or a list of branches. */
const FIELD_CHARS = 200;

/** A commit in a list. */
export interface Commit {
  readonly hash: string;
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
  ["%H", "%P", "%an", "%ae", "%at", "%D", "%s", "%m", ""].map((field) => `%x00${field}`).join("")
}`;
/** Fields of it; what a command prints behind it begins in the last one. */
export const COMMIT_FIELDS = 9;

/** Understands what git prints with {@link COMMIT_FORMAT}. */
export function parseCommits(output: string): Commit[] {
  return commitsOf(output.split("\0"));
}

/**
 * Takes the whole commits from a beginning of what git prints.
 * @param hasTail Whether something is printed behind a commit, of which more may follow behind the last one.
 */
export function takeCommits(output: string, hasTail: boolean): { commits: Commit[]; rest: string } {
  const fields = output.split("\0");
  const whole = Math.floor((fields.length - (hasTail ? 2 : 1)) / COMMIT_FIELDS);
  const end = 1 + COMMIT_FIELDS * Math.max(0, whole);
  const rest = ["", ...fields.splice(end)].join("\0");
  return { commits: commitsOf(fields), rest };
}

/** The commits of fields, of which the first is what stands before all of them. */
function commitsOf(fields: readonly string[]): Commit[] {
  const commits: Commit[] = [];
  for (let i = 1; i + COMMIT_FIELDS <= fields.length; i += COMMIT_FIELDS) {
    const field = (number: number) => fields[i + number] ?? "";
    commits.push({
      hash: field(0),
      parents: field(1) === "" ? [] : field(1).split(" "),
      author: line(field(2)),
      mail: line(field(3)),
      at: new Date(Number(field(4)) * 1_000),
      refs: line(field(5)),
      subject: line(field(6)),
      side: field(7),
      tail: field(8),
    });
  }
  return commits;
}

/** A field of a commit in one line. */
function line(text: string): string {
  // Mostly it is one, and seeing that takes less than making it one.
  if (text === "" || (text.length <= FIELD_CHARS && /^[!-~]+(?: [!-~]+)*$/.test(text))) return text;
  return clip(visible(text).replace(/\s+/g, " ").trim(), FIELD_CHARS);
}

/** A commit as a row: `a1b2c3d 2026-11-22 10:49 Ada Lovelace: Add the engine (main) [merge]`. */
export function commitRow(commit: Commit, time: Clock): string {
  const { hash, at, author, subject, refs, parents } = commit;
  const marks = `${refs === "" ? "" : ` (${refs})`}${parents.length > 1 ? " [merge]" : ""}`;
  // Git's own abbreviations look for others alike in all object stores, which takes longer than the rest.
  return `${hash.slice(0, HASH_CHARS)} ${time(at)} ${author}: ${subject}${marks}`;
}

/** Tells a moment: `2026-11-22 10:49`; a time that no calendar has as it is. */
export type Clock = (at: Date) => string;

/** A clock of the person's time zone. Making one takes longer than asking it for a page of commits. */
export function clockOf({ timeZone }: Context): Clock {
  const time = localTimes(timeZone);
  return (at) => Number.isNaN(at.getTime()) ? "(no valid time)" : time(at).slice(0, 16).replace("T", " ");
}

/** The repository as a title names it. */
export function nameOf({ shown }: Repository): string {
  return showName(shown);
}

/** The call that gets the rest. */
export function next(tool: string, args: Readonly<Record<string, unknown>>, offset: number): string {
  return `${tool} ${JSON.stringify({ ...args, offset })}`;
}
