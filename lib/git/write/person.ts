/**
 * What of the person's own configuration a change honours: who they are, and how they sign. Programs are
 * taken
 * from the system's and the person's configuration alone; a repository names none.
 * @module
 */
import { ToolError } from "../../errors.ts";
import { isInside } from "../../fs/roots.ts";
import { showName } from "../../names.ts";
import type { Context } from "../../tool.ts";
import { isOwn, isPersonal } from "../neutral.ts";
import type { Repository, Setting } from "../types.ts";

/** Settings for one command, in order. */
export type Config = (readonly [key: string, value: string])[];

/** Names and addresses: data, so that the repository's own count as they do in git; the reply says so. */
const IDENTITY = /^(user\.(name|email|useconfigonly)|(author|committer)\.(name|email))$/;

/** What signs unless the person names something else: git's own defaults. */
const SIGNING: Readonly<Record<string, string>> = {
  "gpg.program": "gpg",
  "gpg.openpgp.program": "gpg",
  "gpg.x509.program": "gpgsm",
  "gpg.ssh.program": "ssh-keygen",
  "gpg.ssh.defaultkeycommand": "",
  "gpg.format": "openpgp",
  "user.signingkey": "",
  "commit.gpgsign": "false",
  "tag.gpgsign": "false",
};

/** What signing programs need of the person's environment: their home, their agent, their screen. */
const SIGNING_ENV = [
  ...["HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PATH", "GNUPGHOME", "SSH_AUTH_SOCK", "TMPDIR"],
  ...["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"],
];

/** The value that counts among some settings: the last one. */
export function lastOf(settings: readonly Setting[], key: string): string | undefined {
  return settings.findLast((setting) => setting.key === key)?.value;
}

/** Who makes a commit, and how it is signed. */
export interface Person {
  readonly config: Config;
  readonly env: Readonly<Record<string, string>>;
  /** Whether commits and tags are signed. */
  readonly signsCommits: boolean;
  readonly signsTags: boolean;
  /** What a reply says about where the name comes from; empty when it is the person's own. */
  readonly note: string;
}

/**
 * The person as git will name them.
 * @throws {ToolError} when no name or address is set, or a signing program stands where tools can write.
 */
export function personOf(repo: Repository, ctx: Context): Person {
  const own = repo.settings.filter(isPersonal);
  const config: Config = repo.settings
    .filter(({ key, scope }) => IDENTITY.test(key) && scope !== "command")
    .map(({ key, value }) => [key, value]);
  const values = new Map(config);
  for (const role of ["author", "committer"]) {
    for (const part of ["name", "email"]) {
      const value = values.get(`${role}.${part}`) ?? values.get(`user.${part}`) ?? "";
      if (value.trim() === "") throw nobody(part === "name" ? "name" : "address");
    }
  }
  const signing = Object.entries(SIGNING).map(([key, fallback]): [string, string] => {
    const program = key === "gpg.openpgp.program" ? lastOf(own, "gpg.program") : undefined;
    return [key, lastOf(own, key) ?? program ?? fallback];
  });
  const isOn = (key: string) => /^(true|yes|on|1|)$/i.test(lastOf(own, key) ?? "false");
  const signsCommits = isOn("commit.gpgsign");
  const signsTags = isOn("tag.gpgsign");
  if (signsCommits || signsTags) {
    for (const [key, value] of signing) refuseReachable(key, value, ctx);
  }
  const isForeign = repo.settings.some((one) => IDENTITY.test(one.key) && isOwn(one));
  return {
    config: [...config, ...signing, ["i18n.commitEncoding", "UTF-8"]],
    note: isForeign ? " (as the repository's own settings say, not the person's)" : "",
    env: signsCommits || signsTags ? pick(repo.person, SIGNING_ENV) : {},
    signsCommits,
    signsTags,
  };
}

/** Some variables of an environment, as far as they are set. */
export function pick(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value]];
  }));
}

/**
 * Refuses a command of the person's configuration that mentions a place where tools can write: what stands
 * there may not be what the person put there.
 */
export function refuseReachable(key: string, command: string, { files }: Context): void {
  const words = command.split(/[\s'"=]+/);
  const found = words.find((word) =>
    files.roots.some(({ real, given }) => isInside(word, real) || isInside(word, given))
  );
  if (found === undefined) return;
  throw new ToolError(
    `Cannot run what the person's git configuration names: ${key} is ${
      showName(found)
    }, inside an allowed folder`,
    "Tools can change what stands there, so it is not run. The person can move the program elsewhere, or " +
      "do " +
      "this by hand.",
  );
}

function nobody(what: string): ToolError {
  return new ToolError(
    `Cannot commit: git does not know whose commit it is, no ${what} is set`,
    'Ask the person to run, once: git config --global user.name "Their Name" and ' +
      'git config --global user.email "them@example.com". Then call this again.',
  );
}
