/**
 * `clawhammer logs`: our own log, because hosts lose what a server writes to standard error.
 * @module
 */
import { UsageError } from "../errors.ts";
import { LOG_FILES_KEPT, LOG_PAGE_DEFAULT } from "../limits.ts";
import { followLog, isAtLeast, readLog } from "../logs.ts";
import { LEVELS } from "../config/options.ts";
import { wholeNumber } from "./changes.ts";
import type { Invocation } from "./command.ts";
import { complain, print } from "./output.ts";

/** Prints the newest lines of the log, oldest first, and with `--follow` those to come. */
export async function logs({ line }: Invocation): Promise<number> {
  const [operand] = line.operands;
  if (operand !== undefined) {
    throw new UsageError(`Unexpected "${operand}"\nclawhammer logs takes only flags`);
  }
  const flag = (name: string) => line.flags.get(name)?.[0];
  const limit = wholeNumber("--limit", flag("--limit")) ?? LOG_PAGE_DEFAULT;
  const level = levelOf(flag("--level"));
  const folder = line.config.folders.logs;
  if (folder === undefined) {
    await complain("this machine names no folder for logs, so there is none");
    return 1;
  }
  const follow = flag("--follow") === "true";
  const { lines, more, position } = await readLog(folder, { limit, level });
  if (lines.length > 0) await print(lines.join("\n"));
  else if (!follow) {
    await complain(
      `nothing is logged${level === "debug" ? "" : ` at level ${level} or above`} in "${folder}"`,
    );
  }
  if (more && !follow) {
    await complain(
      `older lines are not shown; --limit ${4 * limit} shows more (kept: ${LOG_FILES_KEPT + 1} files)`,
    );
  }
  if (!follow) return 0;
  const gone = new AbortController();
  process.stdout.once("error", () => gone.abort());
  for await (const next of followLog(folder, position, gone.signal)) {
    if (isAtLeast(next, level)) await print(next);
  }
  return 0;
}

function levelOf(text: string | undefined): typeof LEVELS[number] {
  const found = LEVELS.find((name) => name === (text ?? "debug").toLowerCase());
  if (found !== undefined) return found;
  throw new UsageError(`--level is "${text}"\nThe levels are ${LEVELS.join(", ")}`);
}
