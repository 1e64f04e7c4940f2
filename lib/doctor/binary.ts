/**
 * The executable itself: whether the system trusts it, and whether the ripgrep inside it can run.
 * @module
 */
import { readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorText } from "../errors.ts";
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
      ...(setting.host.platform === "darwin" ? await trustOfMac(setting) : []),
      ...(setting.host.platform === "win32" ? await zoneOfWindows(setting) : []),
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

/** Apple's kernel ends what carries no valid signature, and asks about what a browser has downloaded. */
async function trustOfMac({ executable: { path }, host, run }: Setting): Promise<Finding[]> {
  const findings: Finding[] = [];
  const signature = await run("/usr/bin/codesign", ["--verify", "--strict", path]);
  if (signature !== undefined && signature.status !== 0) {
    const why = signature.stderr.trim().split("\n")[0] ?? "";
    findings.push({
      severity: "error",
      what: `The signature of the executable is not valid (${why}), so macOS ends it at its start`,
      mend: `codesign --force --sign - ${shellWord(path, host)}`,
    });
  }
  const quarantine = await run("/usr/bin/xattr", ["-p", "com.apple.quarantine", path]);
  if (quarantine?.status === 0) {
    findings.push({
      severity: "warning",
      what: "macOS keeps the executable in quarantine, so a client may not be able to start it",
      mend: `xattr -d com.apple.quarantine ${shellWord(path, host)}`,
    });
  }
  return findings;
}

/** What a browser saves carries the zone it came from, in a stream beside the file. */
async function zoneOfWindows({ executable: { path } }: Setting): Promise<Finding[]> {
  const zone = await readFile(`${path}:Zone.Identifier`, "utf8").catch(() => "");
  if (!/^ZoneId=[34]/m.test(zone)) return [];
  return [{
    severity: "warning",
    what: "Windows marks the executable as downloaded from the internet, and may keep it from starting",
    mend: `powershell -Command "Unblock-File -LiteralPath '${path.replaceAll("'", "''")}'"`,
  }];
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
