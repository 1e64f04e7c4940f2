/**
 * `clawhammer changes`: what was changed, for a person.
 * @module
 */
import { describeChange } from "../changes.ts";
import { UsageError } from "../errors.ts";
import { CHANGES_PAGE_DEFAULT } from "../limits.ts";
import { openChanges } from "../reach.ts";
import { visible } from "../visible.ts";
import type { Invocation } from "./command.ts";
import { print } from "./output.ts";

/** Prints the newest changes. */
export async function changes({ line }: Invocation): Promise<number> {
  const [operand] = line.operands;
  if (operand !== undefined) {
    throw new UsageError(
      `Unexpected "${operand}"\nclawhammer changes takes only flags; to undo: clawhammer undo`,
    );
  }
  const limit = wholeNumber("--limit", line.flags.get("--limit")?.[0]) ?? CHANGES_PAGE_DEFAULT;
  const diff = line.flags.get("--diff")?.[0] === "true";
  const recorded = await openChanges(line.config);
  const entries = await recorded.list(limit + 1, { diff });
  const shown = entries.slice(0, limit);
  if (line.flags.get("--json")?.[0] === "true") {
    await print(JSON.stringify(shown, null, 2));
    return 0;
  }
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  const lines = shown.map((entry) => {
    // A carriage return could hide the line it ends on a terminal.
    const about = entry.diff === undefined || entry.diff === ""
      ? ""
      : `\n${visible(entry.diff.replaceAll("\r", "\\u000d"))}\n`;
    return describeChange(entry, timeZone) + about;
  });
  if (lines.length === 0) lines.push("Nothing was changed, or it is forgotten by now.");
  if (entries.length > limit) lines.push(`There are more: clawhammer changes --limit ${4 * limit}`);
  await print(lines.join("\n"));
  return 0;
}

/** The number a flag was given. @throws {UsageError} when it is none, or less than 1. */
export function wholeNumber(flag: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new UsageError(`${flag} is "${value}"\nGive a whole number from 1`);
}
