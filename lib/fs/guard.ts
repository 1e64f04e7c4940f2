/**
 * Guardrails: what the model may not change although it is inside an allowed folder, and what it may not
 * read.
 *
 * The first table holds what other programs run or obey by themselves, so that writing a file can never
 * become running code; the second holds secrets. The person lifts or adds protection with `--unprotect` and
 * `--protect`. This is a guardrail, not a boundary: a program the person runs can do what no tool of ours
 * may.
 * @module
 */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ToolError } from "../errors.ts";
import { compileGlob, type Glob } from "../glob.ts";
import type { Verb } from "./errors.ts";
import { isInside, show } from "./roots.ts";

/**
 * Entries nobody may write, move, delete or create: at any depth, letter case and invisible characters
 * ignored, with everything below them. `*` stands for any run of characters within one name.
 */
const GUARDED: readonly string[] = [
  // Git runs programs that its configuration and hooks name; under other names: repositorySeeker.
  ...[".git", ".gitconfig", ".config/git", ".husky"],
  // Shells and logins read these at every start.
  ...[".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile", ".inputrc"],
  ...[".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".cshrc", ".tcshrc", ".login", ".kshrc"],
  ...[
    ".config/fish",
    ".config/nushell",
    "*profile.ps1",
    ".envrc",
    ".pam_environment",
    ".xinitrc",
    ".xprofile",
  ],
  ...[".xsession", ".xsessionrc", ".ssh", ".rhosts", ".netrc"],
  // The system starts what stands in these folders.
  ...[".config/autostart", ".config/systemd", ".config/environment.d", ".local/share/systemd"],
  ...["library/launchagents", "library/launchdaemons", "start menu/programs/startup", "cron.d", "crontabs"],
  // Editors run tasks and load settings of a folder when it is opened.
  ...[".vscode", ".idea", "*.code-workspace", ".devcontainer", ".vimrc", ".exrc", ".nvimrc", ".lvimrc"],
  ...[".config/nvim", ".emacs", ".emacs.d", ".dir-locals.el"],
  // Assistants start servers and obey settings of these.
  ...[
    ".mcp.json",
    ".claude",
    ".claude.json",
    "claude_desktop_config.json",
    ".cursor",
    ".windsurf",
    ".codeium",
  ],
  ...[".gemini", ".codex", ".continue", ".config/goose", ".config/zed", ".amazonq", ".kiro"],
  // Package managers and tools run what these name.
  ...[
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".pnpmfile.cjs",
    ".pypirc",
    ".config/pip",
    ".ripgreprc",
    "sitecustomize.py",
  ],
];

/** Entries nobody may read, search, copy or move: keys, passwords, tokens. Checked like {@link GUARDED}. */
const SECRET: readonly string[] = [
  ...[".env", ".env.*", "*.env", ".envrc", ".netrc", "_netrc", ".pgpass", ".my.cnf", ".git-credentials"],
  ...[
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_ecdsa_sk",
    "id_ed25519_sk",
    "*.ppk",
    "*.key",
    "*.pem",
  ],
  ...[
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.agekey",
    ".gnupg",
    ".npmrc",
    ".pypirc",
    ".htpasswd",
  ],
  ...[
    ".aws/credentials",
    ".azure",
    ".config/gcloud",
    ".kube/config",
    ".docker/config.json",
    ".config/gh/hosts.yml",
  ],
  ...[".terraform.d/credentials.tfrc.json", ".cargo/credentials.toml", ".cargo/credentials", ".vault-token"],
  ...[
    "login.keychain-db",
    "library/keychains",
    "logins.json",
    "key4.db",
    "wallet.dat",
    "service-account*.json",
  ],
];

/** Names that look secret and are made to be shared. */
const SHARED: readonly string[] = [
  ...[".env.example", ".env.sample", ".env.template", ".env.dist", ".env.defaults", "*.pub"],
];

/** What may be done with something that is only looked at. */
const LOOKING: ReadonlySet<Verb> = new Set(["list", "look at"]);

/** What the person and the program add to the tables. */
export interface GuardOptions {
  /** Glob patterns of names or paths nobody may read or change. */
  readonly protect?: readonly string[];
  /** Glob patterns for which neither table counts. */
  readonly unprotect?: readonly string[];
  /** Real paths of our own: configuration, data, user tools. Closed to every tool in every way. */
  readonly own?: readonly string[];
  /** More of them, to which some may be added at any time. */
  readonly opened?: readonly string[];
}

/** Decides what is protected. All paths are real paths. */
export interface Guard {
  /** @throws {ToolError} when this path may not be used in this way. `shown` is how the caller named it. */
  check(verb: Verb, real: string, shown: string): void;
  /**
   * The check for a whole tree that is moved, copied or deleted: also refuses a folder whose new or old name
   * is the beginning of a protected path, because renaming it would carry a file around the check.
   */
  checkTree(verb: Verb, real: string, shown: string): void;
  /**
   * The check for each entry of such a tree, where the person has added patterns: those may be about its
   * path, which the move or copy would change, and deleting a folder must not delete what is protected in
   * it.
   */
  readonly checkEntry?: (verb: Verb, real: string) => void;
}

/** Makes the guard. */
export function createGuard(
  { protect = [], unprotect = [], own = [], opened = [] }: GuardOptions = {},
): Guard {
  const added = protect.map((pattern) => compileGlob(pattern, { ignoreCase: true }));
  const lifted = unprotect.map((pattern) => compileGlob(pattern, { ignoreCase: true }));
  const guarded = tableOf(GUARDED);
  const secret = tableOf(SECRET);
  const shared = tableOf(SHARED);
  const isOfRepository = repositorySeeker();
  const isLifted = (real: string) => lifted.some((glob) => matches(glob, real));

  const check = (verb: Verb, real: string, shown: string) => {
    const isOwn = (path: string) => isInside(real, path);
    if (own.some(isOwn) || opened.some(isOwn)) throw ownRefusal(verb, shown);
    if (LOOKING.has(verb) || isLifted(real)) return;
    if (added.some((glob) => matches(glob, real))) {
      throw refusal(verb, shown, "it is protected by the configuration");
    }
    const names = comparable(real);
    if (verb === "read" || verb === "copy" || verb === "move") {
      const isSecret = secret.expression.test(names) && !shared.expression.test(lastOf(names));
      if (isSecret) throw refusal(verb, shown, "files of this name hold secrets");
    }
    if (verb === "read" || verb === "copy") return;
    if (guarded.expression.test(names)) {
      throw refusal(verb, shown, "other programs run or obey what stands there");
    }
    if (isOfRepository(real)) {
      throw refusal(
        verb,
        shown,
        "it is, or would become, a part of what git keeps in a repository of its own",
      );
    }
  };
  const checkEntry = (verb: Verb, real: string) => {
    if (isLifted(real) || !added.some((glob) => matches(glob, real))) return;
    throw refusal(verb, real, "it is protected by the configuration");
  };
  return {
    check,
    ...(added.length === 0 ? {} : { checkEntry }),
    checkTree(verb, real, shown) {
      check(verb, real, shown);
      const isBelow = (path: string) => isInside(path, real);
      if (own.some(isBelow) || opened.some(isBelow)) throw ownRefusal(verb, shown);
      if (isLifted(real)) return;
      const names = componentsOf(real);
      if (begins(names, guarded) || begins(names, secret)) {
        throw refusal(verb, shown, "protected files stand below a folder of this name");
      }
    },
  };
}

/** A table made ready. Every read asks about every name of its path, so all entries are one expression. */
interface Table {
  readonly expression: RegExp;
  /** The entries of several names, name by name. */
  readonly paths: readonly (readonly RegExp[])[];
}

function tableOf(entries: readonly string[]): Table {
  return {
    expression: new RegExp(`/(?:${entries.map(sourceOf).join("|")})/`),
    paths: entries.filter((entry) => entry.includes("/")).map((entry) =>
      entry.split("/").map((name) => new RegExp(`^${sourceOf(name)}$`))
    ),
  };
}

/** An entry as the source of an expression. The entries are ours; a star stays within its name. */
function sourceOf(entry: string): string {
  return entry.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*");
}

/**
 * The names of a path as file systems compare them at their most generous: without case, without the
 * characters that HFS+ ignores, without the dots and spaces that Windows drops, and with its short name of
 * `.git`.
 */
function componentsOf(real: string): string[] {
  return real.split(/[\\/]/).filter((name) => name !== "").map((name) => {
    // Most names are plain ASCII, and then only the case can differ.
    const plain = (/^[ -~]*$/.test(name) ? name : name.normalize("NFKC").replace(/\p{Cf}/gu, ""))
      .toLowerCase();
    const trimmed = plain.replace(/[. ]+$/, "");
    return /^git~\d$/.test(trimmed) ? ".git" : trimmed;
  });
}

/** The names of a path between slashes, `/home/ada/.env/`, as tables are asked about them. */
function comparable(real: string): string {
  // Most paths are plain ASCII without what file systems ignore, and then only the case can differ.
  return PLAIN.test(real) ? `${real.toLowerCase()}/` : `/${componentsOf(real).join("/")}/`;
}

/** Absolute, printable ASCII without spaces, tildes and backslashes, and no dot at the end of a name. */
const PLAIN = /^(?:\/[!-.0-[\]-}]*[!-\-0-[\]-}])+$/;

