/**
 * The clients' configurations: whether they can be read, and whether what they start answers.
 * @module
 */
import { isAbsolute } from "node:path";
import { type Proof, prove, tokensOf } from "../clients/proof.ts";
import type { Host } from "../config/host.ts";
import { pathsOf } from "../config/host.ts";
import { count, counted } from "../format.ts";
import { shellWord } from "../shell.ts";
import { version } from "../version.ts";
import type { Check, ClientState, Finding, OwnEntry, Setting } from "./types.ts";

/** Every place where a client looks, and the proof of every entry of ours. */
export const clients: Check = {
  name: "clients",
  title: "Claude and other clients",
  async examine(setting) {
    const findings: Finding[] = [];
    for (const state of setting.clients) findings.push(...await examineClient(state, setting));
    if (setting.clients.every(({ own }) => own.length === 0)) {
      findings.push({
        severity: "warning",
        what: "No client starts Clawhammer yet",
        mend: `${setting.command} install`,
      });
    }
    return findings;
  },
};

async function examineClient(state: ClientState, setting: Setting): Promise<Finding[]> {
  const { client, place, config, own } = state;
  const title = place.edition === undefined ? client.title : `${client.title} (${place.edition})`;
  const install = `${setting.command} install ${client.id}`;
  if (config.status === "absent") return [];
  if (config.status === "unreadable") {
    return [{
      severity: "error",
      what: `${title}: cannot read "${place.path}": ${config.why}`,
      mend: `Make it a readable text file, then: ${install}`,
    }];
  }
  if (config.status === "broken") {
    return [{
      severity: "error",
      what:
        `${title}: "${place.path}" is broken at line ${config.line}, column ${config.column}: ${config.why}`,
      mend: `Mend that line in an editor (or restore a backup), then: ${install}`,
    }];
  }
  const suspect: Finding[] = config.suspect === undefined ? [] : [{
    severity: "warning",
    what: `${title}: "${place.path}" holds ${config.suspect}, which ${client.title} may not accept`,
    mend: "Take them out in an editor",
  }];
  const entries: Finding[] = [];
  for (const each of own) entries.push(...await examineEntry(each, title, install, setting));
  const launched = own.map(({ entry }) => JSON.stringify(entry.launch));
  if (new Set(launched).size < launched.length) {
    entries.push({
      severity: "warning",
      what: `${title}: ${own.map(({ entry }) => `"${entry.name}"`).join(" and ")} start the same`,
      mend: `Remove one of them from "${place.path}"`,
    });
  }
  return [...suspect, ...entries];
}

async function examineEntry(
  { entry, fault }: OwnEntry,
  title: string,
  install: string,
  { host }: Setting,
): Promise<Finding[]> {
  const { launch, name, disabled } = entry;
  if (launch === undefined) return [];
  const about = `${title}: "${name}"`;
  if (disabled) {
    return [{ severity: "note", what: `${about} is switched off`, mend: `Switch it on in ${title}` }];
  }
  if (!pathsOf(host).isAbsolute(launch.command) && !isAbsolute(launch.command)) {
    return [{
      severity: "error",
      what: `${about} names its program as "${launch.command}", which is no absolute path: ` +
        "a client may not find it",
      mend: install,
    }];
  }
  if (fault !== undefined) {
    return [{
      severity: "error",
      what: `${about} does not start: ${fault.replace("\n", ". ")}`,
      mend: install,
    }];
  }
  return outcome(await prove(launch, host), about, install, launch.command, host);
}

function outcome(proof: Proof, about: string, install: string, command: string, host: Host): Finding[] {
  if (!proof.ok) {
    const said = proof.stderr.split("\n").at(-1)?.trim() ?? "";
    return [{
      severity: "error",
      what: `${about} does not start: ${proof.why}${said === "" ? "" : `. It said: ${said}`}`,
      mend: /may not be executed/.test(proof.why) ? `chmod +x ${shellWord(command, host)}` : install,
    }];
  }
  const cost = `${counted(proof.tools.length, "tool")}, about ${count(tokensOf(proof.chars))} tokens`;
  const fine: Finding = {
    severity: "ok",
    what: `${about} starts in ${Math.round(proof.startMs)} ms and offers ${cost}`,
  };
  const [, other] = /(\d+\.\d+\.\S+)$/.exec(proof.server) ?? [];
  if (other === undefined || other === version) return [fine];
  return [fine, {
    severity: "note",
    what: `${about} starts version ${other} ("${command}"), and this is ${version}`,
    mend: install,
  }];
}
