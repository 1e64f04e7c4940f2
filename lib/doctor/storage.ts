/**
 * Our own folders: whether they can be written, have room, and hold a journal in order.
 * @module
 */
import { constants, existsSync, statSync } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { counted, sizeText } from "../format.ts";
import { examineJournal } from "../journal/health.ts";
import { DISK_FREE_BYTES_LOW, DISK_FREE_BYTES_MIN } from "../limits.ts";
import { rightsCommand } from "../rights.ts";
import { shellWord } from "../shell.ts";
import type { Check, Finding, Setting } from "./types.ts";

/** Room and rights for what Clawhammer keeps, and the journal of changes. */
export const storage: Check = {
  name: "storage",
  title: "What Clawhammer keeps",
  async examine(setting) {
    const { data, logs, cache } = setting.config.folders;
    const named = Object.entries({ changes: data, logs, cache });
    const folders = named.flatMap(([name, path]) => path === undefined ? [] : [{ name, path }]);
    if (data === undefined) {
      return [{
        severity: "error",
        what: "This machine names no home folder, so no change can be recorded, and none is made",
        mend: "Set the variable HOME for Clawhammer",
      }];
    }
    const findings = await Promise.all(folders.map(({ name, path }) => writable(name, path)));
    return [...findings.flat(), ...await room(data), ...await journal(data, setting)];
  },
};

async function writable(name: string, path: string): Promise<Finding[]> {
  const place = existing(path);
  try {
    await access(place, constants.W_OK | constants.X_OK);
    return [];
  } catch {
    return [{
      severity: name === "changes" ? "error" : "warning",
      what: `The folder for ${name}, "${path}", cannot be written`,
      mend: rightsCommand(place),
    }];
  }
}

/** The folder itself, or the nearest one above it that exists. */
function existing(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existing(dirname(path));
}

async function room(data: string): Promise<Finding[]> {
  const { bavail, bsize } = await statfs(existing(data));
  const free = bavail * bsize;
  const what = `${sizeText(free)} free where changes are recorded ("${data}")`;
  if (free >= DISK_FREE_BYTES_LOW) return [{ severity: "ok", what }];
  const mend = "Free some space: what cannot be recorded is not changed";
  return [{ severity: free < DISK_FREE_BYTES_MIN ? "error" : "warning", what: `Only ${what}`, mend }];
}

async function journal(data: string, { command, host }: Setting): Promise<Finding[]> {
  const folder = join(data, "journal");
  const { changes, bytes, fault, aside } = await examineJournal(folder);
  const old: Finding[] = aside.map((path) => ({
    severity: "note",
    what: `A journal that was found damaged is kept in "${path}"`,
    mend: "Delete that folder when you miss nothing",
  }));
  if (fault !== undefined) {
    const word = shellWord(folder, host);
    const aside = shellWord(`${folder}-aside`, host);
    return [{
      severity: "error",
      what: `The journal of changes in "${folder}" is damaged or cannot be read: ${fault}`,
      mend: statSync(folder, { throwIfNoEntry: false })?.isDirectory()
        ? `${command} changes`
        : `${host.platform === "win32" ? "move" : "mv"} ${word} ${aside}`,
    }, ...old];
  }
  const what = changes === undefined
    ? "No change was recorded yet"
    : `The journal holds ${counted(changes, "change")} (${sizeText(bytes)}) and is in order`;
  return [{ severity: "ok", what }, ...old];
}
