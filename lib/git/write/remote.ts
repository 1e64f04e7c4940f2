/**
 * Other repositories: which of them may be reached, and with what of the person's own configuration.
 *
 * Reached are https and ssh, http on this machine alone, and repositories in the allowed folders. How
 * (sign-in
 * helpers, ssh command, proxies, certificates) comes from the person's and the machine's configuration; a
 * repository that has such settings of its own is refused. Addresses are passed as they are checked, never by
 * the name of a remote, so that nothing else that is set for that name counts.
 * @module
 */
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ToolError } from "../../errors.ts";
import { isInside } from "../../fs/roots.ts";
import { showName } from "../../names.ts";
import { nearest } from "../../nearest.ts";
import type { Context } from "../../tool.ts";
import { isOwn, isPersonal } from "../neutral.ts";
import { redact } from "../../redact.ts";
import type { Repository } from "../types.ts";
import { type Config, pick, refuseReachable } from "./person.ts";

/** A repository that may be reached, and what reaching it takes. */
export interface Reached {
  /** What git is given. */
  readonly address: string;
  /** The same for the reply, without passwords. */
  readonly shown: string;
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Options of `fetch`, `ls-remote` and of `push` that name the program at the other end, where it is
   * ours.
   */
  readonly uploadOptions: readonly string[];
  readonly receiveOptions: readonly string[];
}

/** Settings of a repository that decide where and with which programs it reaches others. */
const DECIDING = new RegExp(
  "^(credential\\.|core\\.(sshcommand|askpass|gitproxy)$|https?\\.|url\\.|ssh\\.|gitcvs\\.|" +
    "remote\\..*\\.(uploadpack|receivepack|vcs|proxy|proxyauthmethod)$|" +
    "remote\\..*\\.(promisor|partialclonefilter|serveroption)$|" +
    "extensions\\.partialclone$|branch\\..*\\.mergeoptions$)",
  "s",
);

/** The same of the person, which count. */
const PERSONAL = /^(credential\.|core\.(sshcommand|askpass)$|https?\.|url\.|ssh\.variant$)/s;

/** Those of them that are commands. */
const COMMANDS = /^(credential\.(.*\.)?helper|core\.(sshcommand|askpass))$/s;

