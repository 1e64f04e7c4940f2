/**
 * `clawhammer new`: a tool to begin with, and the types an editor needs for it.
 * @module
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findByName } from "../aliases.ts";
import { writeAtomically } from "../atomic.ts";
import { errorCode, ToolError, UsageError } from "../errors.ts";
import { embeddedFile, sourceFolder } from "../runtime.ts";
import type { Module } from "../tool.ts";
import { trustFolder } from "../user/folder.ts";
import { NAME } from "../user/types.ts";
import { name as program } from "../version.ts";
import type { Invocation } from "./command.ts";
import { complain, print } from "./output.ts";
import { usualFolder } from "./own.ts";
import { template } from "./template.ts";

/** The file of types. */
const TYPES = "clawhammer.d.ts";
/** How a file of types that we wrote begins; another one is left alone. */
const OURS = "// Types of the tools you write for Clawhammer.";
/** Names that stand for devices on Windows, whatever the ending. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)$/;

/** Writes the file of a tool that the operand names. */
export async function newTool({ modules, line }: Invocation): Promise<number> {
  const [given, more] = line.operands;
  if (given === undefined || more !== undefined) {
    throw new UsageError(
      `${given === undefined ? "Which name?" : `Unexpected "${more}"`}\nWrite ${program} new NAME`,
    );
  }
  const name = given.replace(/\.ts$/, "");
  checkName(name, modules);
  const folder = usualFolder(line.config);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  trustFolder(folder);
  const taken = [".ts", ".mts", ".js", ".mjs"].map((ending) => join(folder, name + ending)).find(existsSync);
  if (taken !== undefined) throw alreadyThere(taken);
  const path = join(folder, `${name}.ts`);
  await writeNew(path, template(name));
  await writeTypes(join(folder, TYPES));
  const flag = line.flags.get("--tools-dir")?.[0];
  const where = flag === undefined ? "" : ` --tools-dir ${quoted(flag)}`;
  await print([
    `Wrote ${path} and, for your editor, ${TYPES} beside it`,
    "",
    "Change the file, and it counts at the next call:",
    `  ${program} call ${name} name=Ada${where}`,
    `  ${program} test ${name}${where}    makes the calls that its examples show`,
    `  ${program} dev ${name}${where}     shows what Claude sees, whenever you save`,
  ].join("\n"));
  return 0;
}

function checkName(name: string, modules: readonly Module[]): void {
  if (!NAME.test(name) || DEVICE.test(name)) {
    const better = name.normalize("NFKD").replace(/([a-z\d])([A-Z])/g, "$1_$2").toLowerCase()
      .replace(/[^a-z\d]+/g, "_").replace(/^[_\d]+|_+$/g, "").slice(0, 40);
    const advice = NAME.test(better) && !DEVICE.test(better) ? ` Try ${better}.` : "";
    throw new UsageError(
      `"${name}" cannot be the name of a tool\nUse small letters, digits and _, at most 40, ` +
        `beginning with a letter.${advice}`,
    );
  }
  const owner = findByName(modules.flatMap((module) => module.tools), name);
  if (owner === undefined) return;
  throw new UsageError(`"${name}" is the name of a tool of ${program} itself\nGive yours another one`);
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    // Only the person may change what is run, whatever the system's default for new files is.
    await writeFile(path, text, { flag: "wx", mode: 0o600 });
  } catch (error) {
    throw errorCode(error) === "EEXIST" ? alreadyThere(path) : error;
  }
}

function alreadyThere(path: string): ToolError {
  return new ToolError(`"${path}" exists already`, "Nothing was written. Choose another name.");
}

/** Brings the types up to date with this version. */
async function writeTypes(path: string): Promise<void> {
  const text = await typesText();
  const old = await readFile(path, "utf8").catch(() => undefined);
  if (old === text) return;
  if (old !== undefined && !old.startsWith(OURS)) {
    await complain(`left "${path}" as it is: it is not one of ours`);
    return;
  }
  await writeAtomically(path, 0o600, (file) => file.writeFile(text));
}

/** The types: made when the executable was built, or now, from the sources that run. */
async function typesText(): Promise<string> {
  const embedded = embeddedFile("types.bin");
  if (embedded !== undefined) return await embedded.text();
  const script: { typesText(): Promise<string> } = await import(`${sourceFolder()}scripts/types.ts`);
  return await script.typesText();
}

function quoted(text: string): string {
  return /^[\w./~:\\-]+$/.test(text) ? text : `"${text}"`;
}
