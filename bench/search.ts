// deno-lint-ignore-file no-console -- it speaks to a person
/**
 * `search_text` and `find_files` against plain ripgrep on the same tree, in turns: through the caller in this
 * process, and through the compiled executable with the official client.
 * @module
 */
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCaller } from "../lib/call.ts";
import { thisHost } from "../lib/config.ts";
import { createFiles } from "../lib/fs/files.ts";
import { openRoots } from "../lib/fs/roots.ts";
import { createGit } from "../lib/git/git.ts";
import { createPrograms } from "../lib/programs.ts";
import { createRipgrep } from "../lib/ripgrep.ts";
import { createSearch } from "../lib/search/engine.ts";
import { modules } from "../main.ts";
import { ripgrepFor } from "../scripts/ripgrep.ts";
import { ROOT } from "../scripts/runtimes.mjs";
import { reachOf } from "../test/support.ts";
import { machine, median, number, table, verdict } from "./support/report.ts";
import { fillTree } from "./support/tree.ts";

/** Files of the trees, smallest first; the targets are judged on the last. */
const SIZES = [10_000, 120_000];
/** Runs of everything on every tree, in turns, so that a busy moment of the machine hits all alike. */
const ROUNDS = 9;

/** A call of ours and the command of ripgrep that it is compared with. */
interface Case {
  readonly tool: "search_text" | "find_files";
  readonly args: Readonly<Record<string, unknown>>;
  readonly ripgrep: readonly string[];
  /** What a reply must begin with, given the number of files: what finds nothing is fast, too. */
  readonly expected: (files: number) => RegExp;
}

const CASES: readonly Case[] = [
  {
    tool: "search_text",
    args: { pattern: "needle_in_haystack" },
    ripgrep: ["--line-number", "needle_in_haystack", "./"],
    expected: (files) => starts(Math.ceil((files - 17) / 5_000)),
  },
  {
    tool: "search_text",
    args: { pattern: "TODO(rare)" },
    ripgrep: ["--line-number", "--fixed-strings", "TODO(rare)", "./"],
    expected: (files) => starts(Math.ceil((files - 3) / 50)),
  },
  {
    tool: "search_text",
    args: { pattern: "needle_\\w+_haystack", regex: true },
    ripgrep: ["--line-number", "needle_\\w+_haystack", "./"],
    expected: (files) => starts(Math.ceil((files - 17) / 5_000)),
  },
  { tool: "find_files", args: { pattern: "*" }, ripgrep: ["--files", "./"], expected: starts },
  {
    tool: "find_files",
    args: { pattern: "*.py" },
    ripgrep: ["--files", "./"],
    expected: (files) => starts(files / 8),
  },
  {
    tool: "find_files",
    args: { pattern: "invoice" },
    ripgrep: ["--files", "./"],
    expected: () => /^[\d,]+ results /,
  },
];

function starts(count: number): RegExp {
  return new RegExp(`^${count.toLocaleString("en-US")} `);
}

/** Calls a tool and returns the text of its reply. */
type Call = (tool: string, args: Readonly<Record<string, unknown>>) => Promise<string>;

function inProcess(folder: string, cacheFolder: string): Call {
  const log = { debug() {}, info() {}, warn: console.error, error: console.error };
  const { roots } = openRoots([{ path: folder, readOnly: true }]);
  const search = createSearch(createRipgrep({ cacheFolder, log }));
  const files = createFiles(roots);
  const host = thisHost();
  const git = createGit({ files, host, programs: createPrograms({ host, allowed: roots }) });
  const reach = reachOf({ files, search, git });
  const caller = createCaller(modules, { reach: () => Promise.resolve(reach), log, readOnly: true });
  return async (tool, args) => {
    const { content } = await caller.call(tool, args);
    return content.map((part) => part.type === "text" ? part.text : "").join("\n");
  };
}

