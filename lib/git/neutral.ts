/**
 * The surroundings git is started in: nothing inherited, and every setting that names a program, a file
 * elsewhere or a network overridden, so that what a repository says about itself has no effect beyond its own
 * contents.
 * @module
 */
import { ToolError } from "../errors.ts";
import type { Host } from "../config/host.ts";
import { GIT_OVERRIDES_MAX } from "../limits.ts";
import type { Setting } from "./types.ts";

/** A pair of a setting and its value. */
export type Pair = readonly [key: string, value: string];

/** git understands this name on Windows, too. */
const NOTHING = "/dev/null";

/** Settings that win over those of the repository. */
const NEUTRAL: readonly Pair[] = [
  // Programs that run by themselves.
  ...pairs("core.fsmonitor=false", "core.pager=cat", "core.editor=false", "core.askPass="),
  ...pairs("core.sshCommand=false", "core.alternateRefsCommand=true", "credential.helper=", "gc.auto=0"),
  ...pairs("maintenance.auto=false", "interactive.diffFilter=", "sequence.editor=false"),
  [`core.hooksPath`, NOTHING],
  // Signatures are made and checked by programs.
  ...pairs("log.showSignature=false", "commit.gpgSign=false", "tag.gpgSign=false", "push.gpgSign=false"),
  ...pairs("gpg.program=false", "gpg.openpgp.program=false", "gpg.x509.program=false"),
  ...pairs("gpg.ssh.program=false", "gpg.ssh.defaultKeyCommand=", "merge.verifySignatures=false"),
  // Names that some file systems take for ".git".
  ...pairs("core.protectHFS=true", "core.protectNTFS=true"),
  // Files anywhere on the disk.
  ...pairs("mailmap.blob=", "log.mailmap=false", "blame.ignoreRevsFile=", "commit.template="),
  ["core.attributesFile", NOTHING],
  ["diff.orderFile", NOTHING],
  ["mailmap.file", NOTHING],
  // Repositories in the repository have settings of their own, which these do not reach.
  ...pairs("diff.ignoreSubmodules=dirty", "diff.submodule=short", "status.submoduleSummary=false"),
  ...pairs("submodule.recurse=false", "fetch.recurseSubmodules=false", "push.recurseSubmodules=no"),
  // The network.
  ...pairs("protocol.allow=never", "protocol.ext.allow=never"),
  // Comparing files would write the index when their times differ and their contents do not.
  ...pairs("diff.autoRefreshIndex=false"),
  // What is shown. Another encoding could make separators of letters, or letters of separators.
  ...pairs("i18n.logOutputEncoding=UTF-8"),
  ...pairs("color.ui=false", "core.quotePath=false", "core.safecrlf=false", "advice.detachedHead=false"),
];

/** The person's own settings that change what is read, and nothing else. */
const PERSONAL: readonly string[] = [
  ...["core.autocrlf", "core.eol", "core.precomposeunicode", "core.longpaths", "core.preloadindex"],
  ...["diff.algorithm", "core.checkstat"],
];

/**
 * The settings for one repository: the neutral ones, the person's own where the repository has none, and one
 * against every program that the repository defines under a name of its choice.
 * @throws {ToolError} when it defines unreasonably many.
 */
export function neutralSettings(settings: readonly Setting[], host: Host): Pair[] {
  const own = settings.filter(isOwn);
  const has = new Set(own.map(({ key }) => key));
  const personal = settings.filter((setting) =>
    isPersonal(setting) && PERSONAL.includes(setting.key) && !has.has(setting.key)
  );
  return [
    ...NEUTRAL,
    ["core.excludesFile", excludesFile(settings, host)],
    ...personal.map(({ key, value }): Pair => [key, value]),
    ...against(own),
  ];
}

/** Whether a setting is the repository's. */
export function isOwn({ scope }: Setting): boolean {
  return scope === "local" || scope === "worktree";
}

/** Whether a setting is the person's or the machine's. */
export function isPersonal({ scope }: Setting): boolean {
  return scope === "global" || scope === "system";
}

