/**
 * The catalogue of a person's own tools: looks at the folder, has new and changed files loaded in a worker to
 * learn what they define, and keeps the last version of each that worked.
 *
 * Every use looks at the files first, so nothing depends on the watcher, which only makes changes known
 * earlier.
 * @module
 */
import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import { findByName } from "../aliases.ts";
import type { FindProgram } from "../declared/module.ts";
import { errorText, ToolError } from "../errors.ts";
import { USER_WATCH_MS } from "../limits.ts";
import type { AnyTool, Log, Module } from "../tool.ts";
import type { Pool } from "../worker/pool.ts";
import { describeFiles, type Found } from "./discover.ts";
import {
  fingerprintOf,
  isUnchanged,
  listToolFiles,
  readSources,
  signatureAt,
  type Sources,
} from "./folder.ts";
import { madeModule } from "./made.ts";
import type { Version } from "./remote.ts";
import { createStore, type Pins, readPins, type Remembered, type Store, writePins } from "./store.ts";
import { type Problem, problemText, type UserTools } from "./types.ts";

/** What the catalogue is made with. */
export interface CatalogueOptions {
  readonly folder: string;
  /** Our own folders; see `Folders`. */
  readonly cache: string | undefined;
  readonly data: string | undefined;
  /** Whether changed files are refused until the person trusts them. */
  readonly pin: boolean;
  /** The names of the built-in tools, and of prompts as `prompt NAME`: nothing of the person's has them. */
  readonly taken: ReadonlySet<string>;
  readonly pool: Pool;
  /** Finds the programs of declared tools. */
  readonly find: FindProgram;
  readonly log: Log;
  /** Whether nothing is remembered of a look, and nothing trusted by it. */
  readonly isLookOnly: boolean;
}

/** What is known of one file. */
interface Held {
  /** The contents that were looked at last, and the times of all files they came from. */
  readonly fingerprint?: string;
  readonly signatures: ReadonlyMap<string, string>;
  /** The last version that worked. */
  readonly good?: Version & { readonly module: Module };
  /** Why the contents that were looked at last cannot be used. */
  readonly problem?: Omit<Problem, "stale">;
}

/** What the tools are at a moment. */
interface State {
  readonly files: ReadonlyMap<string, Held>;
  readonly modules: readonly Module[];
  readonly problems: readonly Problem[];
}

/** Opens the catalogue. Nothing is looked at yet. */
export function openCatalogue(options: CatalogueOptions): UserTools {
  const { folder, log } = options;
  const lasting = createStore(options.cache, folder, log);
  const forget = () => Promise.resolve();
  const store = options.isLookOnly ? { ...lasting, writeIndex: forget, writeSources: forget } : lasting;
  const listeners = new Set<() => void>();
  const known = new Map<string, string>();
  let state: State = { files: new Map(), modules: [], problems: [] };
  let remembered: Promise<Map<string, Held>> | undefined;
  const publish = (files: ReadonlyMap<string, Held>) => {
    const next = settle(files, options);
    for (const problem of next.problems) {
      const known = state.problems.some((one) => one.file === problem.file && one.what === problem.what);
      if (!known) log.warn(`User tools: ${problemText(problem)}`);
    }
    state = sameModules(state.modules, next.modules) ? { ...next, modules: state.modules } : next;
  };
  const look = async () => {
    const before = state;
    const recalled = await (remembered ??= recall(store, options));
    await lookAt(before.files.size === 0 ? recalled : before.files, store, options, known, publish);
    retireOld(before, state, options.pool);
    if (before.modules !== state.modules) listeners.forEach((listener) => listener());
  };
  const refresh = oneAtATime(look);
  return {
    folder,
    get modules() {
      return state.modules;
    },
    get problems() {
      return state.problems;
    },
    refresh,
    async find(name) {
      const known = findTool(state, name);
      if (known !== undefined && isUnchanged(known.held.signatures)) return known.tool;
      await refresh();
      return findTool(state, name)?.tool;
    },
    onChange: (listener) => void listeners.add(listener),
    watch: watchFolder(folder, refresh, log),
  };
}

function findTool({ files, modules }: State, name: string): { tool: AnyTool; held: Held } | undefined {
  const tool = findByName(modules.flatMap((module) => module.tools), name);
  if (tool === undefined) return undefined;
  const held = [...files.values()].find(({ good }) => good?.module.tools.includes(tool));
  return held && { tool, held };
}

