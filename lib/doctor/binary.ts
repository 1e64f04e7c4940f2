/**
 * The executable itself: whether the system trusts it, and whether the ripgrep inside it can run.
 * @module
 */
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorText } from "../errors.ts";
import { isQuarantined, unquarantine } from "../install/executable.ts";
import { createRipgrep } from "../ripgrep.ts";
import { runtimeName } from "../runtime.ts";
import { shellWord } from "../shell.ts";
import { name, version } from "../version.ts";
import type { Check, Finding, Setting } from "./types.ts";

/** Which program this is, and what may keep it from starting. */
export const binary: Check = {
  name: "binary",
  title: "Clawhammer itself",
  async examine(setting) {
    const { path, compiled } = setting.executable;
    const about = `${name} ${version} (${runtimeName()}, ${setting.host.platform}-${process.arch})`;
    if (!compiled) {
      return [{ severity: "note", what: `${about}, run from source` }, ...await ripgrep(setting)];
    }
    const faults = [
      ...await permissions(setting),
      ...(setting.host.platform === "darwin" ? await signature(setting) : []),
      ...await quarantine(setting),
    ];
    return [{ severity: "ok", what: `${about}: ${path}` }, ...faults, ...await ripgrep(setting)];
  },
};

async function permissions({ executable: { path }, host }: Setting): Promise<Finding[]> {
  if (host.platform === "win32") return [];
  try {
    if (((await stat(path)).mode & 0o111) !== 0) return [];
    return [{
      severity: "error",
      what: `"${path}" may not be executed`,
      mend: `chmod +x ${shellWord(path, host)}`,
    }];
  } catch (error) {
    return [{
      severity: "error",
      what: `"${path}" is gone: ${errorText(error)}`,
      mend: "Put the executable back, or install again from where it is now",
    }];
  }
}

/** Apple's kernel ends what carries no valid signature. */
async function signature({ executable: { path }, host, run }: Setting): Promise<Finding[]> {
  const verdict = await run("/usr/bin/codesign", ["--verify", "--strict", path]);
  if (verdict === undefined || verdict.status === 0) return [];
  const why = verdict.stderr.trim().split("\n")[0] ?? "";
  return [{
    severity: "error",
    what: `The signature of the executable is not valid (${why}), so macOS ends it at its start`,
    mend: `codesign --force --sign - ${shellWord(path, host)}`,
  }];
}

/** macOS and Windows remember what a browser has downloaded. */
async function quarantine({ executable: { path }, host, run }: Setting): Promise<Finding[]> {
  if (!await isQuarantined(path, host, run)) return [];
  const what = host.platform === "win32"
    ? "Windows marks the executable as downloaded from the internet, and may keep it from starting"
    : "macOS keeps the executable in quarantine, so a client may not be able to start it";
  return [{ severity: "warning", what, mend: unquarantine(path, host) }];
}

async function ripgrep({ config, host }: Setting): Promise<Finding[]> {
  const warnings: string[] = [];
  const quiet = () => {};
  const engine = createRipgrep({
    cacheFolder: config.folders.cache ?? join(tmpdir(), name),
    log: { debug: quiet, info: quiet, warn: (message) => warnings.push(message), error: quiet },
    searchPath: config.searchPath,
  });
  const shown: string[] = [];
  const take = (chunk: { toString(): string }) => shown.push(chunk.toString()) > 0;
  const signal = new AbortController().signal;
  const end = await engine.run({ args: ["--version"], cwd: host.home ?? tmpdir(), signal, take });
  const folder = config.folders.cache ?? tmpdir();
  if (end?.status !== 0) {
    return [{
      severity: "warning",
      what: `ripgrep cannot run here, so searches are slow: ${
        warnings[0] ?? end?.errors ?? "no reason given"
      }`,
      mend: `Let programs run in "${folder}" (is it mounted noexec?), or install ripgrep`,
    }];
  }
  const found = shown.join("").split("\n")[0]?.trim() ?? "ripgrep";
  if (warnings.length === 0) return [{ severity: "ok", what: `${found} runs` }];
  return [{
    severity: "note",
    what: `${found} runs, but not from where it belongs: ${warnings[0]}`,
    mend: `Let programs run in "${folder}" (is it mounted noexec?)`,
  }];
}