/** Against filters and configured hooks, whose names are free. */
function against(own: readonly Setting[]): Pair[] {
  const names = (section: string) => {
    // The name may be empty: `[filter ""]` is the one of the attribute `filter=`.
    const expression = new RegExp(`^${section}\\.(.*)\\.[^.]+$`, "s");
    return [
      ...new Set(own.map(({ key }) => expression.exec(key)?.[1]).filter((name) => name !== undefined)),
    ];
  };
  const filters = names("filter");
  const hooks = names("hook");
  if (filters.length + hooks.length > GIT_OVERRIDES_MAX) {
    throw new ToolError(
      `Cannot use this repository: its settings define ${filters.length + hooks.length} programs`,
      'The person can look at its ".git/config".',
    );
  }
  return [
    ...filters.flatMap((name): Pair[] => [
      [`filter.${name}.clean`, ""],
      [`filter.${name}.smudge`, ""],
      [`filter.${name}.process`, ""],
      [`filter.${name}.required`, "false"],
    ]),
    ...hooks.flatMap((name): Pair[] => [[`hook.${name}.enabled`, "false"], [`hook.${name}.event`, ""]]),
  ];
}

/** The person's list of what is ignored everywhere: the one they name, or the usual place. */
function excludesFile(settings: readonly Setting[], { env, home }: Host): string {
  const named = settings.findLast((one) => isPersonal(one) && one.key === "core.excludesfile")?.value;
  if (named !== undefined) return named.replace(/^~(?=\/)/, home ?? "~");
  const folder = env.XDG_CONFIG_HOME || (home === undefined ? undefined : `${home}/.config`);
  return folder === undefined ? "" : `${folder}/git/ignore`;
}

/**
 * The environment of a command that reads. Settings are passed in it and not as arguments, because in an
 * argument a name with "=" would be cut at the wrong place.
 */
export function neutralEnvironment(
  host: Host,
  searchPath: string,
  settings: readonly Pair[],
): Record<string, string> {
  return {
    // First, because git looks for each of them from the beginning, several times.
    ...settingsEnvironment(settings),
    ...systemEnvironment(host, searchPath),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: NOTHING,
    GIT_ATTR_NOSYSTEM: "1",
    // Nothing is written by the way, nothing is fetched by the way, nobody is asked. That no protocol is
    // allowed would stop a fetch as well, but only after git has started one for each missing object.
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_LAZY_FETCH: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "",
    SSH_ASKPASS: "",
    GIT_ALLOW_PROTOCOL: "",
    GIT_SSH_COMMAND: "false",
    GIT_PAGER: "cat",
    GIT_EDITOR: "false",
    GIT_SEQUENCE_EDITOR: "false",
    // Of a history, git would hand over each commit by itself.
    GIT_FLUSH: "0",
  };
}

/** Settings in the form in which the environment carries them. */
export function settingsEnvironment(settings: readonly Pair[]): Record<string, string> {
  const entries = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(entries) };
}

/** What every program needs to run at all, and messages in English. */
export function systemEnvironment({ env, platform }: Host, searchPath: string): Record<string, string> {
  const wanted = platform === "win32" ? ["SystemRoot", "SystemDrive", "TEMP", "TMP", "ComSpec"] : ["TMPDIR"];
  const kept = wanted.flatMap((name) => env[name] === undefined ? [] : [[name, env[name]]]);
  return { ...Object.fromEntries(kept), PATH: searchPath, LC_ALL: "C.UTF-8", LANGUAGE: "C" };
}

/** The environment in which git says what the person has set: with the person's own configuration. */
export function personalEnvironment(host: Host, searchPath: string): Record<string, string> {
  const { env, home } = host;
  const names = ["XDG_CONFIG_HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "ProgramData"];
  const kept = names.flatMap((name) => env[name] === undefined ? [] : [[name, env[name]]]);
  return {
    ...systemEnvironment(host, searchPath),
    ...Object.fromEntries(kept),
    ...(home === undefined ? {} : { HOME: home }),
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
  };
}

function pairs(...texts: readonly string[]): Pair[] {
  return texts.map((text): Pair => {
    const at = text.indexOf("=");
    return [text.slice(0, at), text.slice(at + 1)];
  });
}
