/**
 * Failures of git as instructions.
 * @module
 */
import { ToolError } from "../errors.ts";
import { showName } from "../names.ts";
import { visible } from "../visible.ts";
import type { Output } from "./types.ts";

/** What messages of git mean for the person, first match wins. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [
    /index\.lock|Unable to create '.*\.lock'/,
    "Another git is at work there, or one was interrupted. Try " +
    "again; if it stays, the person can remove the lock file that is named.",
  ],
  [
    /promisor|lazy fetch/,
    "This is a partial clone and the object is not here. Nothing is fetched by the way: " +
    "the person can run git fetch there.",
  ],
  [
    /corrupt|loose object|bad object|object file|inflate|index file|bad index|unable to read|garbage|fsck/i,
    "The repository seems to be damaged. The person can look at it with git fsck.",
  ],
  [/bad config|config file/i, "The settings of the repository are damaged. The person can mend .git/config."],
  [/unmerged|conflict/i, "Conflicts come first: git_status names them."],
  [/No space left|disk full/i, "The disk is full. The person has to make room."],
  [/Permission denied/i, "The system does not let this user do that. The person can change the permissions."],
];

/** The error for a command that failed, in git's own words. */
export function explain(name: string, shown: string, { stderr, status }: Output): ToolError {
  const lines = stderr.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const telling = lines.find((line) => /^(fatal|error): /.test(line)) ?? lines[0];
  const words = telling?.replace(/^(fatal|error): /, "").replace(/\.$/, "") ??
    `it ended with status ${status}`;
  const rest = lines.filter((line) => line !== telling && !line.startsWith("hint: ")).slice(0, 5);
  const meaning = MEANINGS.find(([expression]) => expression.test(stderr))?.[1];
  return new ToolError(
    visible(`git ${name} failed in "${showName(shown)}": ${words.slice(0, 1_000)}`),
    visible(
      [...rest.map((line) => line.slice(0, 300)), meaning ?? "git_status shows how things are."].join("\n"),
    ),
  );
}
