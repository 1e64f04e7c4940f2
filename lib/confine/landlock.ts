/**
 * Landlock: a thread of Linux gives up the file system for good, but for what it names; what it starts
 * inherits that. landlock(7), landlock_create_ruleset(2), landlock_add_rule(2), landlock_restrict_self(2).
 * @module
 */
import { Buffer } from "node:buffer";
import { closeSync, openSync } from "node:fs";
import { type NativeSignature, openSystemLibrary } from "../runtime.ts";

/** The numbers of the system calls; the same on every processor. */
const CREATE_RULESET = 444;
const ADD_RULE = 445;
const RESTRICT_SELF = 446;
const ASK_VERSION = 1;
const PATH_BENEATH = 1;
const NO_NEW_PRIVILEGES = 38;
/** Opens an entry without any effect on it (open(2)); Node has no name for this flag. */
export const O_PATH = 0o10000000;

/** What the first version of Landlock can forbid: executing, writing, reading, listing, making, removing. */
const EVERYTHING = (1n << 13n) - 1n;
const EXECUTE = 1n << 0n;
const WRITE_FILE = 1n << 1n;
const READ_FILE = 1n << 2n;
const READ_FOLDER = 1n << 3n;

/** syscall(2) takes anything; which of its arguments is a pointer differs from call to call. */
const WITH_ATTRIBUTES: Readonly<Record<string, NativeSignature>> = {
  syscall: { args: ["i64", "ptr", "i64", "i64"], returns: "i64" },
  prctl: { args: ["i32", "i64", "i64", "i64", "i64"], returns: "i32" },
};
const WITH_DESCRIPTOR: Readonly<Record<string, NativeSignature>> = {
  syscall: { args: ["i64", "i64", "i64", "ptr", "i64"], returns: "i64" },
};

/** What a thread keeps. */
export interface Kept {
  /** A path that leads to the folder that can be listed and read, with everything below it. */
  readonly folder: string;
  /** The program that can be executed. */
  readonly program: string;
}

/** Whether threads can be confined here. */
export async function canConfine(): Promise<boolean> {
  const ask = (await openSystemLibrary(WITH_ATTRIBUTES))?.syscall;
  return Number(ask?.(CREATE_RULESET, null, 0, ASK_VERSION) ?? -1) >= 1;
}

/**
 * Confines the thread that calls this, and whatever it starts from now on, for as long as they live.
 * @throws {Error} when that is not possible.
 */
export async function confineThread({ folder, program }: Kept): Promise<void> {
  const { syscall: create, prctl } = await openSystemLibrary(WITH_ATTRIBUTES) ?? {};
  const { syscall: use } = await openSystemLibrary(WITH_DESCRIPTOR) ?? {};
  if (create === undefined || prctl === undefined || use === undefined) {
    throw new Error("the C library cannot be called");
  }
  const handled = Buffer.alloc(8);
  handled.writeBigUInt64LE(EVERYTHING);
  const rules = expectNatural("a ruleset", create(CREATE_RULESET, handled, handled.length, 0));
  const allow = (path: string, rights: bigint) => {
    const descriptor = openSync(path, O_PATH);
    try {
      // struct landlock_path_beneath_attr, packed: the rights, then the descriptor of the top.
      const rule = Buffer.alloc(12);
      rule.writeBigUInt64LE(rights);
      rule.writeInt32LE(descriptor, 8);
      expectNatural(`a rule for "${path}"`, use(ADD_RULE, rules, PATH_BENEATH, rule, 0));
    } finally {
      closeSync(descriptor);
    }
  };
  try {
    allow(folder, READ_FILE | READ_FOLDER);
    allow(program, READ_FILE | EXECUTE);
    allow("/dev/null", READ_FILE | WRITE_FILE);
    expectNatural("no new privileges", prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0));
    expectNatural("restricting", use(RESTRICT_SELF, rules, 0, null, 0));
  } finally {
    closeSync(rules);
  }
}

function expectNatural(what: string, result: number | bigint): number {
  const number = Number(result);
  if (number < 0) throw new Error(`Landlock refused ${what}`);
  return number;
}
