/**
 * Whether others can change a folder of user tools on Windows: by the access lists that `icacls` writes down,
 * in the language of security descriptors (SDDL), which is the same whatever language Windows speaks.
 *
 * Written against Microsoft's documentation ("icacls", "Security Descriptor String Format", "ACE Strings",
 * "SID Strings", "File Access Rights Constants"), not run. So only what is certain counts: a list that cannot
 * be had or read refuses nothing.
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, win32 } from "node:path";
import { thisHost } from "../config.ts";
import { ToolError } from "../errors.ts";
import { USER_ACL_MS_MAX } from "../limits.ts";

/**
 * Reads access lists. @param what A path, or `FOLDER\*` for what stands in it.
 * @returns names to descriptors; undefined when they cannot be had.
 */
export type ReadLists = (what: string) => ReadonlyMap<string, string> | undefined;

/** What is looked at with. Tests give their own. */
export interface Looking {
  readonly read: ReadLists;
  /** The SID of the person; undefined when it cannot be had. */
  readonly me: () => string | undefined;
}

/** What an access list is about: other rights matter for each. */
type About = "folder" | "file" | "above";

/** Two letters stand for rights (ACE Strings): of files, generic, standard, and by their bits. */
const RIGHTS: Readonly<Record<string, number>> = {
  FA: 0x1f01ff,
  FR: 0x120089,
  FW: 0x120116,
  FX: 0x1200a0,
  GA: 0x10000000,
  GR: 0,
  GW: 0x40000000,
  GX: 0,
  SD: 0x10000,
  RC: 0x20000,
  WD: 0x40000,
  WO: 0x80000,
  CC: 0x1,
  DC: 0x2,
  LC: 0x4,
  SW: 0x8,
  RP: 0x10,
  WP: 0x20,
  DT: 0x40,
  LO: 0x80,
  CR: 0x100,
};

/** To take it away, to take it over, and everything. */
const TAKE = 0x10000 | 0x40000 | 0x80000 | 0x10000000;
/** Rights that let somebody change what is run. */
const CHANGING: Readonly<Record<About, number>> = {
  // To add files or folders, to write what describes it, to delete what is inside.
  folder: TAKE | 0x2 | 0x4 | 0x40 | 0x40000000,
  // To write, to append.
  file: TAKE | 0x2 | 0x4 | 0x40000000,
  // A folder above is not changed by what is put beside.
  above: TAKE | 0x40,
};

/** Who may change everything anyway (SID Strings): the system, administrators, the owner, the installer. */
const TRUSTED =
  /^(SY|BA|LA|DA|EA|CO|OW|S-1-5-18|S-1-5-32-544|S-1-3-[04]|S-1-5-80-956008885-.*|S-1-5-21-.*-(500|512|519))$/;

/** The names of those who are meant most often. */
const NAMES: Readonly<Record<string, readonly [sid: string, name: string]>> = {
  WD: ["S-1-1-0", "Everyone"],
  AU: ["S-1-5-11", "Authenticated Users"],
  BU: ["S-1-5-32-545", "Users"],
  IU: ["S-1-5-4", "Interactive"],
  BG: ["S-1-5-32-546", "Guests"],
  AN: ["S-1-5-7", "Anonymous"],
};

/**
 * Who besides the person can change something, by its security descriptor.
 * @param me The person's SID.
 * @returns a SID, or the two letters that stand for one; undefined for nobody.
 */
export function whoCanChange(descriptor: string, me: string, about: About): string | undefined {
  const [, flags, list = ""] = /D:([A-Z_]*)(.*)/.exec(descriptor) ?? [];
  if (flags === undefined) return undefined;
  // No list at all lets everybody do everything.
  if (flags.includes("NO_ACCESS_CONTROL")) return "WD";
  // Conditions have parentheses of their own, and no type that is looked for.
  for (const [, entry = ""] of list.matchAll(/\(([^()]*)/g)) {
    const [type = "", inheritance = "", rights = "", , , who = ""] = entry.split(";");
    if (type !== "A" && type !== "XA") continue;
    const isMine = who === me || TRUSTED.test(who);
    // One that is only handed down says nothing about the folder, but about the files in it.
    const isOnlyInherited = inheritance.includes("IO");
    if (isMine || (isOnlyInherited && about !== "folder")) continue;
    if ((maskOf(rights) & CHANGING[about]) !== 0) return who;
  }
  return undefined;
}

function maskOf(rights: string): number {
  if (/^0x[0-9a-f]+$/i.test(rights)) return Number(rights) | 0;
  return (rights.match(/../g) ?? []).reduce((mask, two) => mask | (RIGHTS[two] ?? 0), 0);
}

/**
 * Refuses a folder of tools that others can change, what stands in it, or a folder above.
 * @param known Paths above that were found good, with their signatures; more are added.
 * @throws {ToolError} naming who can, and the command that mends it.
 */
export function trustOnWindows(
  folder: string,
  signatureAt: (path: string) => string,
  known: Map<string, string>,
  { read, me }: Looking = MACHINE,
): void {
  const person = me();
  if (person === undefined) return;
  const check = (what: string, path: (name: string) => string, about: About) => {
    for (const [name, descriptor] of read(what) ?? []) {
      const who = whoCanChange(descriptor, person, about);
      if (who !== undefined) throw refusal(path(name), who);
    }
  };
  check(folder, () => folder, "folder");
  check(win32.join(folder, "*"), (name) => win32.join(folder, win32.basename(name)), "file");
  for (let path = win32.dirname(folder);; path = win32.dirname(path)) {
    const signature = signatureAt(path);
    if (known.get(path) !== signature) check(path, () => path, "above");
    known.set(path, signature);
    if (path === win32.dirname(path)) return;
  }
}

function refusal(path: string, who: string): ToolError {
  const [sid, name] = NAMES[who] ?? [who, who];
  return new ToolError(
    `"${path}" can be changed by others (${name})`,
    `Take that away, with these two commands: icacls "${path}" /inheritance:d and then ` +
      `icacls "${path}" /remove:g *${sid}`,
  );
}

/** The text that `icacls /save` writes: a line with a name, then one with its descriptor. */
export function parseSaved(bytes: Uint8Array): Map<string, string> {
  const isWide = bytes[1] === 0 || (bytes[0] === 0xff && bytes[1] === 0xfe);
  const lines = new TextDecoder(isWide ? "utf-16le" : "utf-8").decode(bytes).split(/\r?\n/);
  const lists = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    if (/^D:/.test(line)) lists.set(lines[index - 1] ?? "", line);
  }
  return lists;
}

/** Runs a program of Windows itself. */
function run(name: string, args: readonly string[]): string | undefined {
  const program = win32.join(thisHost().env.SystemRoot ?? "C:\\Windows", "System32", name);
  const { status, stdout } = spawnSync(program, args, {
    encoding: "utf8",
    timeout: USER_ACL_MS_MAX,
    windowsHide: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return status === 0 ? stdout : undefined;
}

const MACHINE: Looking = {
  read(what) {
    const place = mkdtempSync(join(tmpdir(), "clawhammer-acl-"));
    const saved = join(place, "saved");
    try {
      return run("icacls.exe", [what, "/save", saved, "/q"]) === undefined
        ? undefined
        : parseSaved(readFileSync(saved));
    } catch {
      return undefined;
    } finally {
      rmSync(dirname(saved), { recursive: true, force: true });
    }
  },
  me: () => /S-1-5-[\d-]+/.exec(run("whoami.exe", ["/user", "/fo", "csv", "/nh"]) ?? "")?.[0],
};
