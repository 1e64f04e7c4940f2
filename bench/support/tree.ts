/**
 * A tree of source-like files whose contents depend on nothing but its size, so that every run searches the
 * same.
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Files of one folder: two levels of folders above make the tree as deep and as wide as those of real
 * projects.
 */
const FILES_A_FOLDER = 20;
const FOLDERS_A_FOLDER = 25;

const WORDS = (
  "account address archive balance buffer cache channel client column config contract cursor customer " +
  "delta document domain element entry event factory field filter folder gateway handler header history " +
  "index invoice item journal kernel label ledger letter limit margin matrix member message method " +
  "module number object offset option order packet parser payment person pointer policy portal profile " +
  "project queue record region report request result return schema section segment server session " +
  "signal source status stream string symbol table target thread token transfer tunnel update value " +
  "vector vendor version volume widget window worker yield zone"
).split(" ");

const EXTENSIONS = ["ts", "ts", "ts", "js", "py", "md", "json", "txt"];

/** What the tree is known to hold, so that the benchmark can check what it measures. */
export interface Tree {
  readonly files: number;
  readonly bytes: number;
}

/** Fills a folder with `files` files in folders of twenty, 2 to 6 kB most of them, every 200th one 250 kB. */
export async function fillTree(folder: string, files: number): Promise<Tree> {
  const random = generator(20_261_122);
  let bytes = 0;
  for (let first = 0, number = 0; first < files; first += FILES_A_FOLDER, number++) {
    const below = join(folder, `part-${Math.floor(number / FOLDERS_A_FOLDER)}`, `${pick(random)}-${number}`);
    await mkdir(below, { recursive: true });
    const names = Array.from({ length: Math.min(FILES_A_FOLDER, files - first) }, (_, i) => first + i);
    await Promise.all(names.map((file) => {
      const content = contentOf(file, random);
      bytes += content.length;
      return writeFile(
        join(below, `${pick(random)}_${file}.${EXTENSIONS[file % EXTENSIONS.length]}`),
        content,
      );
    }));
  }
  return { files, bytes };
}

/**
 * Lines of code-like words; `needle_in_haystack` once in every 5,000th file, `TODO(rare)` once in every 50th.
 */
function contentOf(file: number, random: () => number): string {
  const lines = file % 200 === 199 ? 5_000 : 40 + random() % 80;
  const content = Array.from({ length: lines }, (_, line) => {
    const indent = "  ".repeat(line % 4);
    return `${indent}const ${pick(random)}${line} = ${pick(random)}.${pick(random)}(${random() % 1000}, "${
      pick(random)
    }");`;
  });
  if (file % 5_000 === 17) content.push("// needle_in_haystack: the only one in thousands of files");
  if (file % 50 === 3) content.push(`// TODO(rare): look at the ${pick(random)} again`);
  return `${content.join("\n")}\n`;
}

function pick(random: () => number): string {
  return WORDS[random() % WORDS.length] ?? "";
}

/** A multiplicative generator of pseudo-random whole numbers (Park and Miller, "minimal standard"). */
function generator(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647);
}
