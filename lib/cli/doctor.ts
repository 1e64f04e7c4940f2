/**
 * `clawhammer doctor`: checks everything a person could trip over, and says how to mend each.
 * @module
 */
import { writeFile } from "node:fs/promises";
import { examine, isHealthy, settingOf } from "../doctor/doctor.ts";
import { renderBundle, renderReport, reportOf } from "../doctor/report.ts";
import { errorCode, errorText, ToolError, UsageError } from "../errors.ts";
import type { Invocation } from "./command.ts";
import { complain, print } from "./output.ts";

/** Prints the findings. Resolves with 1 when something is wrong. */
export async function doctor({ modules, line, host, faults }: Invocation): Promise<number> {
  const [operand] = line.operands;
  if (operand !== undefined) {
    throw new UsageError(`Unexpected "${operand}"\nclawhammer doctor takes only flags`);
  }
  const setting = await settingOf({ config: line.config, modules, host, faults });
  const sections = await examine(setting);
  const asJson = line.flags.get("--json")?.[0] === "true";
  await print(asJson ? JSON.stringify(reportOf(sections), null, 2) : renderReport(sections));
  const out = line.flags.get("--bundle")?.[0];
  if (out !== undefined) await save(out, await renderBundle(sections, setting));
  return isHealthy(sections) ? 0 : 1;
}

/** Writes the report so that only its owner can read it, and never over another file. */
async function save(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const why = errorCode(error) === "EEXIST" ? "it exists already" : errorText(error);
    throw new ToolError(`Cannot write "${path}": ${why}`, "Name a file that does not exist yet");
  }
  await complain(`wrote "${path}" for a bug report; read it before you send it on`);
}
