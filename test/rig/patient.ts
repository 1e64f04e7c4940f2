/**
 * A home folder for the checks of the doctor.
 * @module
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadConfig } from "../../lib/config.ts";
import type { Host } from "../../lib/config/host.ts";
import { settingOf } from "../../lib/doctor/doctor.ts";
import type { Check, Finding, Setting } from "../../lib/doctor/types.ts";
import { modules } from "../../main.ts";

/** A home of a machine, as the checks of the doctor see it. */
export interface Place {
  readonly home: string;
  readonly dir: string;
  /** Where Claude Desktop keeps its configuration in this home. */
  readonly claude: string;
  put(path: string, text: string): Promise<void>;
  /** What the checks are given, after what was put; a client's entries are read anew each time. */
  setting(args?: readonly string[], more?: Partial<Setting>): Promise<Setting>;
}

/** A home of a machine with Linux, and a folder in it. */
export async function withHome(work: (place: Place) => Promise<void>): Promise<void> {
  const home = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-doctor-")));
  const dir = join(home, "Documents");
  await mkdir(dir);
  const host: Host = { platform: "linux", env: { PATH: process.env.PATH, HOME: home }, home, cwd: home };
  try {
    await work({
      home,
      dir,
      claude: join(home, ".config", "Claude", "claude_desktop_config.json"),
      async put(path, text) {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, text);
      },
      async setting(args = [], more = {}) {
        const { config } = await loadConfig(args, [], host);
        return { ...await settingOf({ config, modules, host, faults: [] }), command: "clawhammer", ...more };
      },
    });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** The configuration of Claude Desktop with one entry of ours. */
export function entry(command: string, args: readonly string[], more = {}): string {
  return JSON.stringify({ mcpServers: { clawhammer: { command, args, ...more } } });
}

/** How bad each finding is. */
export function severities(findings: readonly Finding[]): string[] {
  return findings.map(({ severity }) => severity);
}

/** The only finding of a check. */
export async function only(check: Check, setting: Setting): Promise<Finding> {
  const findings = await check.examine(setting);
  assert.equal(findings.length, 1, JSON.stringify(findings));
  return findings[0] ?? assert.fail();
}
