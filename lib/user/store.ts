/**
 * What is remembered of user tools between two starts: what each file defined (in the cache folder, by the
 * hash of its contents, so that a start loads nothing), the sources of the last version that worked, and
 * which contents the person trusts (in the data folder).
 * @module
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "../atomic.ts";
import { errorCode, errorText, ToolError } from "../errors.ts";
import type { Log } from "../tool.ts";
import { version } from "../version.ts";
import type { Sources } from "./folder.ts";
import type { FileData } from "./types.ts";
import { isRecord } from "../record.ts";

/** What is remembered of one file. */
export interface Remembered {
  readonly fingerprint: string;
  readonly signatures: Readonly<Record<string, string>>;
  readonly data: FileData;
}

/** The index of a folder: the names of files to what they defined when they last worked. */
export type Index = Readonly<Record<string, Remembered>>;

/** Remembers what can be made again; nothing depends on it. */
export interface Store {
  readIndex(): Promise<Index>;
  writeIndex(index: Index): Promise<void>;
  readSources(fingerprint: string): Promise<ReadonlyMap<string, string> | undefined>;
  writeSources(sources: Sources): Promise<void>;
}

/**
 * Makes the store of one folder of tools.
 * @param cache The cache folder; without one, nothing is remembered.
 */
export function createStore(cache: string | undefined, folder: string, log: Log): Store {
  // Another version may describe the same file differently.
  const key = createHash("sha256").update(`${version}\0${folder}`).digest("hex").slice(0, 16);
  const place = cache === undefined ? undefined : join(cache, `user-tools-${key}`);
  const attempt = async (what: string, work: (place: string) => Promise<void>) => {
    if (place === undefined) return;
    try {
      await mkdir(place, { recursive: true, mode: 0o700 });
      await work(place);
    } catch (error) {
      log.warn(`Cannot remember ${what} in "${place}": ${errorText(error)}`);
    }
  };
  return {
    async readIndex() {
      const index = await readJson(place === undefined ? undefined : join(place, "index.json"));
      return isIndex(index) ? index : {};
    },
    async writeIndex(index) {
      await attempt("what the user tools define", async (place) => {
        await writeAtomically(
          join(place, "index.json"),
          0o600,
          (file) => file.writeFile(JSON.stringify(index)),
        );
        const kept = new Set(Object.values(index).map(({ fingerprint }) => `${fingerprint}.json`));
        for (const name of await readdir(place)) {
          if (/^[0-9a-f]{64}\.json$/.test(name) && !kept.has(name)) {
            await rm(join(place, name), { force: true });
          }
        }
      });
    },
    async readSources(fingerprint) {
      const texts = await readJson(place === undefined ? undefined : join(place, `${fingerprint}.json`));
      if (!Array.isArray(texts)) return undefined;
      return new Map(
        texts.filter((one) => Array.isArray(one)).map(([path, text]) => [String(path), String(text)]),
      );
    },
    async writeSources({ fingerprint, texts }) {
      await attempt("the source of a user tool", async (place) => {
        await writeAtomically(
          join(place, `${fingerprint}.json`),
          0o600,
          (file) => file.writeFile(JSON.stringify([...texts])),
        );
      });
    },
  };
}

/** Which contents the person trusts: the paths of files to the fingerprints of what was in them. */
export type Pins = Readonly<Record<string, string>>;

/** @throws {ToolError} when they cannot be read: then nothing is trusted. */
export async function readPins(data: string | undefined): Promise<Pins> {
  const path = pinsPath(data);
  try {
    const pins: unknown = JSON.parse(await readFile(path, "utf8"));
    if (isRecord(pins) && Object.values(pins).every((pin) => typeof pin === "string")) return pins as Pins;
    throw new Error("it holds something else");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return {};
    throw new ToolError(
      `Cannot read which tools are trusted, "${path}": ${errorText(error)}`,
      "Remove that file and trust the tools again: clawhammer trust FILE",
    );
  }
}

/** Trusts files with these contents from now on. */
export async function writePins(data: string | undefined, added: Pins): Promise<void> {
  const path = pinsPath(data);
  const pins = { ...await readPins(data), ...added };
  await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
  await writeAtomically(path, 0o600, (file) => file.writeFile(`${JSON.stringify(pins, null, 2)}\n`));
}

function pinsPath(data: string | undefined): string {
  if (data !== undefined) return join(data, "trusted-tools.json");
  throw new ToolError(
    "Cannot tell which tools are trusted: this machine names no data folder",
    "Set HOME, or run without --pin-tools.",
  );
}

async function readJson(path: string | undefined): Promise<unknown> {
  if (path === undefined) return undefined;
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** It was written by this very version; only what a torn or foreign file would look like is sorted out. */
function isIndex(value: unknown): value is Index {
  return isRecord(value) &&
    Object.values(value).every((one) =>
      isRecord(one) && typeof one.fingerprint === "string" && isRecord(one.signatures) && isRecord(one.data)
    );
}