/** What was known when a server ran last. */
async function recall(store: Store, options: CatalogueOptions): Promise<Map<string, Held>> {
  const held = new Map<string, Held>();
  for (const [file, { fingerprint, signatures, data }] of Object.entries(await store.readIndex())) {
    const texts = rememberedTexts(store, options.folder, file, fingerprint);
    const good = versionOf({ file, fingerprint, data, texts }, options);
    held.set(file, { fingerprint, signatures: new Map(Object.entries(signatures)), good });
  }
  return held;
}

/** Looks at every file of the folder, and has those loaded that are new. */
async function lookAt(
  before: ReadonlyMap<string, Held>,
  store: Store,
  options: CatalogueOptions,
  known: Map<string, string>,
  publish: (files: ReadonlyMap<string, Held>) => void,
): Promise<void> {
  const { folder } = options;
  let names: string[];
  let pins: Pins | undefined;
  try {
    names = listToolFiles(folder, known);
    pins = options.pin ? await readPins(options.data) : undefined;
  } catch (error) {
    // Nothing of a folder that cannot be trusted is used, not even what was loaded from it before.
    publish(new Map([[folder, { signatures: new Map(), problem: { file: folder, ...explained(error) } }]]));
    return;
  }
  const next = new Map<string, Held>();
  const fresh: Found[] = [];
  const trusted: Record<string, string> = {};
  for (const file of names) {
    const old = before.get(file);
    if (old !== undefined && isUnchanged(old.signatures) && isPinned(old, pins, join(folder, file))) {
      next.set(file, old);
      continue;
    }
    const looked = look(file, old, pins, trusted, options);
    next.set(file, looked.held);
    if (looked.sources !== undefined) fresh.push({ file, sources: looked.sources });
  }
  const trust = async (added: Pins) => {
    if (pins === undefined || options.isLookOnly || Object.keys(added).length === 0) return;
    await writePins(options.data, added);
  };
  await trust(trusted);
  publish(next);
  for await (const { file, sources, data, problem } of describeFiles(fresh, options.pool)) {
    const good = data && versionOf(
      { file, fingerprint: sources.fingerprint, data, texts: () => Promise.resolve(sources.texts) },
      options,
    );
    if (good !== undefined) {
      // What works is trusted when it is seen first; what never worked may be mended freely.
      await trust({ [join(folder, file)]: sources.fingerprint });
      await store.writeSources(sources);
    }
    next.set(file, {
      fingerprint: sources.fingerprint,
      signatures: good === undefined ? withSurroundings(sources, folder) : sources.signatures,
      good: good ?? before.get(file)?.good,
      ...(problem === undefined ? {} : { problem: { file, ...problem } }),
    });
    publish(next);
  }
  if (fresh.length > 0 || next.size !== before.size) await store.writeIndex(indexOf(next));
}

/** Reads a file that may have changed. Its sources are returned when it has to be loaded. */
function look(
  file: string,
  old: Held | undefined,
  pins: Pins | undefined,
  trusted: Record<string, string>,
  { folder }: CatalogueOptions,
): { held: Held; sources?: Sources } {
  const path = join(folder, file);
  let sources: Sources;
  try {
    sources = readSources(folder, file);
  } catch (error) {
    return { held: { signatures: new Map(), good: old?.good, problem: { file, ...explained(error) } } };
  }
  const { fingerprint, signatures } = sources;
  const pin = pins?.[path];
  if (pin === undefined && old?.good?.fingerprint === fingerprint) trusted[path] = fingerprint;
  if (pin !== undefined && pin !== fingerprint) {
    const good = old?.good?.fingerprint === pin ? old.good : undefined;
    const what = "It is not what was trusted: it has changed since";
    const next = `Look at it, then trust it: clawhammer trust "${path}"`;
    return { held: { signatures: new Map(), good, problem: { file, what, next } } };
  }
  // Only its times differ.
  if (old?.fingerprint === fingerprint && old.problem === undefined) {
    return { held: { ...old, signatures } };
  }
  if (old?.good?.fingerprint === fingerprint) return { held: { fingerprint, signatures, good: old.good } };
  return { held: { signatures: new Map(), good: old?.good }, sources };
}

function isPinned(held: Held, pins: Pins | undefined, path: string): boolean {
  return pins === undefined || pins[path] === held.fingerprint;
}

/** What a file that could not be loaded may have lacked: it is tried again when that has changed. */
function withSurroundings({ signatures }: Sources, folder: string): ReadonlyMap<string, string> {
  if (signatures.size === 0) return signatures;
  const around = ["", "node_modules", "package.json"].map((name) => join(folder, name));
  return new Map([...signatures, ...around.map((path) => [path, signatureAt(path)] as const)]);
}

