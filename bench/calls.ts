// deno-lint-ignore-file no-console -- it speaks to a person
/**
 * Calls per second and latency of small calls: reading a 2 kB file, listing a folder of twenty files, and,
 * for the floor, a tool that only answers what it is given.
 * @module
 */
import { join } from "node:path";
import { BlockingClient } from "./support/blocking.ts";
import { machine, median, number, percentile, table, verdict } from "./support/report.ts";
import { type Servers, SMALL_TEXT, withServers } from "./support/servers.ts";

/** Calls of a conversation: what somebody sees who has just started a server. */
const FIRST = 1_000;
/**
 * Calls before the rounds, of every server. What runs often is compiled in several steps, and the last one
 * comes late: after some ten thousand calls with JavaScriptCore, after some thousand with V8.
 */
const WARM_UP = 40_000;
/** Rounds of every case, taken in turns, so that a busy moment of the machine hits all alike. */
const ROUNDS = 7;
/** Calls of one round. */
const CALLS = 1_500;

interface Case {
  readonly name: string;
  readonly command: readonly string[];
  readonly tool: string;
  readonly args: object;
  /** What must be in the answer, or the numbers mean nothing. */
  readonly expected: string;
}

interface Contender extends Case {
  readonly client: BlockingClient;
  /** Calls per second among the {@link FIRST} ones, one in flight. */
  readonly first: number;
}

interface Measured {
  readonly contender: Contender;
  readonly inFlight: number;
  /** Calls per second: the median of the rounds. */
  readonly rate: number;
  /** Milliseconds of each call of all rounds. */
  readonly latencies: readonly number[];
}

function cases({ clawhammer, bare, node, folder }: Servers): Case[] {
  const read = { args: { path: join(folder, "small.txt") }, expected: SMALL_TEXT.slice(-40).trim() };
  const list = { args: { path: join(folder, "entries") }, expected: "file-20.txt" };
  return [
    { name: "clawhammer", command: clawhammer, tool: "read_file", ...read },
    { name: "Node server", command: node, tool: "read_text_file", ...read },
    { name: "clawhammer", command: clawhammer, tool: "list_directory", ...list },
    { name: "Node server", command: node, tool: "list_directory", ...list },
    { name: "bare", command: bare, tool: "echo", args: { text: SMALL_TEXT }, expected: SMALL_TEXT },
  ];
}

function open(each: Case, home: string): Contender {
  const client = new BlockingClient(each.command, home);
  client.initialize();
  const { content } = client.call(each.tool, each.args);
  const answer = content?.map((part) => part.text).join("\n") ?? "";
  if (!answer.includes(each.expected)) {
    throw new Error(`${each.name} ${each.tool} answered: ${answer.slice(0, 200)}`);
  }
  const before = performance.now();
  client.flood(each.tool, each.args, FIRST, 1);
  const first = FIRST / ((performance.now() - before) / 1000);
  client.flood(each.tool, each.args, WARM_UP, 16);
  return { ...each, client, first };
}

/** Runs all contenders in turns. @returns what was measured of each, in the same order. */
function race(contenders: readonly Contender[], inFlight: number): Measured[] {
  const lanes = contenders.map((contender) => ({
    contender,
    rates: [] as number[],
    latencies: [] as number[],
  }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { contender, rates, latencies } of lanes) {
      const before = performance.now();
      latencies.push(...contender.client.flood(contender.tool, contender.args, CALLS, inFlight));
      rates.push(CALLS / ((performance.now() - before) / 1000));
    }
  }
  return lanes.map(({ contender, rates, latencies }) => ({
    contender,
    inFlight,
    rate: median(rates),
    latencies,
  }));
}

async function compare(servers: Servers): Promise<void> {
  const contenders: Contender[] = [];
  try {
    for (const each of cases(servers)) contenders.push(open(each, servers.home));
    console.log(
      `${machine()}; ${ROUNDS} rounds of ${number(CALLS)} calls each, in turns; rates are medians\n`,
    );
    const races = [race(contenders, 1), race(contenders, 16)];
    const firsts = contenders.map(({ name, tool, first }) => [name, `\`${tool}\``, number(first)]);
    console.log(table(["server", "tool", `calls/s of the first ${number(FIRST)}`], firsts));
    console.log();
    console.log(table(["server", "tool", "in flight", "calls/s", "p50 ms", "p99 ms"], races.flat().map(row)));
    console.log();
    console.log(table(["target", "bound", "measured", ""], races.map(judge)));
  } finally {
    for (const { client } of contenders) await client.close();
  }
}

function row({ contender, inFlight, rate, latencies }: Measured): string[] {
  const at = (p: number): string => number(percentile(latencies, p), 2);
  return [contender.name, `\`${contender.tool}\``, String(inFlight), number(rate), at(0.5), at(0.99)];
}

/** Compares the first two: our read and theirs. */
function judge([ours, theirs]: readonly Measured[]): readonly string[] {
  const factor = (ours?.rate ?? NaN) / (theirs?.rate ?? NaN);
  return verdict(
    `small reads per second, clawhammer ÷ Node, ${ours?.inFlight} in flight`,
    factor,
    "at least",
    3,
  );
}

if (import.meta.main) await withServers(compare);
