// deno-lint-ignore-file no-console -- it speaks to a person
/**
 * From the start of a server to its first reply, its memory at rest, and the size of its `tools/list`.
 * @module
 */
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "./support/client.ts";
import { machine, median, number, percentile, table, verdict } from "./support/report.ts";
import { type Servers, withServers } from "./support/servers.ts";

/** Starts of every server, taken in turns, so that a busy moment of the machine hits all alike. */
const ROUNDS = 21;
/** Milliseconds after the last reply until memory is read. */
const REST_MS = 300;

interface Sample {
  /** Milliseconds from the start of the process to the reply to `initialize`. */
  readonly start: number;
  /** Bytes resident, and bytes resident with shared pages divided among those who share them. */
  readonly resident: number;
  readonly proportional: number;
  /** Characters and number of the tools listed. */
  readonly listChars: number;
  readonly tools: number;
}

async function measure(command: readonly string[], home: string): Promise<Sample> {
  const before = performance.now();
  const client = new Client(command, home);
  try {
    await client.initialize();
    const start = performance.now() - before;
    const { tools = [] } = await client.request("tools/list", {});
    await sleep(REST_MS);
    return {
      start,
      ...await memoryOf(client.pid),
      listChars: JSON.stringify(tools).length,
      tools: tools.length,
    };
  } finally {
    await client.close();
  }
}

/** The memory of a process: from the kernel on Linux, from `ps` elsewhere, unknown where there is neither. */
async function memoryOf(pid: number): Promise<Pick<Sample, "resident" | "proportional">> {
  if (process.platform === "linux") {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
    const field = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(rollup)?.[1]) * 1024;
    return { resident: field("Rss"), proportional: field("Pss") };
  }
  const { stdout } = spawnSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" });
  return { resident: Number.parseInt(stdout, 10) * 1024, proportional: NaN };
}

async function compare({ clawhammer, bare, node, home }: Servers): Promise<void> {
  const commands = { clawhammer, "bare SDK binary": bare, "Node file system server": node };
  const samples = new Map<string, Sample[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, command] of Object.entries(commands)) {
      samples.set(name, [...samples.get(name) ?? [], await measure(command, home)]);
    }
  }
  const middle = (name: string, field: keyof Sample): number =>
    median(column(samples.get(name) ?? [], field));
  const ratio = (field: keyof Sample, one: string, other: string): number =>
    middle(one, field) / middle(other, field);

  console.log(`${machine()}; ${ROUNDS} starts each, in turns; times and memory are medians\n`);
  console.log(table(
    [
      "server",
      "start ms",
      "fastest ms",
      "90 % ms",
      "resident MB",
      "proportional MB",
      "tools",
      "tools/list chars",
    ],
    [...samples].map(([name, taken]) => [
      name,
      number(middle(name, "start"), 1),
      number(Math.min(...column(taken, "start")), 1),
      number(percentile(column(taken, "start"), 0.9), 1),
      number(middle(name, "resident") / 1e6, 1),
      number(middle(name, "proportional") / 1e6, 1),
      number(middle(name, "tools")),
      number(middle(name, "listChars")),
    ]),
  ));
  console.log();
  console.log(table(["target", "bound", "measured", ""], [
    verdict("start, clawhammer ÷ bare", ratio("start", "clawhammer", "bare SDK binary"), "at most", 1.15),
    verdict(
      "start, Node server ÷ clawhammer",
      ratio("start", "Node file system server", "clawhammer"),
      "at least",
      3.5,
    ),
    verdict("memory, clawhammer ÷ bare", ratio("resident", "clawhammer", "bare SDK binary"), "at most", 1.2),
  ]));
}

function column(samples: readonly Sample[], field: keyof Sample): number[] {
  return samples.map((sample) => sample[field]);
}

if (import.meta.main) await withServers(compare);
