// deno-lint-ignore-file no-console -- it speaks to a person
/**
 * What it costs that a person's own tools run in processes of their own: a user tool that answers what it is
 * given, against the built-in tool that does the least, over the same connection; and the first call, when no
 * process is warm yet.
 * @module
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "./support/client.ts";
import { machine, median, number, percentile, table } from "./support/report.ts";

const BINARY = fileURLToPath(new URL("../dist/clawhammer", import.meta.url));
const WARM_UP = 500;
/** Rounds of every case, taken in turns, so that a busy moment of the machine hits both alike. */
const ROUNDS = 7;
/** Calls of one round. */
const CALLS = 500;
/** Starts for the first call. */
const STARTS = 11;
/** Milliseconds that a warm call of a user tool may take more than a built-in one. */
const BOUND_MS = 2;

const TEXT = "x".repeat(200);
const BUILT_IN = { name: "think", args: { thought: TEXT, step: 1, total: 1, nextNeeded: false } };
const OWN = { name: "echo", args: { text: TEXT } };
const SOURCE = `import { defineTool, z } from "clawhammer";
export default defineTool({
  name: "echo",
  description: "Answers what it is given",
  effect: "read",
  input: { text: z.string().describe("The text") },
  run: ({ text }) => text,
});
`;

async function once(client: Client, { name, args }: typeof OWN | typeof BUILT_IN): Promise<number> {
  const before = performance.now();
  await client.call(name, args);
  return performance.now() - before;
}

async function warm(command: readonly string[], home: string): Promise<void> {
  const client = new Client(command, home);
  try {
    await client.initialize();
    const cases = [BUILT_IN, OWN].map((which) => ({ which, latencies: [] as number[] }));
    for (const { which } of cases) for (let i = 0; i < WARM_UP; i++) await once(client, which);
    for (let round = 0; round < ROUNDS; round++) {
      for (const { which, latencies } of cases) {
        for (let i = 0; i < CALLS; i++) latencies.push(await once(client, which));
      }
    }
    const rows = cases.map(({ which, latencies }) => {
      return [`\`${which.name}\``, ...[0.5, 0.99].map((p) => number(percentile(latencies, p), 3))];
    });
    console.log(table(["warm call", "p50 ms", "p99 ms"], rows));
    const [builtIn = NaN, own = NaN] = cases.map(({ latencies }) => median(latencies));
    const met = own - builtIn < BOUND_MS ? "met" : "missed";
    console.log(
      `\nmore than a built-in call: ${
        number(own - builtIn, 3)
      } ms, under ${BOUND_MS} ms is the target: ${met}\n`,
    );
  } finally {
    await client.close();
  }
}

async function cold(command: readonly string[], home: string): Promise<void> {
  const first: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    const client = new Client(command, home);
    try {
      await client.initialize();
      await client.request("tools/list", {});
      first.push(await once(client, OWN));
    } finally {
      await client.close();
    }
  }
  const row = ["`echo`, no process warm", ...[0.5, 0.99].map((p) => number(percentile(first, p), 1))];
  console.log(table(["first call after a start", "p50 ms", "p99 ms"], [row]));
}

async function main(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "clawhammer-bench-"));
  try {
    const tools = join(home, "tools");
    await mkdir(tools, { mode: 0o700 });
    await writeFile(join(tools, "echo.ts"), SOURCE, { mode: 0o600 });
    const command = [BINARY, "serve", "--tools-dir", tools];
    console.log(`${machine()}; ${ROUNDS} rounds of ${number(CALLS)} calls each, in turns, one in flight\n`);
    await warm(command, home);
    await cold(command, home);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

if (import.meta.main) await main();
