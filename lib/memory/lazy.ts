/**
 * The memory, loaded at its first use.
 * @module
 */
import { join } from "node:path";
import type { Log } from "../tool.ts";
import type { Memory } from "./types.ts";

/** Where the memory is kept in a folder for data. */
export function memoryFolder(data: string): string {
  return join(data, "memory");
}

/**
 * Opens the memory in a folder for data.
 * @param data Undefined when this machine names none: then nothing can be remembered.
 */
export function openMemory(data: string | undefined, log: Log): Memory {
  const folder = data === undefined ? undefined : memoryFolder(data);
  let loaded: Promise<Memory> | undefined;
  const load = async () => {
    const { createMemory } = await import("./memory.ts");
    return createMemory({ folder, warn: (message) => log.warn(message) });
  };
  const memory = () => loaded ??= load();
  return {
    folder,
    remember: async (...args) => await (await memory()).remember(...args),
    recall: async (...args) => await (await memory()).recall(...args),
    forget: async (...args) => await (await memory()).forget(...args),
    graph: async (...args) => await (await memory()).graph(...args),
    names: async (...args) => await (await memory()).names(...args),
    aside: async () => await (await memory()).aside(),
    release: () => void loaded?.then(({ release }) => release()),
  };
}
