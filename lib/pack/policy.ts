/**
 * The policy of a bundle: the options that are decided by whoever makes it.
 * @module
 */
import { readFile } from "node:fs/promises";
import { applyEdits, modify } from "jsonc-parser";
import type { CommandLine } from "../config.ts";
import { readConfigText } from "../config/file.ts";
import { sharedValues } from "../config/flags.ts";
import type { Host } from "../config/host.ts";
import { type Key, OPTIONS, type Settings } from "../config/options.ts";
import { errorText, UsageError } from "../errors.ts";

/** A policy: the text of its file as the bundle holds it, and what it says. */
export interface Policy {
  readonly text: string;
  readonly settings: Settings;
}

/**
 * Makes the policy of the file named by `--config` and the flags that were given; comments in the file stay.
 * What the machine's own configuration says is none of it.
 * @returns undefined when neither was given
 * @throws {UsageError} when a path in it is relative: nobody could tell which folder it belongs to.
 */
export async function policyOf({ flags }: CommandLine, host: Host): Promise<Policy | undefined> {
  const file = flags.get("--config")?.at(-1);
  const given = [...sharedValues(flags)].filter(([key]) => OPTIONS[key].inFile);
  if (file === undefined && given.length === 0) return undefined;
  const before = file === undefined ? "{}" : (await readText(file)).replace(/^\uFEFF/, "");
  const text = given.reduce((body, [key, texts]) => put(body, key, texts), before);
  const settings = await readConfigText(text, file ?? "the flags", host);
  await refuseRelative(text, host);
  return { text: text.endsWith("\n") ? text : `${text}\n`, settings };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(
      `Cannot read the configuration "${path}": ${errorText(error)}\nIt is named by --config`,
    );
  }
}

/** Sets one key, in the form that its kind has in a file. */
function put(body: string, key: Key, texts: readonly string[]): string {
  const { json } = OPTIONS[key].kind;
  const [only = ""] = texts;
  const value = json === "list" ? texts : json === "boolean" ? /^(true|1|yes|on)$/i.test(only) : only;
  return applyEdits(
    body,
    modify(body, [key], value, { formattingOptions: { insertSpaces: true, tabSize: 2 } }),
  );
}

/** Reads the policy as if it stood in the top folder, where nothing relative is taken. */
async function refuseRelative(text: string, host: Host): Promise<void> {
  try {
    await readConfigText(text, host.platform === "win32" ? "C:\\x.json" : "/x.json", host);
  } catch (error) {
    const [, what] = /("\w+": ".*") is a relative path/.exec(errorText(error)) ?? [];
    if (what === undefined) throw error;
    throw new UsageError(
      `The policy says ${what}, a relative path, which means another folder on every machine\n` +
        "Write it absolute, or beginning with ~",
    );
  }
}
