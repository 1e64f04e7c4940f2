/**
 * The allowed folders: whether they are there, may be used, and hold files that are only in the cloud.
 * @module
 */
import { constants, type Dirent, existsSync } from "node:fs";
import { access, lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Host, pathsOf } from "../config/host.ts";
import { errorCode } from "../errors.ts";
import { counted } from "../format.ts";
import type { Allowed } from "../fs/roots.ts";
import { CLOUD_FILES_MAX, CLOUD_LOOK_MS_MAX, CLOUD_SMALL_BYTES, FOLDER_ANSWER_MS_MAX } from "../limits.ts";
import { ENTRY_NAME } from "../install/plan.ts";
import { rightsCommand } from "../rights.ts";
import { shellWord } from "../shell.ts";
import { name as program } from "../version.ts";
import { breadthWarning } from "../wide.ts";
import { within } from "./run.ts";
import type { Check, Finding, Setting } from "./types.ts";

/** Every folder that this command line or an entry of a client allows. */
export const folders: Check = {
  name: "folders",
  title: "Allowed folders",
  async examine(setting) {
    const all = allowedFolders(setting);
    if (all.length === 0) {
      return [{
        severity: "warning",
        what: "No folder is allowed, so Claude can reach no file",
        mend: allowSomething(setting),
      }];
    }
    const findings: Finding[] = [];
    for (const folder of all) {
      const answer = await within(FOLDER_ANSWER_MS_MAX, examineFolder(folder, setting));
      findings.push(
        ...answer ?? [{
          severity: "error" as const,
          what: `"${folder.path}" does not answer within ${
            FOLDER_ANSWER_MS_MAX / 1_000
          } s: is it on a network drive?`,
          mend: "Connect the drive, or allow another folder",
        }],
      );
    }
    return findings;
  },
};

/** Allows a folder for the first entry there is; without one that exists, the command asks. */
function allowSomething({ command, clients, host }: Setting): string {
  const documents = host.home && pathsOf(host).join(host.home, "Documents");
  const usual = documents && existsSync(documents) ? ` --allow ${shellWord(documents, host)}` : "";
  const [[client, entry] = []] = clients.flatMap(({ client, own }) =>
    own.map(({ entry }) => [client.id, entry.name] as const)
  ).filter(([, entry]) => ENTRY_NAME.test(entry));
  const name = entry === undefined || entry === program ? "" : ` --name ${entry}`;
  return `${command} install${client === undefined ? "" : ` ${client}`}${name}${usual}`;
}

/** Each folder once; one that may be written by any configuration is examined as such. */
function allowedFolders({ config, clients }: Setting): Allowed[] {
  const entries = clients.flatMap(({ own }) => own.flatMap(({ line }) => line?.config ?? []));
  const all = new Map<string, Allowed>();
  const effective = [config, ...entries].flatMap(({ allow }) =>
    // Of a folder that is allowed twice, reading only counts.
    allow.filter(({ path, readOnly }) => readOnly || !allow.some((one) => one.path === path && one.readOnly))
  );
  for (const folder of effective) {
    if (all.get(folder.path)?.readOnly !== false) all.set(folder.path, folder);
  }
  return [...all.values()];
}

async function examineFolder({ path, readOnly }: Allowed, setting: Setting): Promise<Finding[]> {
  const { host } = setting;
  try {
    if (!(await stat(path)).isDirectory()) {
      return [{ severity: "error", what: `"${path}" is no folder`, mend: "Allow the folder it is in" }];
    }
    await readdir(path);
  } catch (error) {
    return [await unusable(path, errorCode(error), host)];
  }
  const findings: Finding[] = [];
  const writable = await access(path, constants.W_OK).then(() => true, () => false);
  if (!readOnly && !writable) {
    findings.push({
      severity: "warning",
      what: `"${path}" is allowed for changes, but you may only read it`,
      mend: await isMine(path) ? rightsCommand(path) : `Allow it as "${path}:ro"`,
    });
  }
  const warning = breadthWarning({ path, readOnly }, host);
  if (warning !== undefined) {
    findings.push({
      severity: "note",
      what: warning,
      mend: "Allow only the folders Claude shall work with",
    });
  }
  const clouded = await cloudOnly(path);
  if (clouded.files > 0) {
    findings.push({
      severity: "warning",
      what:
        `${clouded.files} of ${
          counted(clouded.seen, "file")
        } looked at in "${path}" are only in the cloud: ` +
        "reading one waits until it is downloaded",
      mend: downloadHint(host),
    });
  }
  if (findings.every(({ severity }) => severity === "note")) {
    const how = readOnly ? "for reading only" : "for reading and changing";
    findings.unshift({ severity: "ok", what: `"${path}" is there, ${how}` });
  }
  return findings;
}

async function isMine(path: string): Promise<boolean> {
  return await stat(path).then(({ uid }) => uid === process.getuid?.(), () => false);
}

async function unusable(path: string, code: string | undefined, host: Host): Promise<Finding> {
  const word = shellWord(path, host);
  if (code === "ENOENT" || code === "ENOTDIR") {
    return {
      severity: "error",
      what: `"${path}" does not exist`,
      mend: `mkdir ${host.platform === "win32" ? "" : "-p "}${word}`,
    };
  }
  if (code !== "EACCES" && code !== "EPERM") {
    return { severity: "error", what: `"${path}" cannot be read: ${code}`, mend: "Allow another folder" };
  }
  return {
    severity: "error",
    what: `The system does not let you read "${path}"`,
    mend: host.platform === "darwin"
      ? `open "${MAC_PRIVACY}" and allow it for Claude`
      : host.platform === "win32"
      ? `icacls ${word} /grant "%USERNAME%:(OI)(CI)M"`
      : await isMine(path)
      ? `chmod u+rx ${word}`
      : "Allow another folder, or have its owner let you read it",
  };
}

const MAC_PRIVACY = "x-apple.systempreferences:com.apple.preference.security?Privacy_FilesAndFolders";

function downloadHint({ platform }: Host): string {
  if (platform === "darwin") return 'In Finder, right-click the folder and choose "Keep Downloaded"';
  if (platform === "win32") {
    return 'In Explorer, right-click the folder and choose "Always keep on this device"';
  }
  return "Have your cloud drive keep the folder on this machine";
}

/**
 * Counts files without contents on this disk: those with a size and no blocks (dataless files of macOS,
 * placeholders of Windows), and the `.icloud` stand-ins of older systems. Looks at the first ones only.
 */
export async function cloudOnly(top: string): Promise<{ files: number; seen: number }> {
  const until = performance.now() + CLOUD_LOOK_MS_MAX;
  const waiting = [top];
  let [files, seen] = [0, 0];
  for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => []);
    for (const entry of entries) {
      if (seen >= CLOUD_FILES_MAX || performance.now() > until) return { files, seen };
      if (entry.isDirectory()) waiting.push(join(folder, entry.name));
      if (!entry.isFile()) continue;
      seen++;
      if (/^\..+\.icloud$/.test(entry.name)) files++;
      else {
        const stats = await lstat(join(folder, entry.name)).catch(() => undefined);
        // File systems keep small files beside their names, without a block of their own.
        if (stats !== undefined && stats.blocks === 0 && stats.size > CLOUD_SMALL_BYTES) files++;
      }
    }
  }
  return { files, seen };
}
