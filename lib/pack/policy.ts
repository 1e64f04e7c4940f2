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
import { isKey, type Key, OPTIONS, type Settings } from "../config/options.ts";
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

/** Reads the policy as if it stood in two places: what differs between them depends on where it stands. */
async function refuseRelative(text: string, host: Host): Promise<void> {
  const places = host.platform === "win32" ? ["C:\\a\\x.json", "C:\\b\\x.json"] : ["/a/x.json", "/b/x.json"];
  const [one = {}, other = {}] = await Promise.all(places.map((place) => readConfigText(text, place, host)));
  for (const key of Object.keys(one)) {
    if (!isKey(key) || JSON.stringify(one[key]) === JSON.stringify(other[key])) continue;
    throw new UsageError(
      `"${key}" of the policy holds a relative path, which means another folder on every machine\n` +
        "Write it absolute, or beginning with ~",
    );
  }
}
