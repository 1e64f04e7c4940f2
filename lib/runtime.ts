/**
 * The only file that names a runtime (the build script aside). Everything else is `node:` and web standards.
 * @module
 */
import { readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface BunRuntime {
  readonly embeddedFiles: readonly (Blob & { readonly name: string })[];
  readonly version: string;
}

interface DenoRuntime {
  readonly version: { readonly deno: string };
}

const globals = globalThis as { Bun?: BunRuntime; Deno?: DenoRuntime };

/** The runtime and its version, for `--version` and the log: `Bun 1.4.5`. */
export function runtimeName(): string {
  if (globals.Bun !== undefined) return `Bun ${globals.Bun.version}`;
  if (globals.Deno !== undefined) return `Deno ${globals.Deno.version.deno}`;
  return `Node ${process.versions.node}`;
}

/** Whether this is the compiled executable, and not the source under a runtime. */
export function isCompiled(): boolean {
  return import.meta.url.includes("/$bunfs/") || import.meta.url.includes("/~BUN/");
}

/**
 * Whether /proc/self/fd can be asked about the descriptors of this process. Deno shows /proc only to programs
 * with every permission; with fewer, its own sandbox stands between the program and the rest of the disk.
 */
export function hasSystemDescriptors(): boolean {
  if (process.platform !== "linux") return false;
  if (globals.Deno === undefined) return true;
  try {
    return readlinkSync("/proc/self") !== "";
  } catch {
    return false;
  }
}

/** A file that was embedded at build time, by its name, or undefined when run from source. */
export function embeddedFile(name: string): Blob | undefined {
  return globals.Bun?.embeddedFiles.find((file) => file.name === name);
}

/**
 * The folder of the source tree (with `node_modules`) when run from source; undefined in the executable.
 */
export function sourceFolder(): string | undefined {
  return isCompiled() ? undefined : fileURLToPath(new URL("..", import.meta.url));
}
