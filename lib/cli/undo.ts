/**
 * `clawhammer undo`: a person takes changes back.
 * @module
 */
import { createInterface } from "node:readline/promises";
import { describeChange } from "../changes.ts";
import { errorText, ToolError, UsageError } from "../errors.ts";
import type { ChangeEntry, Changes } from "../fs/types.ts";
import { wholeNumber } from "./changes.ts";
import { openChanges } from "../reach.ts";
import type { Invocation } from "./command.ts";
import { complain, print } from "./output.ts";

/** Which changes are meant. */
type Choice = { readonly id: number } | { readonly last: number } | { readonly since: Date };

const UNITS: ReadonlyMap<string, number> = new Map([["s", 1], ["m", 60], ["h", 3_600], ["d", 86_400]]);

/** Takes the chosen changes back, newest first, until one cannot be. */
export async function undo({ line }: Invocation): Promise<number> {
  const choice = readChoice(line.operands, line.flags);
  const recorded = await openChanges(line.config);
  const chosen = await choose(choice, recorded);
  // A number that does not exist is refused by the undo itself, which names those that do.
  const ids = "id" in choice ? [choice.id] : chosen.map(({ id }) => id);
  if (ids.length === 0) {
    await print("Nothing to undo");
    return 0;
  }
  if (chosen.length > 0 && line.flags.get("--yes")?.[0] !== "true" && !await isWanted(chosen)) {
    await print("Nothing was undone");
    return 1;
  }
  return await takeBack(ids, recorded);
}

/** @throws {UsageError} for more than one of the ways to choose, and for what is no number or no time. */
function readChoice(operands: readonly string[], flags: ReadonlyMap<string, readonly string[]>): Choice {
  const [operand, second] = operands;
  if (second !== undefined) throw new UsageError(`Unexpected "${second}"\nGive one number, or --last N`);
  const [last] = flags.get("--last") ?? [];
  const [since] = flags.get("--since") ?? [];
  if ([operand, last, since].filter((each) => each !== undefined).length > 1) {
    throw new UsageError("A number, --last and --since exclude each other\nGive one of them");
  }
  const id = wholeNumber("The number of the change", operand);
  if (id !== undefined) return { id };
  if (since === undefined) return { last: wholeNumber("--last", last) ?? 1 };
  const [, amount, unit = ""] = /^(\d{1,6})([smhd])$/.exec(since) ?? [];
  const seconds = UNITS.get(unit);
  if (seconds === undefined) throw new UsageError(`--since is "${since}"\nWrite 30s, 45m, 2h or 7d`);
  return { since: new Date(Date.now() - Number(amount) * seconds * 1000) };
}

/** The change of a number, or the newest ones that are in force and are no undo themselves, newest first. */
async function choose(choice: Choice, recorded: Changes): Promise<ChangeEntry[]> {
  if ("id" in choice) {
    const found = await recorded.list(1, { before: choice.id + 1 });
    return found.filter(({ id }) => id === choice.id);
  }
  const chosen: ChangeEntry[] = [];
  let page = await recorded.list(100);
  while (page.length > 0) {
    for (const change of page) {
      if ("since" in choice ? change.at < choice.since : chosen.length === choice.last) return chosen;
      if (change.status === "done" && change.undoes === undefined) chosen.push(change);
    }
    page = await recorded.list(100, { before: page.at(-1)?.id });
  }
  return chosen;
}

async function takeBack(ids: readonly number[], recorded: Changes): Promise<number> {
  for (const [index, id] of ids.entries()) {
    try {
      const { did, id: number } = await recorded.undo(id, new AbortController().signal);
      await print(`Undid ${id}: ${did} (to bring it back: clawhammer undo ${number})`);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      const left = ids.length - index - 1;
      await complain(errorText(error) + (left === 0 ? "" : `\nThe ${left} before it were left as they are`));
      return 1;
    }
  }
  return 0;
}

/** Shows what will be undone and asks, where there is somebody to ask. */
async function isWanted(chosen: readonly ChangeEntry[]): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return true;
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  await print(chosen.map((change) => describeChange(change, timeZone)).join("\n"));
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const question = chosen.length === 1 ? "Undo this change?" : `Undo these ${chosen.length} changes?`;
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
