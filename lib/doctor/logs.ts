/**
 * What went wrong lately, by our own log and by Claude's.
 * @module
 */
import { open, readdir, stat } from "node:fs/promises";
import { type Host, pathsOf } from "../config/host.ts";
import { errorText } from "../errors.ts";
import { counted } from "../format.ts";
import { CLIENT_LOG_BYTES_MAX, LOG_RECENT_MS, LOG_RECENT_SHOWN } from "../limits.ts";
import { readLog } from "../logs.ts";
import { redact } from "../redact.ts";
import type { Check, ClientState, Finding, Setting } from "./types.ts";

/** Errors of the last day, the newest last. What has passed is worth knowing, but not wrong by itself. */
export const logs: Check = {
  name: "logs",
  title: "Recent errors",
  async examine(setting) {
    const own = await ownErrors(setting);
    const claude = (await clientLogs(setting)).flatMap(({ path, lines }) => {
      return report(`Claude's log "${path}"`, recent(lines.filter(isError), setting.now), "Read that file");
    });
    const findings = [...own, ...claude];
    return findings.length > 0
      ? findings
      : [{ severity: "ok", what: "No errors in the logs of the last day" }];
  },
};

async function ownErrors({ config, command, now }: Setting): Promise<Finding[]> {
  const folder = config.folders.logs;
  if (folder === undefined) return [];
  try {
    const { lines } = await readLog(folder, { limit: 1_000, level: "error" });
    return report("Clawhammer's log", recent(lines, now), `${command} logs --level error`);
  } catch (error) {
    return [{
      severity: "warning",
      what: `The log cannot be read: ${errorText(error)}`,
      mend: `Look at "${folder}"`,
    }];
  }
}

function report(where: string, lines: readonly string[], mend: string): Finding[] {
  if (lines.length === 0) return [];
  const shown = lines.slice(-LOG_RECENT_SHOWN).map((line) => `\n  ${redact(line).slice(0, 300)}`).join("");
  return [{
    severity: "note",
    what: `${where} has ${counted(lines.length, "error")} of the last day; the newest:${shown}`,
    mend,
  }];
}

/** Lines that begin with a time of the last day. */
function recent(lines: readonly string[], now: Date): string[] {
  return lines.filter((line) => {
    const [time] = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?/.exec(line) ?? [];
    return time !== undefined && now.getTime() - Date.parse(time.replace(" ", "T")) < LOG_RECENT_MS;
  });
}

function isError(line: string): boolean {
  return /\[error\]/i.test(line);
}

/** A log of Claude Desktop about one of our entries. */
export interface ClientLog {
  readonly path: string;
  /** The last ones. */
  readonly lines: readonly string[];
}

/** The logs that Claude Desktop keeps of our entries: `mcp-server-<name>.log`. */
export async function clientLogs({ host, clients }: Setting): Promise<ClientLog[]> {
  const desktop = clients.filter(({ client }) => client.id === "claude-desktop");
  const names = new Set(desktop.flatMap(({ own }) => own.map(({ entry }) => `mcp-server-${entry.name}.log`)));
  const folders = new Set(desktop.map((state) => logFolder(state, host)));
  const found = await Promise.all([...folders].map(async (folder) => {
    const files = await readdir(folder).catch((): string[] => []);
    return await Promise.all(
      files.filter((file) => names.has(file)).map(async (file) => {
        const path = pathsOf(host).join(folder, file);
        return { path, lines: await lastLines(path) };
      }),
    );
  }));
  return found.flat();
}

/** On macOS logs have a folder of their own; elsewhere they stand beside the configuration. */
function logFolder({ place }: ClientState, host: Host): string {
  const paths = pathsOf(host);
  if (host.platform === "darwin") return paths.join(host.home ?? "/", "Library", "Logs", "Claude");
  return paths.join(paths.dirname(place.path), "logs");
}

async function lastLines(path: string): Promise<string[]> {
  try {
    const { size } = await stat(path);
    const from = Math.max(0, size - CLIENT_LOG_BYTES_MAX);
    const file = await open(path, "r");
    try {
      const bytes = new Uint8Array(size - from);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
      const lines = new TextDecoder().decode(bytes.subarray(0, bytesRead)).split(/\r?\n/);
      return (from === 0 ? lines : lines.slice(1)).map(withoutContents);
    } finally {
      await file.close();
    }
  } catch {
    return [];
  }
}

/** A line of Claude's log without what was asked and answered: whole documents of the person stand there. */
function withoutContents(line: string): string {
  const start = line.search(/[{[]"|\{\s*\w+:/);
  return start < 0 ? line : `${line.slice(0, start)}${summaryOf(line.slice(start))}`;
}

function summaryOf(body: string): string {
  const method = /"method"\s*:\s*"([\w/]{1,60})"/.exec(body)?.[1];
  const id = /"id"\s*:\s*(\d{1,15})/.exec(body)?.[1];
  const about = [...(method === undefined ? [] : [method]), ...(id === undefined ? [] : [`id ${id}`])];
  return `[${[...about, `${body.length} characters left out`].join(", ")}]`;
}
