/**
 * The findings of the doctor for a person, for a program, and for a bug report.
 * @module
 */
import { readFile } from "node:fs/promises";
import { hostname, release, userInfo } from "node:os";
import { isData } from "../clients/edit/edit.ts";
import { counted } from "../format.ts";
import { REPORT_LOG_LINES } from "../limits.ts";
import { readLog } from "../logs.ts";
import { anonymize } from "../redact.ts";
import { runtimeName } from "../runtime.ts";
import { name, version } from "../version.ts";
import { isHealthy, type Section } from "./doctor.ts";
import { clientLogs } from "./logs.ts";
import type { Finding, Setting } from "./types.ts";

/** What `doctor --json` prints. Keys are added, never renamed or taken away. */
export interface DoctorReport {
  readonly version: string;
  readonly runtime: string;
  /** `linux-x64` */
  readonly platform: string;
  /** Whether nothing is wrong: the exit code is 0 then. */
  readonly healthy: boolean;
  readonly findings: readonly (Finding & { readonly check: string })[];
}

/** The report for programs. */
export function reportOf(sections: readonly Section[]): DoctorReport {
  return {
    version,
    runtime: runtimeName(),
    platform: `${process.platform}-${process.arch}`,
    healthy: isHealthy(sections),
    findings: sections.flatMap(({ check, findings }) =>
      findings.map(({ severity, what, mend }) => ({
        check: check.name,
        severity,
        what,
        ...(mend === undefined ? {} : { mend }),
      }))
    ),
  };
}

const MARKS = { ok: "  ok     ", note: "  note   ", warning: "  WARNING", error: "  ERROR  " };

/** The report for a person: what was found, and under what is not in order, how it is mended. */
export function renderReport(sections: readonly Section[]): string {
  const parts = sections.filter(({ findings }) => findings.length > 0).map(({ check, findings }) => {
    const lines = findings.map(({ severity, what, mend }) => {
      const [first, ...more] = what.split("\n");
      const rest = [...more, ...(mend === undefined ? [] : [`→ ${mend}`])];
      return [`${MARKS[severity]}  ${first}`, ...rest.map((line) => `           ${line}`)].join("\n");
    });
    return `${check.title}\n${lines.join("\n")}`;
  });
  const all = sections.flatMap(({ findings }) => findings);
  const number = (wanted: string) => all.filter(({ severity }) => severity === wanted).length;
  const verdict = isHealthy(sections)
    ? "Nothing is wrong."
    : `${counted(number("error"), "error")}, ${counted(number("warning"), "warning")}. ` +
      "What stands behind each arrow mends it.";
  return [...parts, verdict].join("\n\n");
}

/**
 * One text with all that a bug report needs: findings, configurations, the ends of the logs. Without secrets,
 * and without the names of the person and the machine.
 */
export async function renderBundle(sections: readonly Section[], setting: Setting): Promise<string> {
  const { config, clients, host } = setting;
  const part = (title: string, body: string) =>
    `== ${title}\n\n${body.trim() === "" ? "(nothing)" : body.trimEnd()}\n`;
  const own = clients.flatMap(({ client, place, own: entries }) =>
    entries.map(({ entry }) =>
      `${client.id} ${place.path}\n${JSON.stringify({ [entry.name]: withoutValues(entry.raw) }, null, 2)}`
    )
  );
  const variables = Object.entries(host.env).filter(([key]) => /^CLAWHAMMER_/i.test(key)).map((
    [key, value],
  ) => `${key}=${value}`);
  const logs = config.folders.logs === undefined
    ? []
    : (await readLog(config.folders.logs, { limit: REPORT_LOG_LINES, level: "debug" }).catch(() => undefined))
      ?.lines ?? [];
  const theirs = (await clientLogs(setting)).map(({ path, lines }) =>
    part(`Claude's log ${path}`, lines.slice(-REPORT_LOG_LINES).join("\n"))
  );
  const text = [
    `${name} ${version}, ${runtimeName()}, ${process.platform}-${process.arch}, ${release()}`,
    `Made by "${name} doctor --bundle". Home folder, names, addresses and secrets are left out.`,
    "Read it before you send it on.\n",
    part("Findings", renderReport(sections)),
    part("Entries of clients", own.join("\n\n")),
    part("Variables", variables.join("\n")),
    part(`Configuration ${config.file ?? ""}`.trimEnd(), await configurationText(setting)),
    part("Log", logs.join("\n")),
    ...theirs,
  ].join("\n");
  return anonymize(withoutHeaders(text, setting), {
    home: host.home,
    user: userName(),
    hostName: hostname(),
  });
}

/** A text without the values of the headers that pages are asked with: they open doors. */
function withoutHeaders(text: string, { config, clients }: Setting): string {
  const lines = clients.flatMap(({ own }) => own.flatMap(({ line }) => line?.config ?? []));
  const values = [config, ...lines].flatMap(({ web }) => web.headers.map(({ value }) => value));
  return values.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]).reduce(
    (shown, value) => shown.replaceAll(value, "[redacted]"),
    text,
  );
}

/** An entry without the values of its variables, ours aside: what they are is nobody's business. */
function withoutValues(raw: unknown): unknown {
  return JSON.parse(JSON.stringify(raw), (key, value: unknown) => {
    if (!/^envs?$/.test(key) || !isData(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, text]) => [name, /^CLAWHAMMER_/i.test(name) ? text : "[left out]"]),
    );
  });
}

/** The configuration file, unless it is wrong: its secrets are known only where it is understood. */
async function configurationText({ config: { file }, faults }: Setting): Promise<string> {
  if (file === undefined) return "";
  if (faults.length > 0) {
    return "(left out: the configuration has faults, see Findings, so its secrets cannot be told)";
  }
  return await readFile(file, "utf8").catch(() => "");
}

function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A process may run under a number that no user has.
    return undefined;
  }
}
