// deno-lint-ignore-file no-console -- it speaks to a person
/**
 * Everything `npm test` checks: one step after the other, then the tests of both runtimes side by side. A
 * step that fails shows its output and the next ones still run; the last line says `N passed, N failed`,
 * counting the tests of both runtimes and every failed step without tests. `--quick` leaves out the second
 * runtime, the build and the tests against the executable.
 * @module
 */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { findRuntime, ROOT } from "./runtimes.mjs";

/** Milliseconds one step may take before it counts as hanging. */
const STEP_MS_MAX = 900_000;

/** Milliseconds one test may take under Bun, which else grants five seconds: too few on a busy machine. */
const TEST_MS_MAX = 60_000;

interface Step {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Where a test runner writes its report, in the format of JUnit. */
  readonly report?: string;
  /** Left out by `--quick`. */
  readonly slow?: boolean;
}

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

async function steps(reports: string, quick: boolean): Promise<Step[]> {
  const bun = process.execPath;
  const deno = findRuntime("deno");
  const bunReport = join(reports, "bun.xml");
  const denoReport = join(reports, "deno.xml");
  const folders = quick ? await foldersWithTests((name) => name !== "e2e") : ["./test"];
  const all: Step[] = [
    { name: "Format", program: deno, args: ["fmt", "--check"] },
    { name: "Lint", program: deno, args: ["lint"] },
    {
      name: "Types",
      program: deno,
      args: ["check", "main.ts", "lib", "tools", "test", "scripts", "bench"],
    },
    { name: "Build", program: bun, args: ["--no-env-file", "scripts/build.ts"], slow: true },
    {
      name: "Tests under Bun",
      program: bun,
      args: [
        "test",
        `--timeout=${TEST_MS_MAX}`,
        "--only-failures",
        "--reporter=junit",
        `--reporter-outfile=${bunReport}`,
        ...folders,
      ],
      report: bunReport,
    },
    {
      name: "Tests under Deno",
      program: deno,
      args: ["test", "-A", "--no-check", "--reporter=dot", `--junit-path=${denoReport}`, ...folders],
      report: denoReport,
      slow: true,
    },
  ];
  return quick ? all.filter((step) => !step.slow) : all;
}

async function foldersWithTests(wanted: (name: string) => boolean): Promise<string[]> {
  const files = await readdir(join(ROOT, "test"), { recursive: true });
  const names = files.filter((file) => file.endsWith(".test.ts")).map((file) => file.split(/[\\/]/)[0] ?? "");
  return [...new Set(names)].filter(wanted).sort().map((name) => `./test/${name}`);
}

function run({ program, args }: Step, quick: boolean): Promise<Outcome> {
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: "1", ...(quick ? {} : { REQUIRE_BINARY: "1" }) };
    const child = spawn(program, args, {
      cwd: ROOT,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: STEP_MS_MAX,
      killSignal: "SIGKILL",
    });
    const chunks: Uint8Array[] = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.stderr.on("data", (chunk) => chunks.push(chunk));
    child.on(
      "error",
      (error) => resolve({ status: null, output: `Cannot start ${program}: ${error.message}` }),
    );
    child.on("close", (status, signal) => {
      const output = Buffer.concat(chunks).toString();
      resolve({ status, output: signal === null ? output : `${output}\nEnded by ${signal}` });
    });
  });
}

/** What a runner reports of its tests. @throws {Error} when there is no report, as after a crash. */
async function countTests(report: string): Promise<Count> {
  const xml = await readFile(report, "utf8");
  const root = /<testsuites\b[^>]*>/.exec(xml)?.[0] ?? "";
  const number = (name: string): number => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(root)?.[1] ?? 0);
  const failed = number("failures") + number("errors");
  const skipped = xml.split("<skipped").length - 1;
  return { passed: number("tests") - failed - skipped, failed, skipped };
}

/** The result of a step in tests. A step that failed without a failed test counts as one failure. */
async function judge({ report }: Step, { status }: Outcome): Promise<Count> {
  const crashed = { passed: 0, failed: 1, skipped: 0 };
  if (report === undefined) return status === 0 ? { passed: 0, failed: 0, skipped: 0 } : crashed;
  const count = await countTests(report).catch(() => crashed);
  const green = status === 0 && count.passed > 0;
  return { ...count, failed: Math.max(count.failed, green ? 0 : 1) };
}

/** Runs one step and prints how it went. */
async function checked(step: Step, quick: boolean): Promise<Count> {
  const start = performance.now();
  const outcome = await run(step, quick);
  const count = await judge(step, outcome);
  const tests = step.report === undefined
    ? ""
    : `${count.passed} passed, ${count.failed} failed${
      count.skipped > 0 ? `, ${count.skipped} skipped` : ""
    }, `;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${step.name} … ${count.failed === 0 ? "ok" : "FAILED"} (${tests}${seconds} s)`);
  if (count.failed > 0) console.log(`${outcome.output.trimEnd()}\n`);
  return count;
}

async function main(quick: boolean): Promise<number> {
  const reports = await mkdtemp(join(tmpdir(), "clawhammer-check-"));
  const counts: Count[] = [];
  try {
    const all = await steps(reports, quick);
    for (const step of all) if (step.report === undefined) counts.push(await checked(step, quick));
    // The tests wait for processes and timers half of their time, so both runtimes run them at once.
    const tests = all.filter((step) => step.report !== undefined);
    counts.push(...await Promise.all(tests.map((step) => checked(step, quick))));
  } finally {
    await rm(reports, { recursive: true, force: true });
  }
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.includes("--quick"));
