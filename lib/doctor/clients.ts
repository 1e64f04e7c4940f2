/**
 * The clients' configurations: whether they can be read, and whether what they start answers.
 * @module
 */
import { isAbsolute } from "node:path";
import { NO_PERMISSION } from "../clients/config.ts";
import { type Proof, prove, tokensOf } from "../clients/proof.ts";
import type { Host } from "../config/host.ts";
import { pathsOf } from "../config/host.ts";
import { count, counted } from "../format.ts";
import { ENTRY_NAME } from "../install/plan.ts";
import { rightsCommand } from "../rights.ts";
import { shellWord } from "../shell.ts";
import { name as program, version } from "../version.ts";
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
      mend: config.why === NO_PERMISSION
        ? rightsCommand(place.path)
        : `Make it a readable text file, then: ${install}`,
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
  for (const each of own) entries.push(...await examineEntry(each, title, state, setting));
  return [...suspect, ...entries, ...doubles(title, state, setting)];
}

/** Entries that start the same with the same arguments. */
function doubles(title: string, state: ClientState, setting: Setting): Finding[] {
  const seen = new Map<string, string>();
  return state.own.flatMap(({ entry: { name, launch } }): Finding[] => {
    const key = JSON.stringify(launch);
    const first = seen.get(key);
    seen.set(key, first ?? name);
    return first === undefined ? [] : [{
      severity: "warning",
      what: `${title}: "${first}" and "${name}" start the same`,
      mend: commandFor("uninstall", name, state, setting),
    }];
  });
}

/** The command for one entry; a name that no flag takes is one for an editor. */
function commandFor(
  verb: "install" | "uninstall",
  name: string,
  { client, place }: ClientState,
  { command }: Setting,
): string {
  if (name === program) return `${command} ${verb} ${client.id}`;
  if (ENTRY_NAME.test(name)) return `${command} ${verb} ${client.id} --name ${name}`;
  return `${verb === "install" ? "Correct" : "Remove"} "${name}" in "${place.path}" with an editor`;
}

async function examineEntry(
  { entry, line, fault }: OwnEntry,
  title: string,
  state: ClientState,
  setting: Setting,
): Promise<Finding[]> {
  const { host, command, executable } = setting;
  const { launch, name, disabled } = entry;
  if (launch === undefined) return [];
  const about = `${title}: "${name}"`;
  const install = commandFor("install", name, state, setting);
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
      // New flags are asked for by the command; what stands elsewhere it would leave as it is.
      mend: line === undefined
        ? install
        : `Correct what is named here; the variables of the entry stand in "${state.place.path}"`,
    }];
  }
  const unclear = launch.command === executable.path ? `${command} doctor --bundle report.txt` : install;
  return outcome(await prove(launch, host), about, [install, unclear], launch.command, host);
}

/** @param mends The command that installs anew, and the one for a failure without a known reason. */
function outcome(
  proof: Proof,
  about: string,
  [install, unclear]: readonly [string, string],
  command: string,
  host: Host,
): Finding[] {
  if (!proof.ok) {
    const said = proof.stderr.split("\n").at(-1)?.trim() ?? "";
    return [{
      severity: "error",
      what: `${about} does not start: ${proof.why}${said === "" ? "" : `. It said: ${said}`}`,
      mend: /may not be executed/.test(proof.why) ? `chmod +x ${shellWord(command, host)}` : unclear,
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
