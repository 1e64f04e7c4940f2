/**
 * A folder of user tools to play in, and tools that misbehave in every way.
 * @module
 */
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { type Caller, createCaller } from "../../lib/call.ts";
import type { Databases } from "../../lib/database/types.ts";
import { createFiles } from "../../lib/fs/files.ts";
import { openRoots } from "../../lib/fs/roots.ts";
import { createRipgrep } from "../../lib/ripgrep.ts";
import { createSearch } from "../../lib/search/engine.ts";
import type { Module } from "../../lib/tool.ts";
import { openUserTools, realFolder } from "../../lib/user/open.ts";
import type { UserTools } from "../../lib/user/types.ts";
import { createWorkers } from "../../lib/worker/pool.ts";
import { time } from "../../tools/time.ts";
import { user as userModule } from "../../tools/user.ts";
import { reachOf, SILENT } from "../support.ts";

/** What a test gets. */
export interface Bench {
  /** The folder of tools. */
  readonly folder: string;
  /** An allowed folder. */
  readonly allowed: string;
  /** The folder that holds both, and those for data and cache. */
  readonly base: string;
  /** A caller over a fresh catalogue; the same each time. */
  readonly caller: Caller;
  readonly user: UserTools;
  /** Another one over the same folders, as a server that is started anew has it. */
  restart(): { readonly caller: Caller; readonly user: UserTools };
  /** Writes files of tools: names to texts. */
  put(files: Readonly<Record<string, string>>): Promise<void>;
  /** Calls a tool; `text` is all text of the reply. */
  call(name: string, args?: unknown): Promise<{ text: string; isError: boolean }>;
}

/** Options of a bench. */
export interface BenchOptions {
  readonly pinTools?: boolean;
  readonly readOnly?: boolean;
  readonly toolsEnv?: Readonly<Record<string, string>>;
  readonly databases?: Databases;
}

/** Runs `work` with fresh folders, and removes them afterwards. */
export async function withBench(
  work: (bench: Bench) => Promise<void>,
  { pinTools = false, readOnly = false, toolsEnv = {}, databases }: BenchOptions = {},
): Promise<void> {
  const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-user-")));
  const [folder, allowed] = [join(base, "tools"), join(base, "allowed")];
  await mkdir(folder, { mode: 0o700 });
  await mkdir(allowed);
  const workers = createWorkers(SILENT);
  const modules: readonly Module[] = [time, userModule];
  const folders = { cache: join(base, "cache"), data: join(base, "data") };
  const start = () => {
    const { roots } = openRoots([{ path: allowed, readOnly: false }]);
    const parts = { workers, log: SILENT, allowed: roots };
    const user = openUserTools(realFolder(folder), { folders, pinTools, toolsEnv }, modules, parts);
    const files = createFiles(roots);
    const search = createSearch(createRipgrep({ cacheFolder: join(base, "rg"), log: SILENT }));
    const caller = createCaller(modules, {
      log: SILENT,
      readOnly,
      reach: () => Promise.resolve(reachOf({ files, search, ...(databases && { databases }) })),
      userTools: () => Promise.resolve(user),
    });
    return { caller, user };
  };
  try {
    const { caller, user } = start();
    await work({
      folder,
      allowed,
      base,
      caller,
      user,
      restart: start,
      put: async (files) => await putTools(folder, files),
      async call(name, args = {}) {
        const { content, isError } = await caller.call(name, args);
        return { text: content.map((part) => part.type === "text" ? part.text : "").join("\n"), isError };
      },
    });
  } finally {
    workers.end();
    await rm(base, { recursive: true, force: true });
  }
}

/** Writes files into a folder, with permissions that are trusted whatever the umask is. */
export async function putTools(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, text);
    if (process.platform !== "win32") await chmod(path, 0o600);
  }
}

/** The source of a tool without arguments. */
export function toolSource(name: string, body: string, more = ""): string {
  return `import { defineTool, z } from "clawhammer";
export default defineTool({
  name: ${JSON.stringify(name)},
  description: "A tool of a test",
  effect: "read",
  ${more}
  async run(args, ctx) { ${body} },
});
`;
}

/** Tools that misbehave, each in its own way, by name. `NOTE` stands for a file they write to. */
export const HOSTILE: Readonly<Record<string, string>> = {
  prints: toolSource(
    "prints",
    `
    console.log('{"jsonrpc":"2.0","id":"init","result":{}}');
    process.stdout.write("x".repeat(300_000));
    process.stderr.write("y".repeat(300_000));
    return "printed";`,
  ),
  exits: toolSource("exits", "process.exit(7);"),
  aborts: toolSource("aborts", "process.abort();"),
  late: toolSource(
    "late",
    `
    setTimeout(() => { throw new Error("thrown late"); }, 1);
    void Promise.reject(new Error("rejected late"));
    return "answered";`,
  ),
  loops: toolSource("loops", "for (;;);", "timeoutMs: 700,"),
  loops_late: toolSource("loops_late", "setTimeout(() => { for (;;); }, 1); return 'answered';"),
  deaf: toolSource("deaf", "await new Promise(() => setInterval(() => {}, 1000));", "timeoutMs: 700,"),
  forks: toolSource(
    "forks",
    `
    const { spawn } = await import("node:child_process");
    const { appendFileSync } = await import("node:fs");
    for (const detached of [false, true]) {
      const script = "trap '' HUP TERM; sleep 600 & sleep 600";
      const child = spawn("/bin/sh", ["-c", script], { stdio: "ignore", detached });
      appendFileSync("NOTE", child.pid + "\\n");
    }
    await new Promise(() => setInterval(() => {}, 1000));`,
    "timeoutMs: 700,",
  ),
  patches: toolSource(
    "patches",
    `
    const broken = () => { throw new Error("patched"); };
    Object.prototype.toJSON = () => "patched";
    Object.defineProperty(Object.prototype, "id", { get: () => 1, set: broken });
    JSON.stringify = JSON.parse = broken;
    Array.prototype.map = Array.prototype.push = Map.prototype.get = broken;
    Promise.prototype.then = broken;
    return "patched";`,
    "timeoutMs: 700,",
  ),
  closes: toolSource(
    "closes",
    `
    const { closeSync } = await import("node:fs");
    for (let i = 0; i < 64; i++) try { closeSync(i); } catch {}
    return "closed";`,
    "timeoutMs: 2_000,",
  ),
  garbles: toolSource(
    "garbles",
    `
    const { writeSync } = await import("node:fs");
    try { writeSync(3, "no frame at all, whatever you think"); } catch {}
    return "garbled";`,
  ),
  huge: toolSource("huge", "return 'x'.repeat(60_000_000);"),
  deep: toolSource("deep", "let a = []; for (let i = 0; i < 5_000; i++) a = [a]; return { a };"),
  cyclic: toolSource("cyclic", "const a = {}; a.a = a; return a;"),
  bigint: toolSource("bigint", "return { n: 12345678901234567890n };"),
  function_result: toolSource("function_result", "return () => 1;"),
  throws_nothing: toolSource("throws_nothing", "throw undefined;"),
};
