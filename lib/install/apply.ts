/**
 * Carries out what was planned: backup, write, record. When another program changes a configuration
 * meanwhile, everything is worked out anew.
 * @module
 */
import { ToolError } from "../errors.ts";
import { INSTALL_TRIES_MAX } from "../limits.ts";
import { importMemories } from "./memories.ts";
import type { Plan, Removal } from "./plan.ts";
import { digest, type Installations, type Installed } from "./record.ts";
import { type Bytes, ChangedMeanwhileError, removeFolders, replaceConfig } from "./write.ts";

/** What was done. */
export interface Done<P> {
  readonly plan: P;
  /** Where the bytes before are kept; undefined when there were none or nothing changed. */
  readonly backup: string | undefined;
  /** What was imported, as sentences. */
  readonly imported: readonly string[];
  /** Takes it back, as long as nobody has changed the file since. */
  rollBack(): Promise<void>;
}

/**
 * Installs.
 * @param work Works the plan out, from what is on the disk at that moment.
 */
export async function install(work: () => Promise<Plan>, kept: Installations): Promise<Done<Plan>> {
  return await settled(kept, async () => {
    const plan = await work();
    const { client, place, name, before, after } = plan;
    const earlier = await kept.find(place.path, name);
    if (plan.before === plan.after) {
      return { plan, backup: undefined, imported: [], rollBack: () => Promise.resolve() };
    }
    // First of all: an entry goes only when what it remembers is safe. Done twice, it changes nothing.
    const imported = await takeOver(plan);
    const saved = before && await kept.backUp(client.id, before);
    const madeFolders = await replaceConfig(place.path, before, after);
    try {
      await kept.put(recordOf(plan, plan.existed ? earlier : undefined, saved?.name ?? null, madeFolders));
    } catch (error) {
      await replaceConfig(place.path, after, before);
      throw error;
    }
    return {
      plan,
      backup: saved?.path,
      imported,
      rollBack: () =>
        kept.alone(async () => {
          await replaceConfig(place.path, after, before);
          await removeFolders(madeFolders);
          if (earlier === undefined) await kept.forget(place.path, name);
          else await kept.put(earlier);
        }),
    };
  });
}

/** Imports what replaced entries remember. */
async function takeOver({ replaced, data }: Plan): Promise<string[]> {
  const files = replaced.flatMap(({ memories }) => memories);
  return files.length === 0 || data === undefined ? [] : await importMemories(files, data);
}

/** Takes an installation back; undefined when there is none. What was imported stays. */
export async function uninstall(
  work: () => Promise<Removal | undefined>,
  kept: Installations,
): Promise<Done<Removal> | undefined> {
  return await settled(kept, async () => {
    const plan = await work();
    if (plan === undefined) return undefined;
    const { client, place, name, before, after, installed } = plan;
    const saved = before && await kept.backUp(client.id, before);
    await replaceConfig(place.path, before, after);
    if (after === undefined) await removeFolders(installed?.madeFolders ?? []);
    await kept.forget(place.path, name);
    return {
      plan,
      backup: saved?.path,
      imported: [],
      rollBack: () => replaceConfig(place.path, after, before).then(() => {}),
    };
  });
}

/** The bytes before an installation, when the file is exactly as the installation left it. */
export async function exactBefore(
  installed: Installed | undefined,
  now: Bytes,
  kept: Installations,
): Promise<{ readonly bytes: Bytes } | undefined> {
  if (installed?.exact === undefined || now === undefined || digest(now) !== installed.exact.after) {
    return undefined;
  }
  if (installed.exact.backup === null) return { bytes: undefined };
  const bytes = await kept.restore(installed.exact.backup);
  return bytes === undefined ? undefined : { bytes };
}

/**
 * A second installation over the first keeps what the first found, so that taking it back leads there and not
 * to something in between.
 */
function recordOf(
  { client, place, name, before, after, removed, madeObjects, launch: { command } }: Plan,
  earlier: Installed | undefined,
  backup: string | null,
  madeFolders: string[],
): Installed {
  const exact = after === undefined ? undefined : { backup, after: digest(after) };
  const mine = { path: place.path, name, client: client.id, command };
  if (earlier === undefined) {
    const made = { madeFile: before === undefined, madeFolders, madeObjects };
    return { ...mine, ...made, replaced: [...removed], ...(exact === undefined ? {} : { exact }) };
  }
  const untouched = before !== undefined && earlier.exact?.after === digest(before);
  const first = untouched && exact !== undefined
    ? { ...exact, backup: earlier.exact?.backup ?? null }
    : undefined;
  return {
    ...mine,
    madeFile: earlier.madeFile || before === undefined,
    madeFolders: [...earlier.madeFolders, ...madeFolders],
    madeObjects: Math.max(earlier.madeObjects, madeObjects),
    replaced: [
      ...earlier.replaced.filter((one) => !removed.some(({ name }) => name === one.name)),
      ...removed,
    ],
    ...(first === undefined ? {} : { exact: first }),
  };
}

/** Does the work alone among installations, and again when another program was faster. */
async function settled<T>(kept: Installations, work: () => Promise<T>): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await kept.alone(work);
    } catch (error) {
      if (!(error instanceof ChangedMeanwhileError)) throw error;
      if (tries < INSTALL_TRIES_MAX) continue;
      throw new ToolError(
        `${error.message} again and again`,
        "Quit the program that writes it, and try again",
      );
    }
  }
}