const NETWORK_ENV = [
  ...["HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "ProgramData", "USERNAME"],
  ...["PATH", "USER", "LOGNAME", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"],
  ...["DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "SSL_CERT_FILE", "SSL_CERT_DIR"],
  ...["http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"],
];

/** What a repository on this machine is served with: its own settings name programs, too. */
const SERVED = "-c core.hooksPath=/dev/null -c core.fsmonitor=false -c core.alternateRefsCommand=true " +
  "-c gc.auto=0 -c maintenance.auto=false -c receive.autogc=false -c receive.denyCurrentBranch=refuse " +
  "-c receive.procReceiveRefs=refs/clawhammer/none";

/**
 * Checks an address and says how it is reached.
 * @param repo The repository that wants to.
 * @throws {ToolError} when it may not be reached, saying why.
 */
export async function reach(repo: Repository, address: string, ctx: Context): Promise<Reached> {
  refuseDeciding(repo);
  if (address.trim() === "") throw forbidden("an empty address", "it names nothing");
  const shown = showName(redact(address));
  const local = localPath(address, repo);
  if (local !== undefined) return { ...await reachLocal(local, shown, ctx), shown };
  const protocols = protocolsOf(address, shown);
  const personal = repo.settings.filter((setting) => isPersonal(setting) && PERSONAL.test(setting.key));
  for (const { key, value } of personal) if (COMMANDS.test(key)) refuseReachable(key, value, ctx);
  const config = personal.map(({ key, value }): [string, string] => [key, value]);
  const has = (key: string) => personal.some((setting) => setting.key === key);
  return {
    address,
    shown,
    config: [
      // It must not wait for an answer nobody can give.
      ...(has("core.sshcommand") ? [] : [["core.sshCommand", "ssh -o BatchMode=yes"] as const]),
      ...config,
    ],
    env: {
      ...pick(repo.person, NETWORK_ENV),
      GIT_ALLOW_PROTOCOL: protocols,
      GIT_SSH_COMMAND: undefined,
      GCM_INTERACTIVE: "never",
      ...(has("core.askpass") ? { GIT_ASKPASS: undefined } : {}),
    },
    uploadOptions: [],
    receiveOptions: [],
  };
}

/** The address of a remote, and that for pushing to it. @throws {ToolError} naming the remotes there are. */
export function addressOf(repo: Repository, remote: string, push: boolean): string {
  const own = repo.settings.filter(isOwn);
  const value = (key: string) => own.filter((setting) => setting.key === `remote.${remote}.${key}`);
  const urls = value("url").map((setting) => setting.value);
  const pushed = value("pushurl").map((setting) => setting.value);
  const all = push && pushed.length > 0 ? pushed : urls;
  const [first] = all;
  if (first === undefined) {
    const names = remotesOf(repo);
    const near = nearest(remote, names);
    throw new ToolError(
      `There is no remote ${showName(remote)} in ${showName(repo.shown)}`,
      names.length === 0
        ? "It has none. The person can add one: git remote add origin ADDRESS"
        : `There are: ${(near.length > 0 ? near : names).map(showName).join(", ")}.`,
    );
  }
  if (all.length > 1 && push) {
    throw new ToolError(
      `Cannot push to ${showName(remote)}: it has ${all.length} addresses`,
      "Which of them got it would be unclear. The person can push by hand.",
    );
  }
  return first;
}

/** The names of the remotes. */
export function remotesOf({ settings }: Repository): string[] {
  const own = settings.filter(isOwn);
  return [...new Set(own.flatMap(({ key }) => /^remote\.(.+)\.url$/s.exec(key)?.[1] ?? []))];
}

function refuseDeciding(repo: Repository): void {
  const found = repo.settings.find((setting) => isOwn(setting) && DECIDING.test(setting.key));
  if (found === undefined) return;
  throw new ToolError(
    `Cannot reach other repositories from ${showName(repo.shown)}: its own settings say how (${
      showName(redact(found.key))
    })`,
    "Tools use the settings of the person alone. The person can do this by hand, or move that setting into " +
      "their own ~/.gitconfig.",
  );
}

/** The path that an address means when it means a folder of this machine, as git tells them apart. */
function localPath(address: string, repo: Repository): string | undefined {
  if (/^file:\/\//i.test(address)) {
    try {
      return fileURLToPath(address);
    } catch {
      throw forbidden(showName(address), "it is no path of this machine");
    }
  }
  if (/^[a-z][a-z0-9+.-]*:(\/\/|:)/i.test(address)) return undefined;
  // Something before a colon and no slash before it is a host, but for the drives of Windows.
  const colon = /^[^/\\]*:/.exec(address)?.[0];
  if (colon !== undefined && !(process.platform === "win32" && /^[a-z]:$/i.test(colon))) return undefined;
  return isAbsolute(address) ? address : resolve(repo.top, address);
}

async function reachLocal(path: string, shown: string, ctx: Context): Promise<Omit<Reached, "shown">> {
  const { files } = ctx;
  if (!files.roots.some(({ real, given }) => isInside(path, real) || isInside(path, given))) {
    throw forbidden(shown, "it is outside the allowed folders");
  }
  return await ctx.git.withRepository(path, { signal: ctx.signal }, (other) => {
    const program = other.settings.find((one) =>
      isOwn(one) && /^(hook|filter)\..*\.(command|clean|smudge|process)$/s.test(one.key)
    );
    if (program !== undefined) throw forbidden(shown, `its settings name a program (${program.key})`);
    return Promise.resolve({
      address: other.gitDir,
      config: [],
      env: { GIT_ALLOW_PROTOCOL: "file" },
      uploadOptions: [`--upload-pack=git ${SERVED} upload-pack`],
      receiveOptions: [`--receive-pack=git ${SERVED} receive-pack`],
    });
  });
}

/** The protocols git may speak to reach an address, in its own notation. */
function protocolsOf(address: string, shown: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what it looks for.
  if (/[\u0000-\u0020\u007f]/.test(address) || address.startsWith("-")) {
    throw forbidden(shown, "it is no address");
  }
  // The person may have said that https means ssh, or the other way round (url.….insteadOf).
  const usual = "https:ssh";
  if (/^(https|ssh|git\+ssh|ssh\+git):\/\/[^-/]/i.test(address)) return usual;
  if (/^http:\/\//i.test(address)) {
    if (URL.canParse(address) && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(new URL(address).hostname)) {
      return `${usual}:http`;
    }
    throw forbidden(shown, "http can be read and changed by others on the way");
  }
  if (/^[^-:/][^:/]*:(?!:|\/\/)/.test(address)) return usual;
  throw forbidden(shown, "only https, ssh and folders are reached");
}

function forbidden(shown: string, why: string): ToolError {
  return new ToolError(
    `Cannot reach ${shown}: ${why}`,
    "Addresses look like https://host/path.git, git@host:path.git or a folder that is allowed.",
  );
}
