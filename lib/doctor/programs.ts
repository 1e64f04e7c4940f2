/**
 * Other programs that tools of ours start.
 * @module
 */
import type { Check, Finding, Setting } from "./types.ts";

/** A program, what needs it, and how it is installed. */
interface Needed {
  readonly name: string;
  /** The module that needs it. */
  readonly module: string;
  /** Commands that install it, by platform; on Linux it depends on what else is there. */
  readonly install: Readonly<Record<string, string>>;
}

const NEEDED: readonly Needed[] = [
  {
    name: "git",
    module: "git",
    install: {
      darwin: "xcode-select --install",
      win32: "winget install --id Git.Git -e",
    },
  },
];

/** Whether they are there, also where only the login shell's PATH leads. */
export const programs: Check = {
  name: "programs",
  title: "Other programs",
  examine: async (setting) => await Promise.all(NEEDED.map((needed) => examineProgram(needed, setting))),
};

async function examineProgram(needed: Needed, setting: Setting): Promise<Finding> {
  const { modules } = setting;
  const path = await setting.programs.find(needed.name);
  if (path === undefined) {
    const kept = await setting.everyProgram.find(needed.name);
    if (kept !== undefined) {
      return {
        severity: "warning",
        what: `${needed.name} is at "${kept}", which Claude may change, and such programs are never run`,
        mend: "Allow a smaller folder, without programs in it",
      };
    }
    const used = modules.some(({ name }) => name === needed.module);
    return {
      severity: used ? "warning" : "note",
      what: `${needed.name} was not found, neither on the PATH nor on that of your shell` +
        (used ? `: the ${needed.module} tools need it` : ""),
      mend: await installing(needed, setting),
    };
  }
  const ran = await setting.run(path, ["--version"]);
  const answer = ran?.stdout.split("\n")[0]?.trim() ?? "";
  if (ran?.status === 0 && answer !== "") return { severity: "ok", what: `${answer}: ${path}` };
  return {
    severity: "warning",
    what: `${needed.name} is at "${path}", but does not run: ${
      ran?.stderr.split("\n")[0] ?? "it cannot be started"
    }`,
    mend: await installing(needed, setting),
  };
}

/** The usual package managers of Linux, each with the words that install something. */
const MANAGERS: readonly (readonly [string, string])[] = [
  ["apt-get", "sudo apt-get install"],
  ["dnf", "sudo dnf install"],
  ["pacman", "sudo pacman -S"],
  ["zypper", "sudo zypper install"],
  ["apk", "sudo apk add"],
];

async function installing({ name, install }: Needed, { host, programs }: Setting): Promise<string> {
  const known = install[host.platform];
  if (known !== undefined) return known;
  for (const [manager, words] of MANAGERS) {
    if (await programs.find(manager) !== undefined) return `${words} ${name}`;
  }
  return `Install ${name} with the package manager of your system`;
}
