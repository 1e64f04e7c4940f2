// deno-lint-ignore-file no-console -- it speaks to a person
/**
 * A PDF of 500 pages and a workbook of 100,000 rows: how long it takes until `clawhammer call read_file` has
 * answered, and the memory of its largest process, against tools that only convert: `pdftotext` (poppler),
 * `xlsx2csv` and Python's openpyxl, as far as they are installed.
 * @module
 */
import { Buffer } from "node:buffer";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../scripts/runtimes.mjs";
import { xlsx } from "../test/rig/office.ts";
import { column, pdf } from "../test/rig/pdf.ts";
import { machine, median, number, table } from "./support/report.ts";

const PAGES = 500;
const ROWS = 100_000;
const COLUMNS = 10;
/** Runs of everything, in turns, so that a busy moment of the machine hits all alike. */
const ROUNDS = 5;
/** Milliseconds between two looks at the memory. */
const LOOK_MS = 10;

const WORDS = "the quick brown fox jumps over the lazy dog while garden plots need water every morning".split(
  " ",
);

function makePdf(): Buffer {
  let seed = 1;
  const word = () => WORDS[(seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) % WORDS.length] ?? "";
  const line = () => Array.from({ length: 14 }, word).join(" ");
  return pdf(Array.from({ length: PAGES }, (_, page) => [
    { x: 72, y: 790, text: `Chapter ${page + 1}`, size: 18 },
    ...column(Array.from({ length: 45 }, line)),
  ]));
}

function makeWorkbook(): Buffer {
  const cell = (row: number, index: number) => {
    const address = `${"ABCDEFGHIJ"[index]}${row}`;
    if (index % 3 === 0) return `<c r="${address}" t="s"><v>${(row * 7 + index) % 50_000}</v></c>`;
    if (index === 4) return `<c r="${address}" s="1"><v>${40_000 + row % 5_000}</v></c>`;
    return `<c r="${address}"><v>${row * index / 4}</v></c>`;
  };
  const rows = Array.from({ length: ROWS }, (_, row) => {
    const cells = Array.from({ length: COLUMNS }, (_, index) => cell(row + 1, index));
    return `<row r="${row + 1}">${cells.join("")}</row>`;
  });
  const strings = Array.from({ length: 50_000 }, (_, index) => `Customer number ${index}`);
  return xlsx([{ name: "Data", rows: rows.join("") }], strings);
}

/** Something that reads a document. */
interface Reader {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What is done before each run. */
  readonly before?: () => Promise<void>;
}

/** One run: milliseconds, and megabytes of the largest process of its tree. */
async function run({ command, args, before }: Reader, home: string): Promise<[ms: number, mb: number]> {
  await before?.();
  const start = performance.now();
  const child = spawn(command, args, {
    env: { HOME: home, PATH: process.env.PATH ?? "" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  child.stdout.resume();
  let most = 0;
  const timer = setInterval(() => most = Math.max(most, largest(child.pid ?? 0)), LOOK_MS);
  const [status] = await once(child, "close");
  clearInterval(timer);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
  return [performance.now() - start, most];
}

/** The highest resident memory (VmHWM, proc(5)) of a process and its children, in megabytes. */
function largest(pid: number): number {
  const family = new Set([pid]);
  let most = 0;
  for (
    const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)).sort((a, b) =>
      Number(a) - Number(b)
    )
  ) {
    try {
      const status = readFileSync(`/proc/${name}/status`, "latin1");
      const parent = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]);
      if (!family.has(Number(name)) && !family.has(parent)) continue;
      family.add(Number(name));
      most = Math.max(most, Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0) * 1_024 / 1e6);
    } catch {
      // It has ended meanwhile.
    }
  }
  return most;
}

function isInstalled(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

const OPENPYXL = "import openpyxl,sys\nfor row in openpyxl.load_workbook(sys.argv[1],read_only=True).active" +
  '.iter_rows(values_only=True): print("\\t".join(map(str,row)))';

async function compare(title: string, readers: readonly Reader[], home: string): Promise<void> {
  const results = readers.map(() => ({ ms: [] as number[], mb: [] as number[] }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, reader] of readers.entries()) {
      const [ms, mb] = await run(reader, home);
      results[index]?.ms.push(ms);
      results[index]?.mb.push(mb);
    }
  }
  const rows = readers.map(({ name }, index) => [
    name,
    number(median(results[index]?.ms ?? [])),
    number(median(results[index]?.mb ?? [])),
  ]);
  console.log(`\n${table([title, "ms", "largest process MB"], rows)}`);
}

const folder = await mkdtemp(join(tmpdir(), "clawhammer-bench-"));
try {
  const book = join(folder, "book.pdf");
  const rows = join(folder, "rows.xlsx");
  await writeFile(book, makePdf());
  await writeFile(rows, makeWorkbook());
  const binary = join(ROOT, "dist/clawhammer");
  const forget = () => rm(join(folder, ".cache"), { recursive: true, force: true });
  const ours = (name: string, path: string, more: readonly string[] = [], before = forget): Reader => ({
    name,
    command: binary,
    args: ["call", "read_file", `path=${path}`, ...more, "--allow", folder],
    before,
  });
  const kept = () => Promise.resolve();
  console.log(`${machine()}\nMedians of ${ROUNDS} runs, the start of the program included.`);
  await compare(`PDF, ${PAGES} pages`, [
    ours("clawhammer, all pages", book),
    ours("clawhammer, more lines of it", book, ["offset=9000"], kept),
    ours("clawhammer, page 400", book, ["pages=400"]),
    ours("clawhammer, page 400 as an image", book, ["pages=400", "as=images"]),
    ...(isInstalled("pdftotext", "-v")
      ? [{ name: "pdftotext -layout", command: "pdftotext", args: ["-layout", book, "-"] }]
      : []),
  ], folder);
  await compare(`workbook, ${ROWS.toLocaleString("en-US")} rows of ${COLUMNS} cells`, [
    ours("clawhammer, all rows", rows),
    ours("clawhammer, more lines of it", rows, ["offset=90000"], kept),
    ours("clawhammer, a range at its end", rows, ["pages=Data!A99990:D99999"]),
    ...(isInstalled("xlsx2csv", "--version")
      ? [{ name: "xlsx2csv", command: "xlsx2csv", args: [rows] }]
      : []),
    ...(isInstalled("/usr/bin/python3", "-c", "import openpyxl")
      ? [{ name: "openpyxl, read_only", command: "/usr/bin/python3", args: ["-c", OPENPYXL, rows] }]
      : []),
  ], folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}