/** Makes modules of what worked, as far as their names do not collide, and gathers the problems. */
function settle(files: ReadonlyMap<string, Held>, { taken }: CatalogueOptions): State {
  const owners = new Map<string, string>();
  const modules: Module[] = [];
  const problems: Problem[] = [];
  const settled = new Map<string, Held>();
  for (const [file, held] of files) {
    const { good, problem } = held;
    if (problem !== undefined) problems.push({ ...problem, stale: good !== undefined });
    const names = good === undefined ? [] : [
      ...good.data.tools.map((tool) => tool.name),
      ...good.data.prompts.map((prompt) => `prompt ${prompt.name}`),
    ];
    const collision = names.find((name) => taken.has(name) || owners.has(name));
    settled.set(file, held);
    if (good === undefined) continue;
    if (collision !== undefined) {
      const owner = owners.get(collision);
      const what = `The name "${collision}" belongs to ` +
        (owner === undefined ? "Clawhammer itself" : owner);
      problems.push({ file, what, next: "Give it another name.", stale: false });
      continue;
    }
    for (const name of names) owners.set(name, file);
    modules.push(good.module);
  }
  return { files: settled, modules, problems };
}

function versionOf(version: Omit<Version, "path">, { folder, pool, find }: CatalogueOptions): Held["good"] {
  const whole = { ...version, path: join(folder, version.file) };
  return { ...whole, module: madeModule(whole, pool, find) };
}

/** The texts of a version that worked when a server ran last. What was remembered wrongly is not run. */
function rememberedTexts(store: Store, folder: string, file: string, fingerprint: string): Version["texts"] {
  return async () => {
    const stored = await store.readSources(fingerprint);
    if (stored !== undefined && fingerprintOf(folder, stored) === fingerprint) return stored;
    const now = readSources(folder, file);
    if (now.fingerprint === fingerprint) return now.texts;
    throw new ToolError(`${file} has changed meanwhile`, "Call it again.");
  };
}

function indexOf(files: ReadonlyMap<string, Held>): Record<string, Remembered> {
  const index: Record<string, Remembered> = {};
  for (const [file, { good, fingerprint, signatures }] of files) {
    if (good === undefined) continue;
    const current = good.fingerprint === fingerprint;
    index[file] = {
      fingerprint: good.fingerprint,
      // An older version stays known, but nothing on the disk equals it.
      signatures: current ? Object.fromEntries(signatures) : {},
      data: good.data,
    };
  }
  return index;
}

function sameModules(before: readonly Module[], after: readonly Module[]): boolean {
  return before.length === after.length && before.every((module, i) => module === after[i]);
}

/** Ends the workers of versions that nobody can call any more; what they do now is finished first. */
function retireOld(before: State, after: State, pool: Pool): void {
  const kept = new Set([...after.files.values()].map((held) => held.good?.fingerprint));
  for (const { good } of before.files.values()) {
    if (good !== undefined && !kept.has(good.fingerprint)) pool.retire(good.fingerprint);
  }
}

function explained(error: unknown): { what: string; next: string } {
  if (error instanceof ToolError) return { what: error.message, next: error.next };
  return { what: errorText(error), next: "Mend that, then list the tools again." };
}

/**
 * Runs the work for everybody who asks, one time after the other: who asks while it runs gets the next run,
 * because this one may have looked already.
 */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const run = async () => {
    try {
      await work();
    } finally {
      running = next;
      next = undefined;
    }
  };
  return () => {
    if (running === undefined) return running = run();
    return next ??= running.catch(() => {}).then(run);
  };
}

/** Looks again a moment after something happened in the folder. It keeps nobody alive. */
function watchFolder(folder: string, refresh: () => Promise<void>, log: Log): () => void {
  let watcher: FSWatcher | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      refresh().catch((error) => log.warn(`Cannot look at "${folder}": ${errorText(error)}`));
    }, USER_WATCH_MS);
    timer.unref();
  };
  return () => {
    if (watcher !== undefined) return;
    try {
      watcher = watch(folder, { persistent: false }, soon);
      watcher.on("error", (error) => log.debug(`The watcher of "${folder}" ended: ${errorText(error)}`));
      watcher.unref();
    } catch (error) {
      log.debug(`"${folder}" cannot be watched: ${errorText(error)}`);
    }
  };
}
