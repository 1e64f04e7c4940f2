/**
 * How a database of our own is, as findings.
 * @module
 */
import { statSync } from "node:fs";
import type { Host } from "../config/host.ts";
import { counted, sizeText } from "../format.ts";
import { shellWord } from "../shell.ts";
import type { StoreHealth } from "../sqlite/health.ts";
import type { Finding } from "./types.ts";

/** How a database is called in findings. */
export interface StoreWords {
  /** One word: `journal`. */
  readonly short: string;
  /** The whole name: `journal of changes`. */
  readonly name: string;
  /** What there is to say before anything was written. */
  readonly empty: string;
  /** What it holds, in the singular and the plural. */
  readonly one: string;
  readonly many: string;
  /** The command that sets a damaged one aside, so that a new one begins. */
  readonly rescue: string;
}

/** What an examination of the database in `folder` means to a person. */
export function storeFindings(
  { count, bytes, fault, aside }: StoreHealth,
  folder: string,
  { short, name, empty, one, many, rescue }: StoreWords,
  host: Host,
): Finding[] {
  const old: Finding[] = aside.map((path) => ({
    severity: "note",
    what: `A ${short} that was found damaged is kept in "${path}"`,
    mend: "Delete that folder when you miss nothing",
  }));
  if (fault !== undefined) {
    const mv = host.platform === "win32" ? "move" : "mv";
    return [{
      severity: "error",
      what: `The ${name} in "${folder}" is damaged or cannot be read: ${fault}`,
      mend: statSync(folder, { throwIfNoEntry: false })?.isDirectory()
        ? rescue
        : `${mv} ${shellWord(folder, host)} ${shellWord(`${folder}-aside`, host)}`,
    }, ...old];
  }
  const what = count === undefined
    ? empty
    : `The ${short} holds ${counted(count, one, many)} (${sizeText(bytes)}) and is in order`;
  return [{ severity: "ok", what }, ...old];
}
