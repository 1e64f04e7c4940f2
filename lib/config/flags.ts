/**
 * Splits a command line into flags and operands, by a table of what exists.
 * @module
 */
import { UsageError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { flagOf, isUnset, type Key, KEYS, OPTIONS } from "./options.ts";

/** What the parser knows of a flag. */
export interface Flag {
  /** With its dashes: `--allow`. */
  readonly flag: string;
  /** What stands for the value in the help; a switch has none, and takes one only as `--flag=value`. */
  readonly metavar?: string;
  readonly description: string;
  readonly repeatable?: boolean;
  /** Another name with one dash: `-o`. */
  readonly short?: string;
  /**
   * Takes every argument up to the next flag, also none: hosts of bundles put a list of folders in the place
   * of one argument.
   */
  readonly many?: boolean;
}

/** A command line taken apart. */
export interface Parsed {
  /** Every flag that was given, with its values in order; a bare switch has the value "true". */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

/** The flags of the options every command shares. */
export function sharedFlags(): Flag[] {
  return KEYS.map((key) => ({
    flag: flagOf(key),
    metavar: OPTIONS[key].metavar,
    description: OPTIONS[key].description,
    repeatable: OPTIONS[key].kind.repeatable,
  }));
}

/** The folders of a bundle, for `serve`: two flags that each take a list, and no suffix inside it. */
export const FOLDER_FLAGS: readonly Flag[] = [
  {
    flag: "--folders",
    metavar: "DIR…",
    description: "the same as --allow for each of these folders, up to the next flag",
    repeatable: true,
    many: true,
  },
  {
    flag: "--read-folders",
    metavar: "DIR…",
    description: "the same, for folders that are only read",
    repeatable: true,
    many: true,
  },
];

/** The values of the shared flags by the key of their option. */
export function sharedValues(flags: ReadonlyMap<string, readonly string[]>): Map<Key, readonly string[]> {
  return new Map(KEYS.flatMap((key) => {
    const texts = [...flags.get(flagOf(key)) ?? [], ...(key === "allow" ? listedFolders(flags) : [])];
    return texts.length === 0 ? [] : [[key, texts]];
  }));
}

/** The folders of {@link FOLDER_FLAGS} as `--allow` takes them. */
function listedFolders(flags: ReadonlyMap<string, readonly string[]>): string[] {
  // A slash behind it keeps a folder that is named "x:ro" from being taken for "x", read-only.
  const plain = flags.get("--folders")?.map((folder) => folder.endsWith(":ro") ? `${folder}/` : folder);
  return [...plain ?? [], ...flags.get("--read-folders")?.map((folder) => `${folder}:ro`) ?? []];
}

/**
 * Takes the arguments apart: `--flag value`, `--flag=value`, operands in between, only operands after `--`.
 * An operand that is nothing but an unexpanded placeholder is left out.
 * @throws {UsageError} for an unknown flag, a missing value, and a flag given too often.
 */
export function parseFlags(args: readonly string[], known: readonly Flag[]): Parsed {
  const flags = new Map<string, string[]>();
  const operands: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--") {
      operands.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      if (!isUnset(arg)) operands.push(arg);
      continue;
    }
    const equals = arg.indexOf("=");
    const flag = equals < 0 ? arg : arg.slice(0, equals);
    const entry = known.find((candidate) => candidate.flag === flag || candidate.short === flag);
    if (entry === undefined) throw unknownFlag(flag, known);
    const values = flags.get(entry.flag) ?? [];
    if (values.length > 0 && !entry.repeatable) throw new UsageError(`${flag} is given twice\nGive it once`);
    if (equals >= 0) values.push(arg.slice(equals + 1));
    else if (entry.many) { while (args[i + 1]?.startsWith("-") === false) values.push(args[++i] ?? ""); }
    else if (entry.metavar === undefined) values.push("true");
    else values.push(following(args[++i], entry));
    flags.set(entry.flag, values);
  }
  return { flags, operands };
}

function following(value: string | undefined, { flag, metavar }: Flag): string {
  if (value !== undefined && !(value.startsWith("-") && value.length > 1)) return value;
  const found = value === undefined ? "" : `; a value that starts with a dash is written ${flag}=${value}`;
  throw new UsageError(`${flag} needs a value\nWrite ${flag} ${metavar}${found}`);
}

function unknownFlag(flag: string, known: readonly Flag[]): UsageError {
  const near = nearest(flag, known.map((entry) => entry.flag));
  const advice = near.length > 0
    ? `Did you mean ${near.join(" or ")}?`
    : "Add --help to see the flags there are";
  return new UsageError(`Unknown flag "${flag}"\n${advice}`);
}
