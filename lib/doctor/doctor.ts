/**
 * The doctor: every check, one after the other, each bounded and none able to stop the others.
 * @module
 */
import { errorText } from "../errors.ts";
import { openRoots } from "../fs/roots.ts";
import { thisExecutable } from "../install/executable.ts";
import { createPrograms } from "../programs.ts";
import { isCompiled } from "../runtime.ts";
import { binary } from "./binary.ts";
import { clients } from "./clients.ts";
import { configuration } from "./configuration.ts";
import { cost } from "./cost.ts";
import { findClients } from "./entries.ts";
import { folders } from "./folders.ts";
import { logs } from "./logs.ts";
import { memory } from "./memory.ts";
import { programs } from "./programs.ts";
import { runProgram } from "./run.ts";
import { storage } from "./storage.ts";
import type { Check, Finding, Setting } from "./types.ts";

/** Every check, in the order of the report. To add one, write a file beside this and name it here. */
export const CHECKS: readonly Check[] = [
  binary,
  configuration,
  clients,
  folders,
  programs,
  storage,
  memory,
  cost,
  logs,
];

/** The findings of one check. */
export interface Section {
  readonly check: Check;
  readonly findings: readonly Finding[];
}

/** Gathers what the checks look at. */
export async function settingOf(
  { config, modules, host, faults }: Pick<Setting, "config" | "modules" | "host" | "faults">,
): Promise<Setting> {
  const compiled = isCompiled();
  const path = process.execPath;
  const clients = await findClients(host, path);
  const entries = clients.flatMap(({ own }) => own.flatMap(({ line }) => line?.config.allow ?? []));
  return {
    host,
    config,
    faults,
    modules,
    clients,
    programs: createPrograms({ host, allowed: openRoots([...config.allow, ...entries]).roots }),
    everyProgram: createPrograms({ host, allowed: [] }),
    command: (await thisExecutable(host)).command,
    executable: { path, compiled },
    now: new Date(),
    run: runProgram,
  };
}

/** Runs checks. One that fails is a finding itself. */
export async function examine(setting: Setting, checks: readonly Check[] = CHECKS): Promise<Section[]> {
  const sections: Section[] = [];
  for (const check of checks) {
    try {
      sections.push({ check, findings: await check.examine(setting) });
    } catch (error) {
      const what = `This could not be checked: ${errorText(error)}`;
      const mend = `${setting.command} doctor --bundle report.txt writes what a bug report needs`;
      sections.push({ check, findings: [{ severity: "warning", what, mend }] });
    }
  }
  return sections;
}

/** Whether nothing is wrong: notes are no fault. */
export function isHealthy(sections: readonly Section[]): boolean {
  return sections.every(({ findings }) =>
    findings.every(({ severity }) => severity === "ok" || severity === "note")
  );
}
