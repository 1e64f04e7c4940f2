/**
 * The only file that names a runtime (the build script aside). Everything else is `node:` and web standards.
 * @module
 */
import { readlinkSync } from "node:fs";
import type { Duplex } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";

interface BunRuntime {
  plugin(plugin: { name: string; setup(build: BunPluginBuilder): void }): void;
  readonly embeddedFiles: readonly (Blob & { readonly name: string })[];
  readonly version: string;
  spawn(command: readonly string[], options: NativeSpawn): NativeChild;
  /** Absent before Bun 1.4. */
  readonly unsafe: { setJITPolicy?(scale: number): void };
}

interface BunPluginBuilder {
  module(
    name: string,
    load: () => { loader: "object"; exports: Record<string, unknown> } | { loader: "js"; contents: string },
  ): void;
  onLoad(
    constraints: { filter: RegExp },
    load: (file: { path: string }) => { contents: string; loader: string },
  ): void;
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

/**
 * Ends the reluctance to compile with which an executable starts (`--compile-jit-policy`): what is called
 * often from now on is compiled as soon as usual.
 */
export function endStart(): void {
  globals.Bun?.unsafe.setJITPolicy?.(1);
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

/** All files that were embedded at build time; none when run from source. */
export function embeddedFiles(): readonly (Blob & { readonly name: string })[] {
  return globals.Bun?.embeddedFiles ?? [];
}

/** A file that was embedded at build time, by its name, or undefined when run from source. */
export function embeddedFile(name: string): Blob | undefined {
  return embeddedFiles().find((file) => file.name === name);
}

/**
 * The folder of the source tree (with `node_modules`) when run from source; undefined in the executable.
 */
export function sourceFolder(): string | undefined {
  return isCompiled() ? undefined : fileURLToPath(new URL("..", import.meta.url));
}

/** Where a thread finds its program: a file of the source tree that the build script embeds. */
export function threadUrl(path: string): URL {
  return new URL(isCompiled() ? `./${path}` : `../${path}`, import.meta.url);
}

/** The signature of a native function, in the words of the foreign function interface. */
export interface NativeSignature {
  readonly args: readonly ("i32" | "u32" | "i64" | "ptr")[];
  readonly returns: "i32" | "u32" | "i64";
}

/** Native functions by name. Buffers are passed as pointers. */
export type NativeFunctions = Readonly<
  Record<string, ((...args: (number | bigint | Uint8Array | null)[]) => number | bigint) | undefined>
>;

/** Opens a system library; undefined where the runtime or the system has none to offer. */
export async function openNativeLibrary(
  name: string,
  signatures: Readonly<Record<string, NativeSignature>>,
): Promise<NativeFunctions | undefined> {
  if (globals.Bun === undefined) return undefined;
  try {
    // A variable keeps other runtimes and the type checker from looking for a module only Bun has.
    const specifier = "bun:ffi";
    const ffi: { dlopen(name: string, symbols: unknown): { symbols: NativeFunctions } } = await import(
      specifier
    );
    return ffi.dlopen(name, signatures).symbols;
  } catch {
    return undefined;
  }
}

/** A program to start, with its first arguments. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * This program once more, for a child process: the executable itself, or the source under the same runtime.
 * @param entry The file to run instead of main.ts when run from source; tests have programs of their own.
 * @param permissions What Deno may be asked for by the program, as its flags; the others have no such thing.
 */
export function selfProgram(permissions: readonly string[], entry?: string): Program {
  const source = sourceFolder();
  if (source === undefined) return { command: process.execPath, args: [] };
  const file = entry ?? `${source}main.ts`;
  // What stands in the current folder configures nothing.
  const flags = globals.Deno === undefined ? ["--no-env-file"] : ["run", "--no-prompt", ...permissions];
  return { command: process.execPath, args: [...flags, file] };
}

/** How a child process is started without the layers of `node:child_process`. */
export interface NativeSpawn {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: "ignore" | Uint8Array;
  readonly stdout: "pipe";
  readonly stderr: "pipe";
  readonly detached: boolean;
  readonly windowsHide: boolean;
}

/** A child process that was started so. */
export interface NativeChild {
  readonly pid: number;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  readonly exited: Promise<number>;
  /** The exit status; null while it runs, and when a signal ended it. */
  readonly exitCode: number | null;
  readonly signalCode: string | null;
  kill(signal: string): void;
}

/**
 * Starts a child process the way the runtime itself does, which takes half a millisecond less than through
 * `node:child_process`; undefined where there is no such way.
 * @throws what the system says when it cannot be started.
 */
export function spawnNatively(command: readonly string[], options: NativeSpawn): NativeChild | undefined {
  return globals.Bun?.spawn(command, options);
}

/** A pipe that the parent process opened for us, both ways. */
export async function openInheritedPipe(descriptor: number): Promise<Duplex> {
  const { connect, Socket } = await import("node:net");
  if (globals.Bun === undefined) return new Socket({ fd: descriptor, readable: true, writable: true });
  // Bun takes a descriptor here, and nowhere else; the types of Node do not know it.
  return connect({ fd: descriptor } as unknown as { path: string });
}

/** Opens the C library of Linux: that of GNU, then that of musl, which carries the processor in its name. */
export async function openSystemLibrary(
  signatures: Readonly<Record<string, NativeSignature>>,
): Promise<NativeFunctions | undefined> {
  if (process.platform !== "linux") return undefined;
  const musl = `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`;
  return await openNativeLibrary("libc.so.6", signatures) ?? await openNativeLibrary(musl, signatures);
}

/** A module of ours that other code imports by a name. */
export interface NamedModule {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  /** Where its source is, when run from source. */
  readonly url: string;
}

/**
 * Lets code that is imported later find a module by its name, and files with the texts they had when they
 * were checked, whatever is on the disk by then.
 * @param texts Absolute paths to texts. What has a scheme instead is on no disk (Bun alone).
 */
export async function provideModules(module: NamedModule, texts: ReadonlyMap<string, string>): Promise<void> {
  if (globals.Bun === undefined) return await hookModules(module, texts);
  const paths = [...texts.keys()].map((path) => path.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  globals.Bun.plugin({
    name: module.name,
    setup(build) {
      build.module(module.name, () => ({ loader: "object", exports: { ...module.exports } }));
      for (const [path, contents] of texts) {
        if (/^[a-z]{2,}:/.test(path)) build.module(path, () => ({ loader: "js", contents }));
      }
      build.onLoad({ filter: new RegExp(`^(?:${paths.join("|")})$`) }, ({ path }) => {
        const [, ending = "js"] = /\.[mc]?(ts|js|tsx|jsx|json)$/.exec(path) ?? [];
        return { contents: texts.get(path) ?? "", loader: ending };
      });
    },
  });
}

/** The same by the hooks of `node:module`, which take JavaScript only: types are blanked out. */
async function hookModules(module: NamedModule, texts: ReadonlyMap<string, string>): Promise<void> {
  const { createRequire, isBuiltin, registerHooks, stripTypeScriptTypes } = await import("node:module");
  let looking = false;
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === module.name) return { url: module.url, shortCircuit: true };
      const { parentURL = "" } = context;
      const ours = !looking && parentURL.startsWith("file:") && texts.has(fileURLToPath(parentURL));
      if (!ours || isBuiltin(specifier) || /^(\.{0,2}\/|[a-z]+:)/.test(specifier)) {
        return next(specifier, context);
      }
      // Packages stand beside the file, not beside this program, where Deno would look for them. Looking asks
      // this hook again.
      looking = true;
      try {
        return { url: pathToFileURL(createRequire(parentURL).resolve(specifier)).href, shortCircuit: true };
      } finally {
        looking = false;
      }
    },
    load(url, context, next) {
      const path = url.startsWith("file:") ? fileURLToPath(url) : undefined;
      const text = path === undefined ? undefined : texts.get(path);
      if (path === undefined || text === undefined || path.endsWith(".json")) return next(url, context);
      try {
        const source = /\.[mc]?ts$/.test(path) ? stripTypeScriptTypes(text) : text;
        return { format: "module", source, shortCircuit: true };
      } catch {
        // The runtime itself says which line is wrong.
        return next(url, context);
      }
    },
  });
}
