// deno-lint-ignore-file no-console -- it speaks to a person
/**
 * `git_status`, `git_log` and `git_diff` against plain git and a git server on Node, in one large repository
 * and in turns: through the caller in this process, and through the compiled executable.
 * @module
 */
import { existsSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { createApp } from "../lib/app.ts";
import { loadConfig, thisHost } from "../lib/config.ts";
import { ROOT } from "../scripts/runtimes.mjs";
import { modules } from "../main.ts";
import { BlockingClient } from "./support/blocking.ts";
import { git, type History, makeHistory, pathOf } from "./support/history.ts";
import { machine, median, number, table, verdict } from "./support/report.ts";

const SIZE: History = { files: 50_000, commits: 20_000 };
/** Runs of everything, in turns, so that a busy moment of the machine hits all alike. */
const ROUNDS = 9;
/** The same of calls that take a few milliseconds, of which a tenth is soon lost or won by chance. */
const ROUNDS_OF_SHORT = 101;
/**
 * Short calls before they are measured: what runs often is compiled in several steps, and the last one comes
 * late. Git itself has nothing to warm up.
 */
const WARM_UP = 300;
/** Milliseconds before each measurement, in which what the one before has left behind comes to its end. */
const PAUSE_MS = 5;
/** Times as long as plain git that a call may take. */
const BOUND = 1.3;

/** A call of ours, the command it is compared with, and the same question to the server on Node. */
interface Case {
  readonly name: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly plain: readonly string[];
  /** It takes a few milliseconds. */
  readonly isShort?: boolean;
  /** The servers have just started: nothing warms them up. */
  readonly isFirst?: boolean;
  readonly node?: Readonly<Record<string, unknown>>;
  /** What a reply must contain: what finds nothing is fast, too. */
  readonly expected: RegExp;
}

/** Options with which plain git tells what `git_log` does: hash, local time, author, subject, branches. */
const LOG_FORMAT = ["--decorate=short", "--date=iso-local", "--format=%h %ad %an: %s%d"];

/** The one call that takes a few milliseconds. */
const LOG: Case = {
  name: "log",
  tool: "git_log",
  args: { limit: 20 },
  plain: ["log", "--max-count=20", ...LOG_FORMAT],
  isShort: true,
  node: { maxCount: 20 },
  expected: /Change number 19999[^]*Change number 19980/,
};

const CASES: readonly Case[] = [
  {
    name: "status",
    tool: "git_status",
    args: {},
    plain: ["status", "--short", "--branch"],
    node: {},
    expected: /Not staged \(40\):[^]*Untracked \(10\):/,
  },
  { ...LOG, name: "log, first 100 calls", isFirst: true },
  LOG,
  {
    name: "log of a file",
    tool: "git_log",
    args: { path: pathOf(7_919) },
    plain: ["log", "--max-count=20", ...LOG_FORMAT, "--follow", "--", pathOf(7_919)],
    expected: /Change number 1\n?/,
  },
  {
    name: "diff",
    tool: "git_diff",
    args: {},
    plain: ["diff", "--stat", "--patch"],
    node: {},
    expected: /not staged: 40 files, \+40 -0/,
  },
  {
    name: "diff of 1,000 commits",
    tool: "git_diff",
    args: { from: "HEAD~1000", to: "HEAD" },
    plain: ["diff", "--stat", "--patch", "HEAD~1000", "HEAD"],
    node: { source: "HEAD~1000", target: "HEAD" },
    expected: /to HEAD \([0-9a-f]{10}\): 1,\d\d\d files/,
  },
];

/** Calls a tool and returns the text of its reply. */
type Call = (tool: string, args: Readonly<Record<string, unknown>>) => string | Promise<string>;

/** The caller as the server makes it, in this process. */
async function inProcess(folder: string): Promise<Call> {
  const { config } = await loadConfig(["--allow", folder], [], thisHost());
  const { caller } = createApp(modules, { ...config, logLevel: "error" });
  return async (tool, args) => {
    const { content } = await caller.call(tool, args);
    return content.map((part) => part.type === "text" ? part.text : "").join("\n");
  };
}

function over(command: readonly string[], home: string): [Call, BlockingClient] {
  const client = new BlockingClient(command, home);
  client.initialize();
  return [(tool, args) => {
    const { content = [] } = client.call(tool, args);
    return content.map(({ text = "" }) => text).join("\n");
  }, client];
}

async function milliseconds(work: () => unknown): Promise<number> {
  await setTimeout(PAUSE_MS);
  const before = performance.now();
  await work();
  return performance.now() - before;
}

/** Who takes part, by the head of the column. */
interface Contenders {
  readonly caller: Call;
  readonly binary?: Call;
  readonly node: Call;
}

/** Milliseconds of every run of one case. */
interface Times {
  readonly plain: number[];
  readonly caller: number[];
  readonly binary: number[];
  readonly node: number[];
}

async function race(each: Case, folder: string, { caller, binary, node }: Contenders): Promise<Times> {
  const times: Times = { plain: [], caller: [], binary: [], node: [] };
  const ask = async (call: Call) => {
    const reply = await call(each.tool, { repo: folder, ...each.args });
    if (!each.expected.test(reply)) throw new Error(`${each.name}: unexpected reply\n${reply.slice(0, 500)}`);
  };
  const { node: question, isShort = false, isFirst = false } = each;
  const rounds = isShort ? ROUNDS_OF_SHORT : ROUNDS;
  for (let call = 0; isShort && !isFirst && call < WARM_UP; call++) {
    await ask(caller);
    if (binary !== undefined) await ask(binary);
    if (question !== undefined) await node(each.tool, { path: folder, ...question });
  }
  // The first round warms the caches of files and is not counted.
  for (let round = 0; round <= rounds; round++) {
    const took: [number[], number][] = [
      [times.plain, await milliseconds(() => git(each.plain, folder))],
      [times.caller, await milliseconds(() => ask(caller))],
    ];
    if (binary !== undefined) took.push([times.binary, await milliseconds(() => ask(binary))]);
    if (question !== undefined) {
      took.push([times.node, await milliseconds(() => node(each.tool, { path: folder, ...question }))]);
    }
    if (round > 0) { for (const [list, time] of took) list.push(time); }
  }
  return times;
}

function row({ name }: Case, { plain, caller, binary, node }: Times): string[] {
  const cells = (list: readonly number[]) =>
    list.length === 0
      ? ["–", "–"]
      : [number(median(list), 1), `${number(median(list) / median(plain), 2)} ×`];
  return [name, number(median(plain), 1), ...cells(caller), ...cells(binary), ...cells(node)];
}

async function compareAll(base: string): Promise<void> {
  const folder = join(base, "repository");
  const made = await milliseconds(() => makeHistory(folder, SIZE));
  console.error(
    `${number(SIZE.files)} files, ${number(SIZE.commits)} commits, made in ${number(made / 1_000)} s`,
  );
  const product = join(ROOT, "dist", process.platform === "win32" ? "clawhammer.exe" : "clawhammer");
  const [binary, client] = existsSync(product)
    ? over([product, "serve", "--allow", folder], base)
    : [undefined, undefined];
  const server = join(ROOT, "node_modules/@cyanheads/git-mcp-server/dist/index.js");
  const [node, other] = over(["node", server], base);
  const contenders = { caller: await inProcess(folder), binary, node };
  const rows: string[][] = [];
  const judged: (readonly string[])[] = [];
  for (const each of CASES) {
    const times = await race(each, folder, contenders);
    rows.push(row(each, times));
    const ours = median(binary === undefined ? times.caller : times.binary);
    judged.push(verdict(each.name, ours / median(times.plain), "at most", BOUND));
  }
  await Promise.all([client?.close(), other.close()]);
  const heads = [
    "plain git ms",
    "in process ms",
    "ratio",
    "executable ms",
    "ratio",
    "Node server ms",
    "ratio",
  ];
  console.log(`${machine()}; medians of ${ROUNDS} runs (log: ${ROUNDS_OF_SHORT}), in turns\n`);
  console.log(table(["call", ...heads], rows));
  console.log();
  console.log(table(["target (÷ plain git)", "bound", "measured", ""], judged));
}

if (import.meta.main) {
  const base = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-bench-git-")));
  try {
    await compareAll(base);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}