/** The last name between slashes: `/.env/`. */
function lastOf(names: string): string {
  return names.slice(names.lastIndexOf("/", names.length - 2));
}

/** Whether the path ends with a true beginning of an entry. */
function begins(names: readonly string[], { paths }: Table): boolean {
  return paths.some((pattern) => {
    return pattern.slice(1).some((_, index) => {
      const tail = names.slice(-(index + 1));
      return tail.length === index + 1 && tail.every((name, offset) => pattern[offset]?.test(name) === true);
    });
  });
}

/** What makes a folder a git directory, whatever its name: git obeys the settings and hooks in it. */
const REPOSITORY: readonly string[] = ["HEAD", "objects", "refs"];

/** Tells whether a path is inside a git directory, or would make its folder one. */
function repositorySeeker(): (real: string) => boolean {
  // Thousands of paths are asked about in one go. Within one turn of the event loop nothing of ours changes.
  const inside = new Map<string, boolean>();
  const isInside = (folder: string): boolean => {
    const known = inside.get(folder);
    if (known !== undefined) return known;
    if (inside.size === 0) setImmediate(() => inside.clear());
    const above = dirname(folder);
    const answer = REPOSITORY.every((name) => exists(join(folder, name))) ||
      (above !== folder && isInside(above));
    inside.set(folder, answer);
    return answer;
  };
  const wouldMake = (path: string): boolean => {
    const folder = dirname(path);
    const child = basename(path).toLowerCase();
    const isThere = (name: string) => child === name.toLowerCase() || exists(join(folder, name));
    return PIECE.test(child) && REPOSITORY.every(isThere);
  };
  return (real) => {
    if (isInside(dirname(real))) return true;
    for (let path = real; PIECE_WITHIN.test(path); path = dirname(path)) if (wouldMake(path)) return true;
    return false;
  };
}

/** A sandbox may forbid to look above the allowed folders: what it hides counts as absent. */
function exists(path: string): boolean {
  try {
    return existsSync(path);
  } catch {
    return false;
  }
}

const PIECE = /^(head|objects|refs)$/;
const PIECE_WITHIN = /[\\/](head|objects|refs)([\\/]|$)/i;

/** A pattern without a slash is about the name; with one it may begin at any folder of the path. */
function matches(glob: Glob, real: string): boolean {
  const path = real.replaceAll("\\", "/").replace(/^\/+/, "");
  if (glob.matches(path)) return true;
  for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
    if (glob.matches(path.slice(slash + 1)) || glob.matches(path.slice(0, slash))) return true;
  }
  return false;
}

function refusal(verb: Verb, shown: string, why: string): ToolError {
  return new ToolError(
    `Cannot ${verb} "${show(shown)}": ${why}`,
    "This is a guardrail. The person can lift it with --unprotect and a pattern, or do it by hand.",
  );
}

function ownRefusal(verb: Verb, shown: string): ToolError {
  return new ToolError(
    `Cannot ${verb} "${show(shown)}": it belongs to Clawhammer itself`,
    "Its configuration, data and tools are changed by the person alone.",
  );
}
