/**
 * Our own folders: whether they can be written, have room, and hold a journal in order.
 * @module
 */
import { constants, existsSync } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sizeText } from "../format.ts";
import { JOURNAL } from "../journal/database.ts";
import { DISK_FREE_BYTES_LOW, DISK_FREE_BYTES_MIN } from "../limits.ts";
import { rightsCommand } from "../rights.ts";
import { examineStore } from "../sqlite/health.ts";
import { storeFindings } from "./stores.ts";
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
  const counting = "SELECT count(*) AS n FROM changes WHERE status <> 'preparing'";
  return storeFindings(await examineStore(JOURNAL, folder, counting), folder, {
    short: "journal",
    name: JOURNAL.name,
    empty: "No change was recorded yet",
    one: "change",
    many: "changes",
    rescue: `${command} changes`,
  }, host);
}