async function compiled(binary: string, folder: string, home: string): Promise<[Call, Client]> {
  const client = new Client({ name: "bench", version: "0" });
  const env = { HOME: home, PATH: process.env.PATH ?? "" };
  const args = ["serve", "--allow", folder];
  await client.connect(new StdioClientTransport({ command: binary, args, env, cwd: "/", stderr: "ignore" }));
  return [async (tool, args) => {
    const { content } = await client.callTool({ name: tool, arguments: args });
    return content.map((part) => part.type === "text" ? part.text : "").join("\n");
  }, client];
}

/** Runs ripgrep as a person would, its output into a pipe that is read. */
async function plain(executable: string, args: readonly string[], cwd: string): Promise<void> {
  const child = spawn(executable, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.resume();
  const [status] = await once(child, "close");
  if (status !== 0) throw new Error(`rg ${args.join(" ")} ended with status ${status}`);
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

/** Milliseconds of every run of one case. */
interface Times {
  readonly plain: number[];
  readonly caller: number[];
  readonly binary: number[];
}

interface Contenders {
  readonly ripgrep: string;
  readonly folder: string;
  readonly files: number;
  readonly caller: Call;
  readonly binary?: Call;
}

async function race(each: Case, { ripgrep, folder, files, caller, binary }: Contenders): Promise<Times> {
  const times: Times = { plain: [], caller: [], binary: [] };
  const check = async (call: Call): Promise<void> => {
    const reply = await call(each.tool, each.args);
    if (!each.expected(files).test(reply)) {
      throw new Error(`${each.tool}: unexpected reply\n${reply.slice(0, 500)}`);
    }
  };
  // The first round warms the caches of files and is not counted.
  for (let round = 0; round <= ROUNDS; round++) {
    const took: [number[], number][] = [
      [times.plain, await milliseconds(() => plain(ripgrep, each.ripgrep, folder))],
      [times.caller, await milliseconds(() => check(caller))],
    ];
    if (binary !== undefined) took.push([times.binary, await milliseconds(() => check(binary))]);
    if (round > 0) { for (const [list, time] of took) list.push(time); }
  }
  return times;
}

function row({ tool, args }: Case, files: number, { plain, caller, binary }: Times): string[] {
  const { pattern } = args;
  const ratio = (list: readonly number[]): string => `${number(median(list) / median(plain), 2)} ×`;
  return [
    `\`${tool} ${pattern}\``,
    number(files),
    number(median(plain)),
    number(median(caller)),
    ratio(caller),
    number(median(binary)),
    binary.length === 0 ? "–" : ratio(binary),
  ];
}

async function compare(base: string): Promise<void> {
  const product = join(ROOT, "dist", process.platform === "win32" ? "clawhammer.exe" : "clawhammer");
  const ripgrep = await ripgrepFor(`${process.platform}-${process.arch}`);
  const rows: string[][] = [];
  const judged: (readonly string[])[] = [];
  for (const files of SIZES) {
    const folder = join(base, `tree-${files}`);
    const { bytes } = await fillTree(folder, files);
    console.error(`${number(files)} files, ${number(bytes / 1e6)} MB`);
    const caller = inProcess(folder, join(base, "cache"));
    const [binary, client] = existsSync(product)
      ? await compiled(product, folder, base)
      : [undefined, undefined];
    for (const each of CASES) {
      const times = await race(each, { ripgrep, folder, files, caller, binary });
      rows.push(row(each, files, times));
      if (files !== SIZES.at(-1)) continue;
      const ours = median(binary === undefined ? times.caller : times.binary);
      const bound = each.tool === "search_text" ? 1.15 : 1.5;
      judged.push(verdict(`${each.tool} ${each.args.pattern}`, ours / median(times.plain), "at most", bound));
    }
    await client?.close();
    await rm(folder, { recursive: true });
  }
  console.log(`${machine()}; medians of ${ROUNDS} runs, in turns\n`);
  console.log(
    table(["call", "files", "plain rg ms", "in process ms", "ratio", "executable ms", "ratio"], rows),
  );
  console.log();
  console.log(table(["target (÷ plain rg)", "bound", "measured", ""], judged));
}

if (import.meta.main) {
  const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-bench-search-")));
  try {
    await compare(base);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}
