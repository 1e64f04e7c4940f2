/**
 * A folder to play in and a caller over some modules, for tests of tools: the same call path as the server's.
 * @module
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Caller, createCaller, type Services } from "../lib/call.ts";
import { thisHost } from "../lib/config.ts";
import { openDocuments } from "../lib/documents/lazy.ts";
import type { Documents } from "../lib/documents/types.ts";
import { createFiles } from "../lib/fs/files.ts";
import type { Platform } from "../lib/fs/platform.ts";
import { openRoots } from "../lib/fs/roots.ts";
import { createGit } from "../lib/git/git.ts";
import type { Git } from "../lib/git/types.ts";
import { createJournal } from "../lib/journal/journal.ts";
import type { Files, Root } from "../lib/fs/types.ts";
import { createMemory } from "../lib/memory/memory.ts";
import type { Content } from "../lib/reply.ts";
import { createPrograms } from "../lib/programs.ts";
import { createRipgrep } from "../lib/ripgrep.ts";
import { createSearch } from "../lib/search/engine.ts";
import type { SearchEngine } from "../lib/search/types.ts";
import type { Log, Module, Reach } from "../lib/tool.ts";
import type { WebPolicy } from "../lib/web/hosts.ts";
import { openWeb, type WebOptions } from "../lib/web/lazy.ts";
import { createWorkers } from "../lib/worker/pool.ts";

/** What a test gets. */
export interface Sandbox {
  /** The allowed folder: absolute, real. */
  readonly dir: string;
  /** A folder beside it that is not allowed. */
  readonly outside: string;
  /** A folder beside both for a journal; made with the first change when the option `journal` is set. */
  readonly journalFolder: string;
  /** Where converted documents are kept. */
  readonly cacheFolder: string;
  readonly files: Files;
  readonly caller: Caller;
  /** Calls a tool; `text` is all text of the reply. */
  call(name: string, args: unknown): Promise<{ text: string; isError: boolean; content: Content[] }>;
  /** Writes files below `dir`: names to contents; missing folders are made. */
  put(files: Readonly<Record<string, string | Uint8Array>>): Promise<void>;
}

/** Options of a sandbox beyond its folder. */
export type SandboxOptions = Partial<Omit<Services, "reach">> & {
  readonly search?: SearchEngine;
  readonly git?: (files: Files, roots: readonly Root[]) => Git;
  readonly rootReadOnly?: boolean;
  readonly journal?: boolean;
  readonly web?: Partial<Pick<WebOptions, "policy" | "proxy" | "resolve">>;
  /** Made for the allowed folder. */
  readonly platform?: (dir: string) => Platform;
};

/** A configuration that says nothing about the web. */
export const CLOSED: WebPolicy = {
  allowHost: [],
  denyHost: [],
  allowPrivate: false,
  ignoreRobots: false,
  headers: [],
};

/** A log that keeps nothing. */
export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Runs `work` in a fresh sandbox and removes it afterwards. */
export async function withSandbox(
  modules: readonly Module[],
  work: (sandbox: Sandbox) => Promise<void>,
  options: SandboxOptions = {},
): Promise<void> {
  const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-test-")));
  const dir = join(base, "allowed");
  const outside = join(base, "allowed-not");
  let release = () => {};
  try {
    await mkdir(dir);
    await mkdir(outside);
    const { roots } = openRoots([{ path: dir, readOnly: options.rootReadOnly ?? false }]);
    const journalFolder = join(base, "journal");
    const journal = options.journal === true ? createJournal({ folder: journalFolder }) : undefined;
    const workers = createWorkers(SILENT);
    release = () => {
      journal?.release();
      workers.end();
    };
    const files = createFiles(roots, { journal, platform: options.platform?.(dir) });
    const search = createSearch(createRipgrep({ cacheFolder: join(base, "cache"), log: SILENT }));
    const documents = openDocuments(join(base, "cache"), SILENT, () => Promise.resolve(workers));
    const web = openWeb({
      policy: CLOSED,
      proxy: {},
      ...options.web,
      cacheFolder: join(base, "cache"),
      documents,
      workers: () => Promise.resolve(workers),
      log: SILENT,
    });
    const git = (options.git ?? machineGit)(files, roots);
    const memory = createMemory({ folder: join(base, "memory") });
    const parts = { files, search: options.search ?? search, documents, web, git, memory };
    const reach = reachOf(parts);
    const caller = createCaller(modules, {
      log: SILENT,
      readOnly: false,
      ...options,
      reach: () => Promise.resolve(reach),
    });
    await work({
      dir,
      outside,
      journalFolder,
      cacheFolder: join(base, "cache"),
      files,
      caller,
      async call(name, args) {
        const { content, isError } = await caller.call(name, args);
        const text = content.map((part) => part.type === "text" ? part.text : "").join("\n");
        return { text, isError, content };
      },
      async put(contents) {
        for (const [name, content] of Object.entries(contents)) {
          await mkdir(dirname(join(dir, name)), { recursive: true });
          await writeFile(join(dir, name), content);
        }
      },
    });
  } finally {
    release();
    await rm(base, { recursive: true, force: true });
  }
}

/** Documents for programs of tests that meet none: they are recognised, and no process reads one. */
export function recognisingDocuments(cacheFolder: string): Documents {
  return openDocuments(cacheFolder, SILENT, () => Promise.reject(new Error("There is no document here")));
}

/** What a caller reaches in a test that uses only some of it: anything else fails when it is touched. */
export function reachOf(parts: Partial<Reach>): Reach {
  // deno-lint-ignore no-explicit-any -- it stands for any of them, and has nothing of any.
  const absent = (name: string): any => new Proxy({}, { get: () => assert.fail(`reached ctx.${name}`) });
  return {
    files: absent("files"),
    search: absent("search"),
    documents: absent("documents"),
    web: absent("web"),
    git: absent("git"),
    databases: absent("databases"),
    memory: absent("memory"),
    ...parts,
  };
}

/** The git of this machine, in the folders of a sandbox. */
export function machineGit(files: Files, allowed: readonly Root[], hooks = false): Git {
  const host = thisHost();
  return createGit({ files, host, programs: createPrograms({ host, allowed }), hooks });
}
