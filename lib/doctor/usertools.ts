/**
 * The person's own tools: whether their folders can be trusted, and whether each file loads.
 * @module
 */
import { existsSync } from "node:fs";
import { pickModules } from "../app.ts";
import type { Config } from "../config.ts";
import { counted } from "../format.ts";
import { DOCTOR_TOOLS_MS_MAX } from "../limits.ts";
import { product } from "../product.ts";
import type { AnyTool, Log } from "../tool.ts";
import { openBuiltTools } from "../user/built.ts";
import { finder, openPool, openUserTools, realFolder } from "../user/open.ts";
import type { Problem, UserTools } from "../user/types.ts";
import { createWorkers } from "../worker/pool.ts";
import { within } from "./run.ts";
import type { Check, Finding, Setting } from "./types.ts";

/** Every folder of user tools that this command line or an entry of a client uses. */
export const userTools: Check = {
  name: "user-tools",
  title: "Your own tools",
  async examine(setting) {
    if (product !== undefined) {
      const inside = product.files.reduce((sum, { data }) => sum + data.tools.length, 0);
      return [{ severity: "ok", what: `${counted(inside, "tool")} of your own inside of this executable` }];
    }
    const findings: Finding[] = [];
    for (const config of configurations(setting)) findings.push(...await examineFolder(config, setting));
    return findings;
  },
};

/** The tools of the person's own that this command line offers, as far as they load in time. */
export async function offeredTools({ config, modules }: Setting): Promise<readonly AnyTool[]> {
  const path = config.toolsDir?.path ?? "";
  const isOn = pickModules(modules, config).some(({ needs }) => needs === "userTools");
  if (product === undefined && (!isOn || !existsSync(path))) return [];
  const workers = createWorkers(SILENT);
  try {
    const user = product === undefined
      ? openUserTools(realFolder(path), config, modules, { workers, log: SILENT, isLookOnly: true })
      : openBuiltTools(product.files, openPool(workers, config.toolsEnv), finder([]));
    await within(DOCTOR_TOOLS_MS_MAX, user.refresh());
    const all = user.modules.flatMap((module) => module.tools);
    return config.readOnly ? all.filter(({ effect }) => effect === "read") : all;
  } finally {
    workers.end();
  }
}

/** A configuration for each folder; one that pins its files counts for all that use the folder. */
function configurations({ config, clients }: Setting): Config[] {
  const entries = clients.flatMap(({ own }) => own.flatMap(({ line }) => line?.config ?? []));
  const all = new Map<string, Config>();
  for (const one of [config, ...entries]) {
    const path = one.toolsDir?.path;
    if (path !== undefined && all.get(path)?.pinTools !== true) all.set(path, one);
  }
  return [...all.values()];
}

async function examineFolder(config: Config, { modules, command }: Setting): Promise<Finding[]> {
  const { path = "", named = false } = config.toolsDir ?? {};
  if (!named && !existsSync(path)) {
    return [{ severity: "ok", what: `There are none yet: ${command} new NAME begins one in "${path}"` }];
  }
  const workers = createWorkers(SILENT);
  try {
    const user = openUserTools(realFolder(path), config, modules, { workers, log: SILENT, isLookOnly: true });
    const answer = await within(DOCTOR_TOOLS_MS_MAX, user.refresh().then(() => report(path, user, command)));
    return answer ?? [{
      severity: "warning",
      what: `Loading the tools in "${path}" takes longer than ${DOCTOR_TOOLS_MS_MAX / 1_000} s`,
      mend: `${command} dev FILE shows what one of them does`,
    }];
  } finally {
    workers.end();
  }
}

function report(path: string, user: UserTools, command: string): Finding[] {
  const tools = user.modules.flatMap((module) => module.tools);
  const found = user.problems.map((problem) => finding(path, user.folder, problem, command));
  if (tools.length === 0 && found.length > 0) return found;
  const what = `${counted(tools.length, "tool")} in ${counted(user.modules.length, "file")} of "${path}"`;
  return [{ severity: "ok", what: tools.length === 0 ? `No tool is in "${path}" yet` : what }, ...found];
}

function finding(path: string, folder: string, problem: Problem, command: string): Finding {
  const { file, line, what, next, stale } = problem;
  const where = file === folder ? "" : `${file}${line === undefined ? "" : `:${line}`} in "${path}": `;
  return {
    severity: stale ? "warning" : "error",
    what: `${where}${what}${stale ? " (the last version that worked is still offered)" : ""}`,
    mend: next.replace(/^Look at it, then trust it: clawhammer /, `Look at it, then: ${command} `),
  };
}

/** What is wrong is told here, and not in the log as well. */
const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
